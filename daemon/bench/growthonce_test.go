//go:build bench && linux

package bench

import (
	"slices"
	"time"
)

// once measures the verb once on an empty mailbox, as a scheduled task runs it each minute.
func (g *growth) once() {
	const rounds = 20
	l, in := startLoad(g.T), install(g.T)
	file := in.configureDaemon(l, "daemon", l.listen(Line{}), Line{}, g.schedule, users(1))
	environment := []string{"MAILINTEGRATION_CONFIG=" + file}
	measure(g.T, environment, in.binary, "once") // it makes the directories and the mailbox's row
	var walls, processor []time.Duration
	var opened []int
	before := treeCPU(in.server.PID())
	for range rounds {
		connections := in.settled(l)
		u, _ := measure(g.T, environment, in.binary, "once")
		walls, processor = append(walls, u.Wall), append(processor, u.CPU)
		opened = append(opened, in.settled(l)-connections)
	}
	database := (treeCPU(in.server.PID()) - before) / rounds
	median := percentile(walls, 0.5)
	g.add(median <= 80*time.Millisecond && slices.Max(opened) <= 1, "once on an empty mailbox: seconds, connections", "≤ 0.08 s, 1",
		"%.3f s (%.3f–%.3f), %d", median.Seconds(), slices.Min(walls).Seconds(), slices.Max(walls).Seconds(), slices.Max(opened))
	g.tell("the same: processor of once + PostgreSQL", "%.0f ms + %.0f ms", milliseconds(percentile(processor, 0.5)), milliseconds(database))

}

// settled waits until PostgreSQL has no connection but the benchmark's, which counts those that were opened, and returns
// their number.
func (in *installed) settled(l *load) int {
	l.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for in.backends() > 0 {
		<-tick.C
	}
	return in.opened(l)
}
