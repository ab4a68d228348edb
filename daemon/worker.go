package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// worker polls one mailbox, one poll at a time: RFC 1939 locks a maildrop, so more would be useless.
type worker struct {
	daemon      *Daemon
	mailbox     Mailbox
	log         events
	parse       parser
	acquireSlot func(context.Context) (release func(), err error) // waits for a place among the sessions that run at once

	progress      *progress
	failures      int  // polls that failed in a row
	permanent     bool // whether the last failure needs a person
	lastSucceeded bool // whether the last poll went well
}

func newWorker(d *Daemon, m Mailbox) *worker {
	return &worker{
		daemon: d, mailbox: m, parse: processor.Parse, acquireSlot: d.acquireSlot, progress: newProgress(),
		log: events{d.opts.Logger.Named("poll").With(zap.String("mailbox", m.Name))},
	}
}

// run polls at the mailbox's schedule until ctx is cancelled, whatever panics.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.logPanic(func() { w.pollOnSchedule(ctx) })
		timer := time.NewTimer(afterPanic)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// afterPanic keeps a panic that comes again from filling the log.
const afterPanic = time.Minute

// logPanic calls f and logs a panic: it is one run's, never the daemon's.
func (w *worker) logPanic(f func()) {
	defer func() {
		if r := recover(); r != nil {
			w.log.pollPanicked(r, debug.Stack())
		}
	}()
	f()
}

// follow polls at the mailbox's schedule until ctx is cancelled. A poll that takes longer than the schedule's
// interval is followed by the next time that is still to come: polls never overlap.
func (w *worker) pollOnSchedule(ctx context.Context) {
	next := firstPoll(w.mailbox.Schedule, w.mailbox.Name, w.daemon.opts.Now())
	for ; ; next = nextPoll(w.mailbox.Schedule, w.mailbox.Name, w.daemon.opts.Now(), w.failures, w.permanent) {
		now := w.daemon.opts.Now()
		next = w.progress.noSooner(next)
		if w.failures > 0 {
			w.log.pollPostponed(w.failures, next)
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-timer.C:
			w.note(w.poll(ctx))
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// note remembers how a poll went for the time of the next one.
func (w *worker) note(r Report) {
	switch {
	case r.Err == nil:
		if !w.lastSucceeded && !r.Skipped {
			w.log.mailboxWorks()
			w.lastSucceeded = true
		}
		w.failures, w.permanent = 0, false
	case errors.Is(r.Err, context.Canceled):
	case isLasting(r.Err):
		w.lastSucceeded = false
	default:
		w.lastSucceeded = false
		w.failures++
		w.permanent = needsPerson(r.Err)
	}
}

// isLasting reports whether a poll failed as those before it did, on messages that others need not wait for.
func isLasting(err error) bool {
	var lasting *lastingError
	return errors.As(err, &lasting)
}

// poll polls the mailbox once and logs how it went. It never panics.
func (w *worker) poll(ctx context.Context) (report Report) {
	report.Mailbox = w.mailbox.Name
	defer func() {
		if r := recover(); r != nil {
			report.Err = fmt.Errorf("poll %s: panic: %v", w.mailbox.Name, r)
			w.log.pollPanicked(r, debug.Stack())
		}
	}()
	p := poll{
		opts: &w.daemon.opts, mailbox: &w.mailbox, log: w.log, parse: w.parse, report: &report,
		progress: w.progress, acquireSlot: w.acquireSlot,
	}
	started := w.daemon.opts.Now()
	report.Err = p.run(ctx)
	w.log.pollEnded(report, w.daemon.opts.Now().Sub(started))
	return report
}

// needsPerson tells whether waiting alone will not mend err: a person has to act.
func needsPerson(err error) bool {
	var names *store.UnresolvedError
	var problem *ProblemError
	return mailbox.IsPermanentForMailbox(err) || errors.Is(err, store.ErrConstraint) || errors.As(err, &names) || errors.As(err, &problem)
}

// ProblemError says that a mailbox cannot be polled as it is configured.
type ProblemError struct{ Err error }

func (e *ProblemError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *ProblemError) Unwrap() error { return e.Err }
