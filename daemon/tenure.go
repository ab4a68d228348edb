package daemon

import (
	"time"

	"mailintegration/store"
)

// lease holds what a worker knows about the lease of its mailbox.
type lease struct {
	held        bool         // this daemon had it at the last beat, and has not given it up
	until       time.Time    // when it ends without another beat, with the monotonic clock's reading
	holder      store.Holder // who holds it, zero if nobody does
	dueAt       time.Time    // when the holder polls next, as it has reported; zero if unknown
	silentSince time.Time    // as the database says; zero if the mailbox is not silent
	wantedSince time.Time    // since when another daemon asks for it, zero if none does
}

// isHeldAt reports whether the lease is held at a time. Both clocks have to agree: the monotonic one stands still while
// the host is suspended, and somebody may set back the other.
func (l lease) isHeldAt(now time.Time) bool {
	return l.held && now.Before(l.until) && now.Round(0).Before(l.until.Round(0))
}

// tenure says what a beat changed for a worker.
type tenure int

const (
	leaseUnchanged tenure = iota
	leaseTaken
	leaseLost
)

// setLease notes what the database says about the lease. Whoever takes a mailbox goes on with its timetable.
func (w *worker) setLease(l store.Lease) tenure {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.lease
	w.lease = lease{held: l.Held, until: l.Until, holder: l.Holder, dueAt: l.DueAt, silentSince: l.SilentSince}
	if l.Wanted {
		w.lease.wantedSince = now
		if !was.wantedSince.IsZero() {
			w.lease.wantedSince = was.wantedSince
		}
	}
	switch {
	case l.Held && !was.isHeldAt(now):
		w.takeOver(l, was.held || w.reportedPolls != w.totals.Polls, now)
		w.notify()
		return leaseTaken
	case !l.Held && was.held:
		w.notify()
		return leaseLost
	}
	return leaseUnchanged
}

// takeOver plans the next poll of a mailbox that the worker has got. If the worker only missed some beats, or its last
// report is not noted yet, its own plan may be later than the one that the database knows. The caller holds w.mu.
func (w *worker) takeOver(l store.Lease, knowsMore bool, now time.Time) {
	next := w.times().resume(l.DueAt, now)
	if knowsMore && w.next.After(next) {
		next = w.next
	}
	if l.NotBefore.After(w.notBefore) {
		w.notBefore = l.NotBefore
	}
	w.next, w.regains = w.noSooner(next), true
}

// loseLease takes the lease from the worker. A poll under way ends after its batch.
func (w *worker) loseLease() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lease.held = false
	w.notify()
}

// offer returns the name of the mailbox, whether its lease goes back now, and whether the daemon keeps the mailbox on
// its list. A lease goes back only while no poll is under way: when another daemon wants it, when the mailbox was
// removed, and, if the daemon leaves, in any case.
func (w *worker) offer(now time.Time, leaving bool) (name string, gives, keeps bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name = w.mailbox.Name
	switch {
	case w.busy:
		return name, false, true
	case w.retired || leaving:
		gives = w.lease.held
	case w.isGoodMoment(now):
		gives, keeps = w.lease.held, true
	default:
		return name, false, true
	}
	w.lease.held = false
	w.notify()
	return name, gives, keeps
}

// isGoodMoment reports whether to give up a lease that another daemon wants: its next poll is some beats away, so that
// the other daemon has it in time, or the other one has waited for long. The caller holds w.mu.
func (w *worker) isGoodMoment(now time.Time) bool {
	since := w.lease.wantedSince
	return !since.IsZero() && (w.next.Sub(now) > 2*beatEvery || now.Sub(since) > leaseTime)
}

// pollsAfter is how long after a beat a poll may log in without another beat. One that fails pauses the polls.
const pollsAfter = beatEvery + defaultBeatTime

// report returns the report about the last poll, and the number of that poll. It returns false when a beat has reported
// that poll. Where the server wants time between log-ins, it also reports the poll that comes next, as if it had begun as
// late as it can: should this daemon die, the next one does not log in too early.
func (w *worker) report(now time.Time) (r store.PollReport, polls int, isNew bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ahead := w.loginDelay > 0 && w.lease.held && w.next.Before(w.lease.until)
	if w.polledAt.IsZero() || w.reportedPolls == w.totals.Polls && !ahead {
		return r, 0, false
	}
	notBefore := w.notBefore
	if ahead {
		notBefore = w.next.Add(max(0, now.Add(pollsAfter).Sub(w.next)) + w.loginDelay)
	}
	r = store.PollReport{
		Mailbox: w.mailbox.Name, Ago: now.Sub(w.polledAt), Succeeded: w.last.Err == nil,
		DueIn: max(w.next.Sub(now), time.Millisecond), NotBeforeIn: max(notBefore.Sub(now), 0), Backlog: w.backlog,
	}
	if w.err != nil {
		r.Problem, r.Cause = w.err.Error(), string(CauseOf(w.err))
	}
	return r, w.totals.Polls, true
}

// hasReport reports whether there is something to report.
func (w *worker) hasReport(now time.Time) bool {
	_, _, isNew := w.report(now)
	return isNew
}

// reported notes that a beat has reported the polls up to the one with that number.
func (w *worker) reported(polls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reportedPolls = max(w.reportedPolls, polls)
}

// retryDatabase lets a mailbox be polled soon if its last poll failed because of the database.
func (w *worker) retryDatabase() {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch CauseOf(w.err) {
	case CauseDatabase, CauseSchema, CauseAttachmentDirectory:
	default:
		return
	}
	w.failures = 0
	if soon := w.noSooner(w.times().soon(now)); soon.Before(w.next) {
		w.next = soon
	}
	w.notify()
}
