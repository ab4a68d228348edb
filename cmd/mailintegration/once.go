package main

import (
	"errors"
	"fmt"

	"mailintegration/daemon"
	"mailintegration/mailbox"
)

type onceCmd struct {
	Mailbox []string `arg:"" optional:"" help:"Names of mailboxes; all that are enabled when none is given."`
}

// Run polls each mailbox once and prints what became of its messages.
func (c *onceCmd) Run(e *env) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	for _, w := range in.warnings {
		fmt.Fprintln(e.stderr, "warning:", w)
	}
	d, err := in.daemon(nil)
	if err != nil {
		return err
	}
	reports, err := d.Once(e.ctx, c.Mailbox...)
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "mailintegration check lists the mailboxes"}
	}
	for _, r := range reports {
		fmt.Fprintln(e.stdout, line(r))
	}
	if err := verdict(reports); err != nil {
		return err
	}
	return in.complaint()
}

// line sums up the poll of one mailbox.
func line(r daemon.Report) string {
	if r.Skipped {
		return r.Mailbox + ": another daemon polls it just now"
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

// verdict turns the reports into the error that the exit code is made of; what happened was printed before.
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
	return &failure{code: worst, err: errors.New("some mailboxes were not fully polled"), hint: "see above"}
}

// isUnreachable reports whether err is about getting to the mailbox and into it, rather than about its messages or this
// machine's disk.
func isUnreachable(err error) bool {
	return errors.As(err, new(*mailbox.Error)) && !errors.Is(err, mailbox.ErrSpool) && !errors.Is(err, mailbox.ErrTooLarge)
}
