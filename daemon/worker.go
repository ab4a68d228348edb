package daemon

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"mailintegration/processor"
)

// worker polls one mailbox, one poll at a time: RFC 1939 locks a maildrop, so more would be useless. It polls only while
// this daemon holds the lease of the mailbox.
type worker struct {
	daemon      *Daemon
	log         events
	parse       parser
	acquireSlot func(ctx context.Context, server string) (*slot, error) // of Daemon.sessionSlots; tests replace it
	wake        chan struct{}                                           // has an element when something changed that the worker waits for

	progress *progress // of the poll under way only
	pulse    pulse     // see Daemon.Stuck

	mu      sync.Mutex // guards the fields below; whoever holds it waits for nothing
	mailbox *Mailbox   // of the next poll; never changed, only replaced
	retired bool       // the mailbox was removed: no poll begins any more
	forgets bool       // the next poll begins without progress: the account is another one
	lease   lease
	regains bool      // the lease was taken after the last poll had begun: another daemon may have polled the mailbox
	next    time.Time // when the next poll is due; zero when that has to be planned
	state   State     // without regard to lease and retired
	busy    bool      // a poll is under way
	began   time.Time // when the last poll began

	failures    int  // polls that failed in a row
	permanent   bool // the last failure needs a person
	err         error
	since       time.Time
	polledAt    time.Time
	succeededAt time.Time
	notBefore   time.Time     // when the server allows the next log-in (LOGIN-DELAY), zero when it does not say
	loginDelay  time.Duration // which the server asked for last, 0 when it did not
	backlog     int
	failure     error // of a message of the last poll
	last        Report
	totals      Totals

	certificateExpires time.Time // of the server, as the last session with the account has seen it; zero if unknown

	reportedPolls int // how many of totals.Polls a beat has reported
}

func newWorker(d *Daemon, m Mailbox) *worker {
	return &worker{
		daemon: d, mailbox: &m, parse: processor.Parse, acquireSlot: d.sessionSlots.acquire, progress: newProgress(),
		wake: make(chan struct{}, 1), state: Standby,
		log: events{d.options().Logger.Named("poll").With(zap.String("mailbox", m.Name))},
	}
}

// name returns the name of the worker's mailbox.
func (w *worker) name() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mailbox.Name
}

