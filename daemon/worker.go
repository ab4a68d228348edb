package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"mailintegration/processor"
)

// worker polls one mailbox, one poll at a time: RFC 1939 locks a maildrop, so more would be useless.
type worker struct {
	daemon      *Daemon
	mailbox     Mailbox
	log         events
	parse       parser
	acquireSlot func(ctx context.Context, server string) (*slot, error) // of Daemon.sessionSlots; tests replace it

	progress      *progress
	failures      int  // polls that failed in a row
	permanent     bool // the last failure needs a person
	lastSucceeded bool // the last poll went well
}

func newWorker(d *Daemon, m Mailbox) *worker {
	return &worker{
		daemon: d, mailbox: m, parse: processor.Parse, acquireSlot: d.sessionSlots.acquire, progress: newProgress(),
		log: events{d.opts.Logger.Named("poll").With(zap.String("mailbox", m.Name))},
	}
}

// run polls on the mailbox's schedule until ctx is cancelled. A panic does not end it.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.logPanic(func() { w.pollOnSchedule(ctx) })
		_ = sleep(ctx, afterPanic) // the loop asks ctx
	}
}

// afterPanic keeps a panic that repeats from filling the log.
const afterPanic = time.Minute

// logPanic calls f and logs its panic.
func (w *worker) logPanic(f func()) {
	defer func() {
		if r := recover(); r != nil {
			w.log.pollPanicked(r, debug.Stack())
		}
	}()
	f()
}

// pollOnSchedule polls on the mailbox's schedule until ctx is cancelled. Polls never overlap: after a poll that takes
// longer than the schedule's interval, the worker waits for the next time that is still to come.
func (w *worker) pollOnSchedule(ctx context.Context) {
	times := timetable{w.mailbox.Schedule, w.mailbox.Name, len(w.daemon.workers)}
	next := times.first(w.daemon.opts.Now())
	for ; ; next = times.nextAfter(w.daemon.opts.Now(), w.failures, w.permanent) {
		now := w.daemon.opts.Now()
		next = w.progress.noSooner(next)
		if w.failures > 0 {
			w.log.pollPostponed(w.failures, next)
		}
		if sleep(ctx, next.Sub(now)) != nil {
			return
		}
		w.note(w.poll(ctx))
	}
}

// note remembers how a poll went, which decides when the next one is due.
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

// poll polls the mailbox once and logs how it went. A panic becomes the report's error.
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
		progress: w.progress, acquireSlot: w.acquireSlot, batchSlots: w.daemon.batchSlots,
	}
	started := w.daemon.opts.Now()
	report.Err = p.run(ctx)
	w.log.pollEnded(report, w.daemon.opts.Now().Sub(started))
	return report
}
