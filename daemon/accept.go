package daemon

import (
	"context"
	"errors"
	"fmt"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// accept records a batch and deletes the messages that are recorded, now or from before. broken is the error that ended
// the session, failed an error of the store.
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
	// DELE must follow the commit: a message that is deleted before it is recorded is lost. If a message is recorded
	// but not deleted, its receipt keeps the next poll from recording it again.
	return r.blame(work, r.session.DeleteAhead(work, accepted, r.deleteAnswered)), failed
}

// record accepts a batch. If a row that the configuration names was removed since the poll began, it looks the names up
// again and accepts the rest: no message is at fault.
func (r *sessionRun) record(work context.Context, b *batch) ([]store.Outcome, error) {
	outcomes, err := r.opts.Store.Accept(work, r.target, b.deliveries, r.guard)
	for resolved := false; errors.Is(err, store.ErrReferenceGone); resolved = true {
		if resolved {
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

// recordSingly accepts the rest of a batch message by message: all names exist, so one message may refer to a missing
// row.
func (r *sessionRun) recordSingly(work context.Context, b *batch, outcomes []store.Outcome) ([]store.Outcome, error) {
	for len(outcomes) < len(b.deliveries) {
		n := len(outcomes)
		one, err := r.opts.Store.Accept(work, r.target, b.deliveries[n:n+1], r.guard)
		switch {
		case errors.Is(err, store.ErrReferenceGone):
			one = []store.Outcome{{Err: errors.New("the message refers to a row that is not in the database: " + err.Error())}}
		case err != nil:
			return outcomes, err
		}
		outcomes = append(outcomes, one...)
	}
	return outcomes, nil
}

// settle counts and logs the outcome of one message of a batch, and reports whether the message has to be deleted. It
// may set aside a message that could not be recorded.
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

// forgetRecorded forgets the attempts at messages that are recorded now, except those of which only a part came.
func (r *sessionRun) forgetRecorded(work context.Context, b *batch, outcomes []store.Outcome) error {
	var keys []string
	for i := range outcomes {
		if _, tried := r.trouble.attempts[b.keys[i]]; tried && !b.short[i] && r.isRecorded(b.items[i]) {
			keys = append(keys, b.keys[i])
		}
	}
	return r.forget(work, keys)
}

// isRecorded reports whether an item of this session is recorded, now or from before.
func (r *sessionRun) isRecorded(it mailbox.Item) bool {
	_, ok := r.recorded[it.Number]
	return ok
}

// deleteAnswered notes the server's answer to a DELE, which may come as late as at QUIT.
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
