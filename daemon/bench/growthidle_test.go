//go:build bench && linux

package bench

import (
	"fmt"
	"time"
)

// idleGoals are the upper bounds of a row of idle mailboxes, 0 for none.
type idleGoals struct {
	daemon, database, sum float64 // percent of a core
	memory                int64   // MiB
}

// The bounds of every row of idle mailboxes.
const (
	maxConnections = 12
	minPunctual    = 0.999 // the share of polls that begin in time
	punctuality    = 2 * time.Second
)

// fleet is a daemon with its mailboxes, their server and PostgreSQL.
type fleet struct {
	*load
	*installed
	users    []string
	daemon   *running
	watching *watch
}

// start starts a daemon for n mailboxes.
func (g *growth) start(n int, line Line) *fleet {
	g.Helper()
	f := &fleet{load: startLoad(g.T), installed: install(g.T), users: users(n)}
	file := f.configureDaemon(f.load, "daemon", f.listen(line), line, g.schedule, f.users)
	f.watching = f.startWatch()
	f.daemon = f.run(f.load, file)
	return f
}

// awaitRound waits until each mailbox was polled once, and returns how many were within three times the schedule.
func (g *growth) awaitRound(f *fleet) int {
	g.Helper()
	began := time.Now()
	f.await(3*g.schedule, func(t Totals) bool { return t.Users == len(f.users) })
	polled := f.totals().Users
	g.Logf("%d of %d mailboxes were polled within %.1f s of the start", polled, len(f.users), time.Since(began).Seconds())
	return polled
}

// idle measures a daemon whose mailboxes are empty, for one schedule after the first two: until then, polls come closer
// together, on their way to their places in the schedule.
func (g *growth) idle(n int, line Line, goals idleGoals) {
	f, started := g.start(n, line), time.Now()
	polled := g.awaitRound(f)
	<-time.After(time.Until(started.Add(2 * g.schedule)))
	before := f.totals()
	w := f.measure(f.load, f.daemon, g.schedule+2*punctuality)
	after := f.totals()
	failed := f.daemon.failedPolls()
	f.daemon.stop()
	most := f.watching.peak()
	if trouble := f.daemon.trouble(); trouble != "" {
		g.Log(trouble)
	}

	what := fmt.Sprintf("%s idle mailboxes at %v", thousands(n), g.schedule)
	if line.TLS {
		what += ", TLS"
	}
	if line.RoundTrip > 0 {
		what += fmt.Sprintf(", round trip %v", line.RoundTrip)
	}
	cost := (w.Daemon + w.PostgreSQL) / 100 * float64(w.To.Sub(w.From)) / float64(max(1, after.Sessions-before.Sessions))
	each := fmt.Sprintf("%.1f %% + %.1f %%, %.1f ms a poll", w.Daemon, w.PostgreSQL, cost/float64(time.Millisecond))
	if goals.sum > 0 {
		g.add(w.Daemon+w.PostgreSQL <= goals.sum, what+": processor", fmt.Sprintf("≤ %g %% of a core", goals.sum), "%s", each)
	} else if goals.daemon > 0 {
		g.add(w.Daemon <= goals.daemon && w.PostgreSQL <= goals.database, what+": daemon + PostgreSQL",
			fmt.Sprintf("≤ %g %% + ≤ %g %% of a core", goals.daemon, goals.database), "%s", each)
	} else {
		g.tell(what+": daemon + PostgreSQL", "%s", each)
	}
	if line.TLS {
		g.tell(what+": resumed TLS sessions", "%s of %s connections",
			thousands(after.Resumed-before.Resumed), thousands(after.Connections-before.Connections))
	}
	memory := float64(w.MaxRSS) / (1 << 20)
	g.add(memory <= float64(goals.memory) && most <= maxConnections, what+": peak memory, connections",
		fmt.Sprintf("≤ %d MiB, ≤ %d", goals.memory, maxConnections), "%.0f MiB, %d at once, %d opened in the window", memory, most, w.Opened)
	intime, all := punctual(f.logins(), f.users, w.From, w.To, g.schedule+punctuality)
	g.add(float64(intime) >= minPunctual*float64(all) && failed == 0 && polled == n, what+": polls within schedule + 2 s",
		"≥ 99.9 %, none failed", "%.2f %% of %s, %d failed since the start", 100*float64(intime)/float64(max(1, all)), thousands(all), failed)
}

// punctual counts the polls that were due between two times, and those of them that began at most limit after the poll
// before. A poll that has not begun until the end counts once it is late. Each mailbox was polled before from.
func punctual(logins map[string][]Login, users []string, from, to time.Time, limit time.Duration) (intime, all int) {
	for _, user := range users {
		var last time.Time
		for _, l := range logins[user] {
			if l.At.After(to) {
				break
			}
			if !last.IsZero() && l.At.After(from) {
				all++
				if l.At.Sub(last) <= limit {
					intime++
				}
			}
			last = l.At
		}
		if to.Sub(last) > limit {
			all++ // no poll, or a late one that is still to come
		}
	}
	return intime, all
}
