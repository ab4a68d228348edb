package daemon

import (
	"context"
	"errors"
	"fmt"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// accept records a batch and deletes what was recorded, now or before.
func (r *sessionRun) accept(work context.Context, b *batch) (broken, failed error) {
	defer b.close()
	if len(b.items) == 0 {
		return nil, nil
	}
	outcomes, err := r.record(work, b)
	if err != nil {
		failed = fmt.Errorf("accept %d messages: %w", len(b.items), err)
		r.report.Failed += len(b.items) - len(outcomes)
		r.staying = append(r.staying, b.items[len(outcomes):]...)
	}
	var accepted []mailbox.Item
	for i, o := range outcomes {
		deletes, err := r.settle(work, b, i, o)
		if err != nil && failed == nil {
			failed = err
		}
		if deletes {
			accepted = append(accepted, b.items[i])
		}
	}
	failed = errors.Join(failed, r.forgetRecorded(work, b, outcomes))
	// DELE must follow the commit: a mail deleted before it is stored is lost; a mail stored but not deleted
	// is met again and recognised by its receipt.
	return r.blame(work, r.session.DeleteAhead(work, accepted, r.deleteAnswered)), failed
}

// record accepts a batch. When a name of the configuration was removed from the database since the poll began, the names
// are resolved again: no message is at fault.
func (r *sessionRun) record(work context.Context, b *batch) ([]store.Outcome, error) {
	outcomes, err := r.opts.Store.Accept(work, r.target, b.deliveries, r.guard)
	for again := false; errors.Is(err, store.ErrReferenceGone); again = true {
		if again {
			return r.recordSingly(work, b, outcomes)
		}
		if err := r.resolve(work); err != nil {
			return outcomes, err
		}
		var rest []store.Outcome
		rest, err = r.opts.Store.Accept(work, r.target, b.deliveries[len(outcomes):], r.guard)
		outcomes = append(outcomes, rest...)
	}
	return outcomes, err
}

// recordSingly accepts what is left of a batch message by message: what the names do not explain may be one message's.
func (r *sessionRun) recordSingly(work context.Context, b *batch, outcomes []store.Outcome) ([]store.Outcome, error) {
	for len(outcomes) < len(b.deliveries) {
		n := len(outcomes)
		one, err := r.opts.Store.Accept(work, r.target, b.deliveries[n:n+1], r.guard)
		switch {
		case errors.Is(err, store.ErrReferenceGone):
			one = []store.Outcome{{Err: errors.New("it refers to a row that is not there, though all names are: " + err.Error())}}
		case err != nil:
			return outcomes, err
		}
		outcomes = append(outcomes, one...)
	}
	return outcomes, nil
}

// settle counts what became of one message of a batch and reports whether it is to be deleted. A message that could not
// be recorded may be set aside here.
func (r *sessionRun) settle(work context.Context, b *batch, i int, o store.Outcome) (deletes bool, err error) {
	it := b.items[i]
	first := o.Err
	o, err = r.reconsider(work, b, i, o)
	if first != nil && o.Err == nil {
		r.log.messageGivenUp(it, first)
	}
	r.report.count(o)
	r.log.messageAccepted(it, b.deliveries[i], o)
	if o.Err != nil {
		r.staying = append(r.staying, it)
		return false, err
	}
	r.recorded[it.Number] = o.Known
	if !o.Known && r.opts.Recorded != nil {
		r.opts.Recorded(r.mailbox.Name, b.deliveries[i].Message, o)
	}
	if b.short[i] {
		r.staying = append(r.staying, it)
		return false, errors.Join(err, r.opts.Store.KeepAttempt(work, r.target, b.keys[i]))
	}
	return r.deletes(it, o), err
}

// forgetRecorded forgets the attempts at messages that are recorded now, but for those that are kept.
func (r *sessionRun) forgetRecorded(work context.Context, b *batch, outcomes []store.Outcome) error {
	var keys []string
	for i := range outcomes {
		if _, tried := r.trouble.attempts[b.keys[i]]; tried && !b.short[i] && r.isRecorded(b.items[i]) {
			keys = append(keys, b.keys[i])
		}
	}
	return r.forget(work, keys)
}

// isRecorded reports whether an item of this session is recorded, now or before.
func (r *sessionRun) isRecorded(it mailbox.Item) bool {
	_, ok := r.recorded[it.Number]
	return ok
}

// deleteAnswered notes what the server says to a DELE, which may be as late as at QUIT.
func (r *sessionRun) deleteAnswered(it mailbox.Item, err error) {
	if err != nil {
		r.log.deleteRefused(it, err)
		return
	}
	r.deleted++
	if r.recorded[it.Number] {
		r.known++
	}
}
