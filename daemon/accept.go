package daemon

import (
	"context"
	"errors"
	"fmt"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// accept records a batch and deletes what was recorded, now or before.
func (v *visit) accept(work context.Context, b *batch) (broken, failed error) {
	defer b.close()
	if len(b.items) == 0 {
		return nil, nil
	}
	outcomes, err := v.record(work, b)
	if err != nil {
		failed = fmt.Errorf("accept %d messages: %w", len(b.items), err)
		v.report.Failed += len(b.items) - len(outcomes)
		v.staying = append(v.staying, b.items[len(outcomes):]...)
	}
	var accepted []mailbox.Item
	for i, o := range outcomes {
		deletes, err := v.settle(work, b, i, o)
		if err != nil && failed == nil {
			failed = err
		}
		if deletes {
			accepted = append(accepted, b.items[i])
		}
	}
	failed = errors.Join(failed, v.forgetRecorded(work, b, outcomes))
	// DELE must follow the commit: a mail deleted before it is stored is lost; a mail stored but not deleted
	// is met again and recognised by its receipt.
	return v.blame(work, v.session.DeleteAhead(work, accepted, v.deleteAnswered)), failed
}

// record accepts a batch. When a name of the configuration was removed from the database since the poll began, the names
// are resolved again: no message is at fault.
func (v *visit) record(work context.Context, b *batch) ([]store.Outcome, error) {
	outcomes, err := v.opts.Store.Accept(work, v.target, b.deliveries, v.judge)
	for again := false; errors.Is(err, store.ErrReferenceGone); again = true {
		if again {
			return v.recordSingly(work, b, outcomes)
		}
		if err := v.resolve(work); err != nil {
			return outcomes, err
		}
		var rest []store.Outcome
		rest, err = v.opts.Store.Accept(work, v.target, b.deliveries[len(outcomes):], v.judge)
		outcomes = append(outcomes, rest...)
	}
	return outcomes, err
}

// recordSingly accepts what is left of a batch message by message: what the names do not explain may be one message's.
func (v *visit) recordSingly(work context.Context, b *batch, outcomes []store.Outcome) ([]store.Outcome, error) {
	for len(outcomes) < len(b.deliveries) {
		n := len(outcomes)
		one, err := v.opts.Store.Accept(work, v.target, b.deliveries[n:n+1], v.judge)
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
func (v *visit) settle(work context.Context, b *batch, i int, o store.Outcome) (deletes bool, err error) {
	it := b.items[i]
	first := o.Err
	o, err = v.reconsider(work, b, i, o)
	if first != nil && o.Err == nil {
		v.log.messageGivenUp(it, first)
	}
	v.report.count(o)
	v.log.messageAccepted(it, b.deliveries[i], o)
	if o.Err != nil {
		v.staying = append(v.staying, it)
		return false, err
	}
	v.recorded[it.Number] = o.Known
	if !o.Known && v.opts.Recorded != nil {
		v.opts.Recorded(v.mailbox.Name, b.deliveries[i].Message, o)
	}
	if b.short[i] {
		v.staying = append(v.staying, it)
		return false, errors.Join(err, v.opts.Store.KeepAttempt(work, v.target, b.keys[i]))
	}
	return v.deletes(it, o), err
}

// forgetRecorded forgets the attempts at messages that are recorded now, but for those that are kept.
func (v *visit) forgetRecorded(work context.Context, b *batch, outcomes []store.Outcome) error {
	var keys []string
	for i := range outcomes {
		if _, tried := v.trouble.attempts[b.keys[i]]; tried && !b.short[i] && v.isRecorded(b.items[i]) {
			keys = append(keys, b.keys[i])
		}
	}
	return v.forget(work, keys)
}

// isRecorded reports whether an item of this session is recorded, now or before.
func (v *visit) isRecorded(it mailbox.Item) bool {
	_, ok := v.recorded[it.Number]
	return ok
}

// deleteAnswered notes what the server says to a DELE, which may be as late as at QUIT.
func (v *visit) deleteAnswered(it mailbox.Item, err error) {
	if err != nil {
		v.log.deleteRefused(it, err)
		return
	}
	v.deleted++
	if v.recorded[it.Number] {
		v.known++
	}
}
