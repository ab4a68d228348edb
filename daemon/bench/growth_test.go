//go:build bench && linux

package bench

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// growthRow is a part of the table of TestGrowth, which can be run alone.
type growthRow struct {
	name   string
	title  string
	run    func(*growth)
	beside bool // it needs little of the machine, and runs beside its neighbours that say so too
}

// growthRows has all rows in the order of the table.
var growthRows = []growthRow{
	{name: "plain", title: "idle mailboxes, plain", beside: true, run: func(g *growth) {
		g.idle(g.mailboxes, Line{}, idleGoals{daemon: 3, database: 1, memory: 96})
	}},
	{name: "tls", title: "idle mailboxes, TLS", beside: true, run: func(g *growth) {
		g.idle(g.mailboxes, Line{TLS: true}, idleGoals{daemon: 5, database: 1, memory: 96})
	}},
	{name: "far", title: "idle mailboxes, TLS, 200 ms round trip", beside: true, run: func(g *growth) {
		g.idle(g.mailboxes, Line{TLS: true, RoundTrip: 200 * time.Millisecond}, idleGoals{memory: 96})
	}},
	{name: "many", title: "many idle mailboxes, plain", run: func(g *growth) {
		g.idle(g.many, Line{}, idleGoals{sum: 25, memory: 256})
	}},
	{name: "burst", title: "one mail each within the same second", run: (*growth).burst},
	{name: "backlog", title: "a backlog in one mailbox beside others", run: (*growth).backlog},
	{name: "takeover", title: "one of two daemons is killed", run: (*growth).takeOver},
	{name: "once", title: "once on an empty mailbox", run: (*growth).once},
	{name: "records", title: "throughput with many receipts and requests", run: (*growth).records},
	{name: "page", title: "the page with many receipts and requests", run: (*growth).page},
}

// growth is one row that is being measured.
type growth struct {
	*testing.T
	row                                               growthRow
	mailboxes, many, backlogMails, receipts, requests int
	schedule                                          time.Duration

	figures []figure
}

// figure is one line of the table.
type figure struct {
	what, goal, measured string
	met                  bool
	without              bool // the figure has no goal
}

// TestGrowth measures what the daemon needs as mailboxes and records grow, and prints a table of goals and figures. It
// fails when a row cannot be measured or breaks the promise, not when a goal is missed.
//
// GROWTH_ROWS (names, default all) selects the rows. Less work, for a quick look: GROWTH_MAILBOXES (1000), GROWTH_MANY
// (5000), GROWTH_SCHEDULE (60s), GROWTH_BACKLOG (20000 mails), GROWTH_RECEIPTS (10000000), GROWTH_REQUESTS (1000000).
func TestGrowth(t *testing.T) {
	chosen := strings.Fields(os.Getenv("GROWTH_ROWS"))
	rows := slices.DeleteFunc(slices.Clone(growthRows), func(r growthRow) bool {
		return len(chosen) > 0 && !slices.Contains(chosen, r.name)
	})
	var all []figure
	began := time.Now()
	for len(rows) > 0 {
		n := 1
		for rows[0].beside && n < len(rows) && rows[n].beside {
			n++
		}
		all = append(all, runTogether(t, rows[:n])...)
		rows = rows[n:]
	}
	printFigures(os.Stdout, all)
	fmt.Printf("The run took %.0f s.\n", time.Since(began).Seconds())
}

// runTogether runs rows at the same time, as far as the flag -parallel lets them, and returns their figures in order.
func runTogether(t *testing.T, rows []growthRow) (all []figure) {
	var measured []*growth
	t.Run("rows", func(t *testing.T) {
		for _, row := range rows {
			g := newGrowth(t, row)
			measured = append(measured, g)
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				g.T = t
				started := time.Now()
				row.run(g)
				fmt.Printf("%s took %.0f s\n", row.name, time.Since(started).Seconds())
			})
		}
	})
	for _, g := range measured {
		if g.Failed() {
			g.figures = append(g.figures, figure{what: g.row.title, goal: "to be measured", measured: "failed, see the output"})
		}
		all = append(all, g.figures...)
	}
	return all
}

// newGrowth returns a row with its sizes.
func newGrowth(t *testing.T, row growthRow) *growth {
	t.Helper()
	schedule, err := time.ParseDuration(cmp.Or(os.Getenv("GROWTH_SCHEDULE"), "60s"))
	if err != nil {
		t.Fatal(err)
	}
	return &growth{
		T: t, row: row, schedule: schedule,
		mailboxes: number(t, "GROWTH_MAILBOXES", 1000), many: number(t, "GROWTH_MANY", 5000),
		backlogMails: number(t, "GROWTH_BACKLOG", 20_000),
		receipts:     number(t, "GROWTH_RECEIPTS", 10_000_000), requests: number(t, "GROWTH_REQUESTS", 1_000_000),
	}
}

// number returns the number in an environment variable.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise)))
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number", variable, os.Getenv(variable))
	}
	return n
}

// printFigures prints the table.
func printFigures(w io.Writer, all []figure) {
	fmt.Fprintln(w, "\n| what | goal | measured | met |\n|---|---|---|---|")
	for _, f := range all {
		met := "**no**"
		switch {
		case f.without:
			met = "–"
		case f.met:
			met = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", f.what, f.goal, f.measured, met)
	}
	fmt.Fprintln(w)
}

// add adds a figure with a goal.
func (g *growth) add(met bool, what, goal, measured string, a ...any) {
	f := figure{what: what, goal: goal, measured: fmt.Sprintf(measured, a...), met: met}
	g.figures = append(g.figures, f)
	g.Logf("%s: %s (%s, met: %v)", f.what, f.measured, f.goal, f.met)
}

// tell adds a figure without a goal.
func (g *growth) tell(what, measured string, a ...any) {
	g.add(true, what, "–", measured, a...)
	g.figures[len(g.figures)-1].without = true
}

// thousands returns a number with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percentile returns the value below which that share of the durations lies.
func percentile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
