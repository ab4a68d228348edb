package daemon

import (
	"context"
	"sync"

	"mailintegration/store"
)

// Once polls the named mailboxes once, all of them without a name, and returns their reports. If a name is not
// configured, Once polls nothing and returns an error. Then it sends the mail that is due.
//
// A mailbox that another daemon polls, or whose server wants more time between log-ins, is skipped; its report says so.
// While Run is under way, Once polls with the leases of that.
func (d *Daemon) Once(ctx context.Context, names ...string) ([]Report, error) {
	chosen, err := d.workersOf(names)
	if err != nil {
		return nil, err
	}
	if !d.isRunning() && !d.isOpen() {
		if err := d.tryOpen(ctx); err != nil {
			return nil, err
		}
		defer d.close()
	}
	reports := make([]Report, len(chosen))
	var claimed []*worker
	var places []*Report
	for i, w := range chosen {
		if !w.claim() {
			reports[i] = w.skip()
			continue
		}
		claimed, places = append(claimed, w), append(places, &reports[i])
	}
	if d.isRunning() {
		pollAll(ctx, claimed, places)
		return reports, nil
	}
	d.withLeases(ctx, claimed, places)
	d.sender.once(ctx)
	return reports, nil
}

// withLeases polls mailboxes once with leases of their own, which it gives back at the end.
func (d *Daemon) withLeases(ctx context.Context, claimed []*worker, places []*Report) {
	k, started := newKeeper(d, claimed), d.options().Now()
	if err := k.keep(ctx); err != nil {
		for i, w := range claimed {
			*places[i] = Report{Mailbox: w.name(), Err: err}
			w.end(*places[i])
		}
		return
	}
	keeping, end := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { k.run(keeping) })
	pollAll(ctx, claimed, places)
	newDiagnosis(d, k.holder).once(ctx, started)
	end()
	running.Wait()
	if err := k.release(ctx); err != nil {
		k.log.leasesNotReleased(err)
	}
}

// pollAll polls mailboxes that were claimed, all at once, and puts the reports into their places.
func pollAll(ctx context.Context, claimed []*worker, places []*Report) {
	var running sync.WaitGroup
	for i, w := range claimed {
		running.Go(func() { *places[i] = w.pollOnce(ctx) })
	}
	running.Wait()
}

// claim reports whether no poll is under way, and if so, keeps others from beginning until end or skip.
func (w *worker) claim() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy {
		return false
	}
	w.busy, w.began = true, w.daemon.options().Now()
	return true
}

// pollOnce polls the mailbox that was claimed, if the lease and the server allow it.
func (w *worker) pollOnce(ctx context.Context) Report {
	if !w.mayPoll() {
		defer w.unclaim()
		return w.skip()
	}
	r := w.poll(ctx, w.isHeld)
	w.end(r)
	return r
}

// mayPoll reports whether this daemon holds the lease, and the server allows a log-in.
func (w *worker) mayPoll() bool {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lease.isHeldAt(now) && !now.Before(w.notBefore)
}

func (w *worker) unclaim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	w.notify()
}

// skip returns and logs the report of a poll that did not take place: another daemon polls the mailbox, or the server
// wants more time between log-ins.
func (w *worker) skip() Report {
	now := w.daemon.options().Now()
	w.mu.Lock()
	r := Report{Mailbox: w.mailbox.Name, Skipped: true, Holder: w.lease.holder, NextPoll: w.lease.dueAt}
	if w.lease.isHeldAt(now) && w.notBefore.After(now) {
		r.Holder, r.NextPoll = store.Holder{}, w.notBefore
	}
	w.mu.Unlock()
	w.log.pollEnded(r, 0)
	return r
}
