//go:build bench && linux

package bench

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// printTable prints a contest's results: medians, and the ratios within a round with their range.
func printTable(w io.Writer, c contest, results map[string][]run) {
	n := float64(c.messages)
	rate := func(r run) float64 { return n / r.Wall.Seconds() }
	fmt.Fprintf(w, "\n### %s (%d rounds)\n", c.title, len(results[ours]))
	fmt.Fprintln(w, "| | mails/s (least–most) | CPU ms a mail | PostgreSQL CPU ms a mail | peak memory MiB | our speed to it (least–most) |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, who := range []string{ours, mpop, raw} {
		rs := results[who]
		least, middle, most := spread(rs, rate)
		_, cpu, _ := spread(rs, func(r run) float64 { return milliseconds(r.CPU) / n })
		_, database, _ := spread(rs, func(r run) float64 { return milliseconds(r.PostgreSQL) / n })
		_, _, memory := spread(rs, func(r run) float64 { return float64(r.MaxRSS) / (1 << 20) })
		slowest, ours, fastest := ratio(results[ours], rs, rate)
		fmt.Fprintf(w, "| %s | %.1f (%.1f–%.1f) | %.2f | %.2f | %.0f | %.2f (%.2f–%.2f) |\n",
			who, middle, least, most, cpu, database, memory, ours, slowest, fastest)
	}
	fmt.Fprintf(w, "Wall seconds, round by round: ours %s, mpop %s, raw drain %s\n\n",
		walls(results[ours]), walls(results[mpop]), walls(results[raw]))
	printGoals(w, c, results)
}

// The limits in every contest.
const (
	maxMemory = 64 << 20 // octets, of ours
	maxCost   = 2.0      // processor time of ours and PostgreSQL, relative to mpop's
)

// printGoals prints which goals the median of the rounds reaches.
func printGoals(w io.Writer, c contest, results map[string][]run) {
	speed := func(r run) float64 { return 1 / r.Wall.Seconds() }
	cost := func(r run) float64 { return float64(r.CPU + r.PostgreSQL) }
	memory := func(r run) float64 { return float64(r.MaxRSS) }
	for _, g := range []struct {
		text   string
		goal   float64
		most   bool // the goal is an upper bound
		others []run
		figure func(run) float64
	}{
		{"our speed is ≥ %.1f × mpop's", c.toMpop, false, results[mpop], speed},
		{"our speed is ≥ %.1f × the raw drain's", c.toDrain, false, results[raw], speed},
		{"CPU of ours and PostgreSQL is ≤ %.1f × mpop's", maxCost, true, results[mpop], cost},
	} {
		if g.goal == 0 {
			continue
		}
		least, middle, most := ratio(results[ours], g.others, g.figure)
		fmt.Fprintf(w, "- %s: %.2f (%.2f–%.2f), %s\n", fmt.Sprintf(g.text, g.goal), middle, least, most, verdict(middle, g.goal, g.most))
	}
	_, _, peak := spread(results[ours], memory)
	fmt.Fprintf(w, "- peak memory is ≤ %d MiB: %.0f, %s\n", maxMemory>>20, peak/(1<<20), verdict(peak, maxMemory, true))
}

func verdict(figure, goal float64, most bool) string {
	if (figure <= goal) == most || figure == goal {
		return "reached"
	}
	return "missed"
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread returns the least, the middle and the greatest value of a figure.
func spread(rs []run, figure func(run) float64) (least, middle, most float64) {
	var all []float64
	for _, r := range rs {
		all = append(all, figure(r))
	}
	return ordered(all)
}

// ordered returns the least, the middle and the greatest of some numbers.
func ordered(all []float64) (least, middle, most float64) {
	slices.Sort(all)
	return all[0], (all[(len(all)-1)/2] + all[len(all)/2]) / 2, all[len(all)-1]
}

// ratio returns the ratios of a figure between two contestants, round by round.
func ratio(ones, others []run, figure func(run) float64) (least, middle, most float64) {
	var all []float64
	for i := range ones {
		all = append(all, figure(ones[i])/figure(others[i]))
	}
	return ordered(all)
}

// walls returns the seconds of each round as text.
func walls(rs []run) string {
	var s string
	for _, r := range rs {
		s += fmt.Sprintf(" %.2f", r.Wall.Seconds())
	}
	return s[1:]
}
