package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

type statusCmd struct{ output }

// startDaemon says how to start a daemon, with and without a service manager.
const startDaemon = "start it with mailintegration service start, or without a service with mailintegration run"

// shownProblems is how many problems status shows, so that it fits a screen.
const shownProblems = 10

// statusReport sums up an installation, as JSON for programs.
type statusReport struct {
	Version       string           `json:"version"` // of this program
	Configuration string           `json:"configuration"`
	Mistakes      []string         `json:"mistakes"` // in mailbox files
	Database      databaseReport   `json:"database"`
	Daemons       []daemonReport   `json:"daemons"`
	Listen        *listenReport    `json:"listen,omitempty"` // whether the daemon of this machine answers
	Mailboxes     map[state]int    `json:"mailboxes"`        // how many are in each state
	Backlog       int              `json:"backlog"`          // messages on the servers that are not recorded
	RecordedAt    *time.Time       `json:"recorded_at,omitempty"`
	Problems      []mailboxSummary `json:"problems"`      // the mailboxes that are not all right
	OpenProblems  []openProblem    `json:"open_problems"` // the troubles that a daemon has opened an event for, the oldest first
}

// databaseReport says whether the database answers.
type databaseReport struct {
	Name    string `json:"name"`
	Answers bool   `json:"answers"`
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// daemonReport describes one daemon.
type daemonReport struct {
	holderSummary
	StartedAt  time.Time `json:"started_at"`
	AliveUntil time.Time `json:"alive_until"`
	Alive      bool      `json:"alive"`
	Once       bool      `json:"once"` // it polls once and ends
	Mailboxes  int       `json:"mailboxes"`
}

// Run sums up the installation in a screen. Its exit code is 0 only when all is well.
func (c *statusCmd) Run(e *env) error {
	seen, err := observe(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, askingTime)
	defer cancel()
	seen.listen = askListen(ctx, seen.service)
	r := seen.report(e)
	if c.JSON {
		if err := e.printJSON(r); err != nil {
			return err
		}
	} else {
		seen.print(e, r)
	}
	return seen.verdict()
}

// report returns the sum of what was observed.
func (o *observation) report(e *env) statusReport {
	r := statusReport{
		Version: version, Configuration: e.config, Mistakes: []string{}, Daemons: []daemonReport{}, Problems: []mailboxSummary{},
		OpenProblems: append([]openProblem{}, o.problems...), Mailboxes: map[state]int{},
		Database: databaseReport{Name: databaseName(o.service), Answers: o.err == nil},
	}
	if o.err != nil {
		r.Database.Error, r.Database.Hint = o.err.Error(), hintOf(o.err)
	}
	r.Listen = o.listen
	for _, d := range o.daemons {
		r.Daemons = append(r.Daemons, daemonReport{
			holderSummary: holderSummary{d.Host, d.Process, d.Version}, StartedAt: d.StartedAt, AliveUntil: d.AliveUntil,
			Alive: d.AliveUntil.After(o.at), Once: d.Once, Mailboxes: d.Mailboxes,
		})
	}
	for _, m := range o.mailboxes {
		r.Mailboxes[m.State]++
		r.Mistakes = append(r.Mistakes, m.Mistakes...)
		if m.Backlog != nil {
			r.Backlog += *m.Backlog
		}
		if m.RecordedAt != nil && (r.RecordedAt == nil || m.RecordedAt.After(*r.RecordedAt)) {
			r.RecordedAt = m.RecordedAt
		}
		if m.State == stateBroken || m.State == stateFailing || m.State == stateNotPolled && o.err == nil {
			r.Problems = append(r.Problems, m)
		}
	}
	return r
}

// print prints the report for people.
func (o *observation) print(e *env, r statusReport) {
	line := func(what, text string) { printLine(e.stdout, "%-14s %s", what, text) }
	mistakes := "no mistakes"
	if n := len(r.Mistakes); n > 0 {
		mistakes = plural(n, "mistake") + " in mailbox files"
	}
	line("configuration", r.Configuration+", "+mistakes)
	if r.Database.Answers {
		line("database", r.Database.Name+", answers")
	} else {
		line("database", r.Database.Name+": "+oneLine(r.Database.Error))
		if r.Database.Hint != "" {
			line("", "hint: "+r.Database.Hint)
		}
	}
	if o.err == nil {
		o.printDaemons(line)
	}
	if r.Listen != nil {
		text, hint := r.Listen.line(len(o.alive()) > 0)
		line("listen", text)
		if hint != "" {
			line("", "hint: "+hint)
		}
	}
	line("mailboxes", o.states())
	if o.err == nil {
		recorded := "none was recorded yet"
		if r.RecordedAt != nil {
			recorded = "the last one was recorded " + ago(o.at, r.RecordedAt)
		}
		line("messages", fmt.Sprintf("%d not recorded yet; %s", r.Backlog, recorded))
	}
	for i, m := range r.Problems {
		if i == 0 {
			fmt.Fprintln(e.stdout)
		}
		if i == shownProblems {
			printLine(e.stdout, "… and %d more: mailintegration mailbox list", len(r.Problems)-i)
			break
		}
		printLine(e.stdout, "%s", m.problem(o.at))
	}
	for i, p := range r.OpenProblems {
		if i == 0 {
			fmt.Fprintln(e.stdout, "\nopen problems; mailintegration event show NUMBER says what to do:")
		}
		if i == shownProblems {
			printLine(e.stdout, "… and %d more: mailintegration status --json", len(r.OpenProblems)-i)
			break
		}
		printLine(e.stdout, "%s", p.line())
	}
}

// printDaemons prints a line for each daemon that is alive.
func (o *observation) printDaemons(line func(what, text string)) {
	alive := o.alive()
	if len(alive) == 0 {
		line("daemons", "none runs: "+startDaemon)
	}
	for i, d := range alive {
		what := "daemons"
		if i > 0 {
			what = ""
		}
		line(what, fmt.Sprintf("%s (process %d, version %s) polls %s, started %s", d.Host, d.Process, d.Version,
			plural(d.Mailboxes, "mailbox"), ago(o.at, &d.StartedAt)))
	}
}

// states returns how many mailboxes are in each state, in words.
func (o *observation) states() string {
	var parts []string
	for _, s := range []state{stateOK, stateNew, stateFailing, stateNotPolled, stateBroken, stateDisabled, stateUnknown} {
		if n := o.count(s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none is configured")
}

// problem returns the line that says what is wrong with a mailbox.
func (s mailboxSummary) problem(now time.Time) string {
	switch {
	case len(s.Mistakes) > 0:
		polled := ""
		if s.Holder != nil {
			polled = " (polled as before)"
		}
		more := ""
		if n := len(s.Mistakes) - 1; n > 0 {
			more = fmt.Sprintf(" … and %d more", n)
		}
		return s.Name + polled + ": " + s.Mistakes[0] + more
	case s.State == stateNotPolled:
		return s.Name + ": no daemon polls it; the last good poll: " + ago(now, s.SucceededAt)
	}
	return s.trouble(now)
}

// plural returns a number and a noun.
func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "x"):
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// verdict returns the error that decides the exit code, nil when all is well.
func (o *observation) verdict() error {
	switch {
	case o.err != nil:
		return &failure{code: exitFailed, err: errors.New("the database cannot be asked what the daemons do"), hint: hintOf(o.err)}
	case len(o.alive()) == 0 && len(o.mailboxes) > o.count(stateDisabled):
		return &failure{code: exitFailed, err: errors.New("no daemon runs"), hint: startDaemon}
	case o.count(stateNotPolled) > 0:
		return &failure{
			code: exitFailed, err: errors.New("some mailboxes are not polled"),
			hint: "look into the log of the daemons: do they have the same mailbox files?",
		}
	case o.broken != nil:
		return &failure{code: exitConfiguration, err: errors.New("some mailbox files have mistakes"), hint: "correct the files that are named above; a running daemon reads them again by itself"}
	case o.count(stateFailing) > 0:
		return &failure{code: exitUnreachable, err: errors.New("some mailboxes have problems"), hint: "run mailintegration check"}
	case len(o.problems) > 0:
		return &failure{
			code: exitFailed, err: fmt.Errorf("open problems: %d", len(o.problems)),
			hint: fmt.Sprintf("read what to do in their events: mailintegration event show %d", o.problems[0].Event),
		}
	case o.listen != nil && o.listen.err != nil:
		return &failure{code: exitFailed, err: o.listen.err, hint: o.listen.Hint}
	}
	return nil
}
