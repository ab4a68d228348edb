package daemon

import (
	"context"
	"errors"
	"fmt"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// conclude ends the recording of the pending batch, if there is one: it waits for the store and deletes the messages that
// are recorded, now or from before. If the store failed, or what fails hardly lies in the messages, the session records
// nothing more (halted).
func (r *sessionRun) conclude(work context.Context) {
	if r.pending == nil {
		return
	}
	r.beatForBatch(r.pending.batch)
	b, outcomes, err := r.takePending()
	r.beat(0)
	defer b.close()
	outcomes, err = r.recordRest(work, b, outcomes, err)
	failed := r.settleAll(work, b, outcomes, err)
	r.failed = errors.Join(r.failed, failed, r.clearInHand(work, b))
	r.halted = r.failed != nil || r.trouble.isInfrastructure()
}

// settleAll counts, logs and deletes what became of the messages of a batch. err is the store's error, for the messages
// without an outcome.
func (r *sessionRun) settleAll(work context.Context, b *batch, outcomes []store.Outcome, err error) (failed error) {
	if err != nil {
		failed = fmt.Errorf("accept %d messages: %w", len(b.entries), err)
		r.report.Failed += len(b.entries) - len(outcomes)
		for _, e := range b.entries[len(outcomes):] {
			r.staying = append(r.staying, e.item)
		}
	}
	var accepted []mailbox.Item
	for i, o := range outcomes {
		deletes, err := r.settle(work, b, i, o)
		if err != nil && failed == nil {
			failed = err
		}
		if deletes {
			accepted = append(accepted, b.entries[i].item)
		}
	}
	failed = errors.Join(failed, r.forgetRecorded(work, b, outcomes))
	// DELE must follow the commit: a message that is deleted before it is recorded is lost. If a message is recorded
	// but not deleted, its receipt keeps the next poll from recording it again.
	if err := r.blame(work, r.session.DeleteAhead(work, accepted, r.deleteAnswered)); r.broken == nil {
		r.broken = err
	}
	return failed
}

// recordRest goes on where the store ended a batch with an error. If a row that the configuration names was removed since
// the poll began, it looks the names up again and accepts the rest: no message is at fault.
func (r *sessionRun) recordRest(work context.Context, b *batch, outcomes []store.Outcome, err error) ([]store.Outcome, error) {
	for resolved := false; errors.Is(err, store.ErrReferenceGone); resolved = true {
		if resolved {
			return r.recordSingly(work, b, outcomes)
		}
		if err := r.resolve(work); err != nil {
			return outcomes, err
		}
		var rest []store.Outcome
		rest, err = r.opts.Store.Accept(work, r.target, b.deliveries()[len(outcomes):], r.guard)
		outcomes = append(outcomes, rest...)
	}
	return outcomes, err
}

// recordSingly accepts the rest of a batch message by message: all names exist, so one message may refer to a missing
// row.
func (r *sessionRun) recordSingly(work context.Context, b *batch, outcomes []store.Outcome) ([]store.Outcome, error) {
	for deliveries := b.deliveries(); len(outcomes) < len(deliveries); {
		n := len(outcomes)
		r.beat(0)
		one, err := r.opts.Store.Accept(work, r.target, deliveries[n:n+1], r.guard)
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
	r.beat(0)
	it, e := b.entries[i].item, b.entries[i]
	first := o.Err
	o, err = r.reconsider(work, b, i, o)
	if first != nil && o.Err == nil {
		r.log.messageGivenUp(it, first)
	}
	r.report.count(o)
	r.log.messageAccepted(it, e.delivery, o)
	r.keepRawMessage(e.delivery.Raw, o)
	if o.LoopEvent != 0 {
		r.log.loopFound(e.delivery, o)
	}
	if o.Err != nil {
		r.progress.failure = o.Err
		r.staying = append(r.staying, it)
		return false, err
	}
	r.recorded[it.Number] = o.Known
	if !o.Known {
		r.report.Octets += e.spool.Size()
	}
	if queues(o) {
		r.mailQueued()
	}
	if !o.Known && r.opts.Recorded != nil {
		r.opts.Recorded(r.mailbox.Name, e.delivery.Message, o)
	}
	if e.short {
		r.staying = append(r.staying, it)
		return false, errors.Join(err, r.opts.Store.KeepAttempt(work, r.target, e.key))
	}
	return r.deletes(it, o), err
}

// forgetRecorded forgets the attempts at messages that are recorded now, except those of which only a part came.
func (r *sessionRun) forgetRecorded(work context.Context, b *batch, outcomes []store.Outcome) error {
	var keys []string
	for i := range outcomes {
		e := b.entries[i]
		if _, tried := r.trouble.attempts[e.key]; tried && !e.short && r.isRecorded(e.item) {
			keys = append(keys, e.key)
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
