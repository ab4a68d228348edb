package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
)

type onceCmd struct {
	Mailbox []string `arg:"" optional:"" help:"Names of mailboxes; by default all that are enabled."`
	JSON    bool     `help:"Print JSON: an object for each mailbox."`
}

// Run polls each mailbox once and prints what became of its messages.
func (c *onceCmd) Run(e *env) error {
	in, err := openWithoutStore(e, logWarnings, e.read)
	if err != nil {
		return err
	}
	defer in.close()
	for _, w := range in.warnings {
		fmt.Fprintln(e.stderr, "warning:", w)
	}
	names, err := in.enabled(c.Mailbox)
	if err != nil {
		return err
	}
	if in.store, err = in.openStore(e.ctx); err != nil {
		return err
	}
	d, err := in.daemon(nil)
	if err != nil {
		return err
	}
	reports, err := d.Once(e.ctx, names...)
	if err != nil {
		return err
	}
	if err := c.print(e, reports); err != nil {
		return err
	}
	if err := verdict(reports); err != nil {
		return err
	}
	return asError(in.broken)
}

// print prints the reports: a line for each, or JSON.
func (c *onceCmd) print(e *env, reports []daemon.Report) error {
	if !c.JSON {
		for _, r := range reports {
			fmt.Fprintln(e.stdout, line(r))
		}
		return nil
	}
	all := []pollReport{}
	for _, r := range reports {
		all = append(all, pollReportOf(r))
	}
	return e.printJSON(all)
}

// pollReport is the report of one poll for programs. The numbers of messages add up to Listed.
type pollReport struct {
	Mailbox  string `json:"mailbox"`
	Polled   bool   `json:"polled"`
	Why      string `json:"why,omitempty"` // why it was not polled
	Listed   int    `json:"listed"`
	Opened   int    `json:"opened"`
	Added    int    `json:"added"`
	Refused  int    `json:"refused"`
	Ignored  int    `json:"ignored"`
	SetAside int    `json:"set_aside"`
	Known    int    `json:"known"`
	TooLarge int    `json:"too_large"`
	Failed   int    `json:"failed"`
	Deferred int    `json:"deferred"`
	Octets   int64  `json:"octets"`
	Error    string `json:"error,omitempty"`
	Advice   string `json:"advice,omitempty"`
}

// pollReportOf returns a report for programs.
func pollReportOf(r daemon.Report) pollReport {
	p := pollReport{
		Mailbox: r.Mailbox, Polled: !r.Skipped, Listed: r.Listed, Opened: r.Opened, Added: r.Added, Refused: r.Refused, Ignored: r.Ignored,
		SetAside: r.SetAside, Known: r.Known, TooLarge: r.Oversize, Failed: r.Failed, Deferred: r.Deferred, Octets: r.Octets,
	}
	if r.Skipped {
		p.Why = whySkipped(r)
	}
	if r.Err != nil {
		p.Error, p.Advice = oneLine(r.Err.Error()), oneLine(daemon.Hint(r.Err))
	}
	return p
}

// enabled returns the configured names of mailboxes that a person has named.
func (in *installation) enabled(named []string) ([]string, error) {
	var names []string
	for _, name := range named {
		m, err := mailboxNamed(in.service, nil, name)
		if err != nil {
			return nil, err
		}
		if !m.Enabled {
			return nil, notEnabled(m)
		}
		names = append(names, m.Name)
	}
	return names, nil
}

// notEnabled returns the error about a mailbox that must not be polled.
func notEnabled(m *config.Mailbox) error {
	return &failure{code: exitUsage, err: fmt.Errorf("mailbox %s is not enabled", m.Name), hint: "set Enabled to True in " + m.File}
}

// line returns the line that sums up the poll of one mailbox. Its numbers add up: what was listed is the sum of the rest.
func line(r daemon.Report) string {
	if r.Skipped {
		return r.Mailbox + ": not polled: " + whySkipped(r)
	}
	s := fmt.Sprintf("%s: %d listed: %d opened, %d added, %d refused, %d ignored, %d set aside, %d known, %d too large, "+
		"%d failed, %d left for the next poll",
		r.Mailbox, r.Listed, r.Opened, r.Added, r.Refused, r.Ignored, r.SetAside, r.Known, r.Oversize, r.Failed, r.Deferred)
	if r.Err != nil {
		s += ": " + oneLine(r.Err.Error())
		if hint := daemon.Hint(r.Err); hint != "" {
			s += "\n  hint: " + oneLine(hint)
		}
	}
	return s
}

// whySkipped returns why a mailbox was not polled, and when it will be.
func whySkipped(r daemon.Report) string {
	at := ""
	if !r.NextPoll.IsZero() {
		at = " at " + r.NextPoll.Local().Format(time.TimeOnly)
	}
	if r.Holder.Host == "" {
		return "the server wants more time between log-ins; the next one is allowed" + cmp.Or(at, " later")
	}
	why := fmt.Sprintf("the daemon on %s (process %d) polls it", r.Holder.Host, r.Holder.Process)
	if at != "" {
		why += ", next" + at
	}
	return why
}

// verdict returns the error that decides the exit code; the lines of the reports have said what happened.
func verdict(reports []daemon.Report) error {
	worst := 0
	for _, r := range reports {
		var problem *daemon.ProblemError
		switch {
		case errors.As(r.Err, &problem):
			worst = max(worst, exitConfiguration)
		case isUnreachable(r.Err):
			worst = max(worst, exitUnreachable)
		case r.Err != nil, r.Failed > 0:
			worst = max(worst, exitFailed)
		}
	}
	if worst == 0 {
		return nil
	}
	return &failure{code: worst, err: errors.New("some mailboxes were not fully polled"), hint: "see the lines above"}
}

// isUnreachable reports whether err is about reaching the mailbox or logging in to it, not about its messages or this
// machine's disk.
func isUnreachable(err error) bool {
	return errors.As(err, new(*mailbox.Error)) && !errors.Is(err, mailbox.ErrSpool) && !errors.Is(err, mailbox.ErrTooLarge)
}