// notify makes the worker look again at what it waits for.
func (w *worker) notify() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run polls on the mailbox's schedule until ctx is cancelled or the mailbox is removed. A panic does not end it.
func (w *worker) run(ctx context.Context) {
	defer w.pulse.rest()
	for ctx.Err() == nil && !w.isRetired() {
		w.logPanic(func() { w.pollOnSchedule(ctx) })
		if ctx.Err() == nil && !w.isRetired() {
			_ = sleep(ctx, afterPanic) // the loop asks ctx
		}
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

// isRetired reports whether the mailbox was removed.
func (w *worker) isRetired() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.retired
}

// isHeld reports whether this daemon may poll the mailbox now.
func (w *worker) isHeld() bool {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lease.isHeldAt(now)
}

// pollOnSchedule polls on the mailbox's schedule until ctx is cancelled or the mailbox is removed. Polls never overlap:
// after a poll that takes longer than the schedule's interval, the worker waits for the next time that is still to come.
func (w *worker) pollOnSchedule(ctx context.Context) {
	for ctx.Err() == nil && !w.isRetired() {
		if w.await(ctx) && !w.daemon.isPaused() && w.begin() {
			w.end(w.poll(ctx, w.isHeld))
		}
	}
}

// await waits until the next poll is due, or something changes. It reports whether the poll is due.
func (w *worker) await(ctx context.Context) bool {
	due, planned := w.plan()
	w.pulse.rest()
	var timer <-chan time.Time
	if planned {
		wait := due.Sub(w.daemon.options().Now())
		if wait <= 0 {
			return true
		}
		fires, stop := w.daemon.alarm(due)
		defer stop()
		timer = fires
		w.pulse.beat(w.daemon.options().Now(), wait+stepPromise)
	}
	select {
	case <-timer:
	case <-w.wake:
	case <-ctx.Done():
	}
	return false // the clock decides, not the timer
}

// plan returns when the next poll is due, or false while the mailbox is not ours, or the polls pause.
func (w *worker) plan() (due time.Time, planned bool) {
	now, paused := w.daemon.options().Now(), w.daemon.isPaused()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.lease.isHeldAt(now) {
		w.state = Standby
		return time.Time{}, false
	}
	w.state = Waiting
	return w.next, !paused
}

// begin reports whether a poll may begin now, and notes it.
func (w *worker) begin() bool {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy || w.retired || !w.lease.isHeldAt(now) || now.Before(w.next) {
		return false
	}
	w.busy, w.began = true, now
	return true
}

// end notes how a poll went and when the next one is due.
func (w *worker) end(r Report) {
	w.note(r)
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	w.notify()
	next := w.times().nextAfter(now, w.failures, w.permanent)
	if isInterruption(r.Err) {
		next = now // for whoever polls the mailbox next
	}
	w.next = w.noSooner(next)
	if w.failures > 0 && !isInterruption(r.Err) {
		w.log.pollPostponed(w.failures, w.next)
	}
}

// times returns the timetable of the mailbox. The caller holds w.mu.
func (w *worker) times() timetable {
	return timetable{w.mailbox.Schedule, w.mailbox.Name, len(w.daemon.options().Mailboxes)}
}

// noSooner returns next, or the time when the server allows the next log-in if that is later. The caller holds w.mu.
func (w *worker) noSooner(next time.Time) time.Time {
	if next.Before(w.notBefore) {
		return w.notBefore
	}
	return next
}

// note remembers how a poll went, which decides when the next one is due.
func (w *worker) note(r Report) {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.polledAt, w.failure = r, now, nil
	if r.Failed > 0 {
		w.failure = w.progress.failure
	}
	w.totals.add(r)
	w.noteDelay()
	if !w.forgets { // otherwise the next poll is of another account
		w.certificateExpires = w.progress.certificateExpires
	}
	if listed := w.progress.listed; listed >= 0 || r.Err == nil { // otherwise the poll has not seen the listing
		w.backlog = max(r.Failed+r.Deferred, listed-r.Recorded()-r.Known-r.Oversize)
	}
	if isInterruption(r.Err) {
		return
	}
	if r.Err == nil {
		if w.succeededAt.IsZero() || w.err != nil {
			w.log.mailboxWorks()
		}
		w.err, w.since, w.succeededAt, w.failures, w.permanent = nil, time.Time{}, now, 0, false
		return
	}
	if w.err == nil {
		w.since = now
	}
	w.err = r.Err
	if !isLasting(r.Err) {
		w.failures++
		w.permanent = needsPerson(r.Err)
	}
}

// noteDelay notes how much time the server wants between log-ins, if the poll has logged in. The caller holds w.mu.
func (w *worker) noteDelay() {
	switch g := w.progress; {
	case w.forgets: // the next poll is of another account
	case !g.delayed:
		w.notBefore, w.loginDelay = time.Time{}, 0
	case g.notBefore.After(w.began):
		w.notBefore, w.loginDelay = g.notBefore, g.notBefore.Sub(w.began)
	}
}

// poll polls the mailbox once and logs how it went. A panic becomes the report's error. isHeld reports whether this
// daemon may still poll the mailbox.
func (w *worker) poll(ctx context.Context, isHeld func() bool) (report Report) {
	m, opts := w.settings()
	report.Mailbox = m.Name
	started, began := opts.Now(), time.Now()
	defer func() { opts.Meter.Polled(time.Since(began)) }()
	defer func() {
		if r := recover(); r != nil {
			stack := debug.Stack()
			report.Err = &panicError{r, stack}
			w.log.pollPanicked(r, stack)
		}
		if n := report.Unaccounted(); n != 0 {
			w.log.pollDoesNotAddUp(report, n)
		}
	}()
	p := poll{
		opts: opts, mailbox: m, log: w.log, parse: w.parse, report: &report,
		progress: w.progress, acquireSlot: w.queue, batchSlots: w.daemon.batchSlots, isHeld: isHeld,
		isPaused: w.daemon.isPaused, mailQueued: w.daemon.sender.wake, pulse: &w.pulse,
	}
	defer w.pulse.rest()
	p.beat(0)
	report.Err = w.advise(ctx, m, p.run(ctx))
	w.log.pollEnded(report, opts.Now().Sub(started))
	return report
}

// advise returns the error of a poll with the best hint. Settings that have worked are not doubted: a server whose TLS is
// down for a while is no reason to do without.
func (w *worker) advise(ctx context.Context, m *Mailbox, err error) error {
	w.mu.Lock()
	hasWorked := !w.succeededAt.IsZero()
	w.mu.Unlock()
	if hasWorked {
		return err
	}
	return w.daemon.advisor.advise(ctx, m, err)
}

// settings returns the mailbox and the options with which a poll begins and ends.
func (w *worker) settings() (*Mailbox, *Options) {
	opts := w.daemon.options()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = Polling
	if w.forgets {
		w.progress, w.forgets = newProgress(), false
	}
	if w.regains {
		w.progress.notedEmpty, w.regains = false, false
	}
	return w.mailbox, opts
}

// queue waits for a slot, and shows that in the state.
func (w *worker) queue(ctx context.Context, server string) (*slot, error) {
	w.setState(Queued)
	defer w.setState(Polling)
	return w.acquireSlot(ctx, server)
}

func (w *worker) setState(s State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
}

// status returns the state of the mailbox at a time.
func (w *worker) status(now time.Time) MailboxStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := MailboxStatus{
		Name: w.mailbox.Name, File: w.mailbox.File, Server: serverOf(w.mailbox.Account), Tenant: w.mailbox.Tenant, ConfigurationXML: w.mailbox.ConfigurationXML,
		State: w.state, Held: w.lease.isHeldAt(now), Holder: w.lease.holder,
		Cause: CauseOf(w.err), Err: w.err, Since: w.since, Failure: w.failure,
		PolledAt: w.polledAt, SucceededAt: w.succeededAt, NextPoll: w.next,
		Failures: w.failures, Backlog: w.backlog, Last: w.last, Totals: w.totals,
		CertificateExpires: w.certificateExpires,
	}
	if s.Held && w.err == nil && w.backlog == 0 && !w.succeededAt.IsZero() { // otherwise the trouble is another one
		s.SilentSince = w.lease.silentSince
	}
	switch {
	case w.busy && w.retired:
		s.State = Stopping
	case !w.busy && !s.Held:
		s.State, s.NextPoll = Standby, time.Time{}
	case !w.busy && s.State == Standby: // the lease has just come: the loop has not noticed
		s.State = Waiting
	}
	return s
}
