package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

const (
	// maxAttempts is how often recording a message is tried before it is set aside unparsed, or recorded as far as the
	// server gives it.
	maxAttempts = 3
	// maxInARow is after how many unexplained failures in a row the cause is taken for the infrastructure's.
	maxInARow = 2
	// retryKeptAfter is when a message that is kept on the server is retrieved again: the server may give all of it now.
	retryKeptAfter = 24 * time.Hour
	// overdueAfter is when a message that failed is tried before the others once.
	overdueAfter = 10 * time.Minute
	// maxAlone is how many messages that were tried in vain are tried in one poll, each in a session of its own: servers
	// count log-ins.
	maxAlone = 3
	// endTime is how long the note that no message is in hand may take, also after a stop.
	endTime = 10 * time.Second
)

// trouble is what a poll knows of messages that could not be recorded. The counts are durable: a process that dies, or
// one that is started for each poll, does not forget them.
type trouble struct {
	begun    bool                     // the database knows that messages are in hand
	attempts map[string]store.Attempt // by key; those of earlier polls and of this one
	suspects int                      // how many messages are still to be counted before they are parsed, since the last process died
	inARow   int                      // unexplained failures without a message recorded in between
	first    error                    // the first unexplained failure of a message that had none before
	last     error                    // the last unexplained failure
	blocked  error                    // what kept messages from being recorded, and is nobody's fault but a person's to mend
	inHand   []string                 // keys of messages that were counted because they are in hand
}

// beginWork notes in the database that messages are in hand, and reads what is known of earlier attempts. It does so
// once in a poll, and not in a poll that finds nothing to retrieve.
func (p *poll) beginWork(work context.Context, listing []mailbox.Item) error {
	if p.trouble.begun {
		return nil
	}
	interrupted, err := p.opts.Store.BeginWork(work, p.target)
	if err != nil {
		return err
	}
	p.trouble.begun = true
	if interrupted {
		// The message that ended the process, if one did, is among those that were not recorded.
		p.trouble.suspects = 2 * (p.opts.BatchMessages + 1)
		p.log.workInterrupted(p.trouble.suspects)
	}
	if p.trouble.attempts, err = p.opts.Store.Attempts(work, p.target); err != nil {
		return err
	}
	return p.forgetGone(work, listing)
}

// endWork notes that no message is in hand any more: a slow stop is not the death of the process.
func (p *poll) endWork(ctx context.Context) error {
	if !p.trouble.begun {
		return nil
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	return p.opts.Store.EndWork(ending, p.target)
}

// forgetGone forgets attempts at messages that have left the mailbox. Those without a unique-id may be any.
func (p *poll) forgetGone(work context.Context, listing []mailbox.Item) error {
	if len(p.trouble.attempts) == 0 {
		return nil
	}
	listed := map[string]bool{}
	for _, it := range listing {
		if it.UIDL == "" {
			return nil
		}
		listed[keyOf(it)] = true
	}
	var gone []string
	for key := range p.trouble.attempts {
		if !listed[key] {
			gone = append(gone, key)
		}
	}
	return p.forget(work, gone)
}

// forget forgets attempts.
func (p *poll) forget(work context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		delete(p.trouble.attempts, key)
	}
	return p.opts.Store.ForgetAttempts(work, p.target, keys)
}

// keyOf returns the key of an item's attempts, "" when it cannot be told before it is retrieved.
func keyOf(it mailbox.Item) string {
	if it.UIDL == "" {
		return ""
	}
	return store.AttemptKey(it.UIDL, [32]byte{})
}

// tried implements record.
func (p *poll) tried(it mailbox.Item) int { return p.trouble.attempts[keyOf(it)].Count }

// isOverdue implements record.
func (p *poll) isOverdue(it mailbox.Item) bool {
	a, ok := p.trouble.attempts[keyOf(it)]
	return ok && p.opts.Now().Sub(a.LastAt) >= overdueAfter
}

// postpone notes that an item which is overdue is tried now, however that ends: the others' turn is next.
func (p *poll) postpone(work context.Context, items []mailbox.Item) error {
	if len(items) == 0 || !p.isOverdue(items[len(items)-1]) {
		return nil
	}
	key := keyOf(items[len(items)-1])
	a := p.trouble.attempts[key]
	a.LastAt = p.opts.Now()
	p.trouble.attempts[key] = a
	return p.opts.Store.PostponeAttempt(work, p.target, key)
}

// withoutKept returns the items but for those of which the server gave only a part. What came of them is recorded; they
// are retrieved again only now and then, should the server give all of them some day.
func (p *poll) withoutKept(items []mailbox.Item) []mailbox.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it mailbox.Item) bool {
		a := p.trouble.attempts[keyOf(it)]
		return a.Kept && p.opts.Now().Sub(a.LastAt) < retryKeptAfter
	})
}

// countFailure counts an attempt that failed, durably, and returns what is known of it.
func (p *poll) countFailure(work context.Context, key string, kind store.AttemptKind, cause error) (store.Attempt, error) {
	if _, before := p.trouble.attempts[key]; !before && p.trouble.first == nil {
		p.trouble.first = cause
	}
	return p.countAttempt(work, key, kind, cause.Error())
}

// countAttempt counts an attempt.
func (p *poll) countAttempt(work context.Context, key string, kind store.AttemptKind, reason string) (store.Attempt, error) {
	a, err := p.opts.Store.CountAttempt(work, p.target, key, kind, reason)
	if err != nil {
		return a, err
	}
	if p.trouble.attempts == nil {
		p.trouble.attempts = map[string]store.Attempt{}
	}
	p.trouble.attempts[key] = a
	return a, nil
}

// verdict makes a poll in which nothing was recorded a failed one. A single message whose trouble was known before does
// not; nor do several slow down the polls that others wait for.
func (t *trouble) verdict(r *Report) error {
	if r.recordedWhole()+r.Known+r.Oversize > 0 {
		return nil
	}
	if cause := cmp.Or(t.blocked, t.first); cause != nil {
		return fmt.Errorf("none of %d messages was recorded: %w", r.Listed, cause)
	}
	if t.isInfrastructure() {
		return &lastingError{fmt.Errorf("none of %d messages was recorded, as in the polls before: %w", r.Listed, t.last)}
	}
	return nil
}

// lastingError is the error of a poll whose messages were all in trouble before.
type lastingError struct{ err error }

func (e *lastingError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *lastingError) Unwrap() error { return e.err }

// others is the number of messages that this poll recorded as what they are.
func (r Report) recordedWhole() int { return r.Recorded() - r.SetAside }

// countInHand counts a message before it is parsed, while it is not known which one ended the last process. It returns
// the message that is to be set aside when this one did so often enough, nil otherwise.
func (r *sessionRun) countInHand(work context.Context, key string, raw octets) (*processor.Message, error) {
	before := r.trouble.attempts[key]
	if r.trouble.suspects == 0 && before.Kind != store.InHand {
		return nil, nil
	}
	if before.Kind == store.InHand && before.Count >= maxAttempts-1 {
		return r.guard.giveUp(raw, processor.ReasonKeepsFailing,
			fmt.Sprintf("the program ended %d times while it read the message", before.Count)), nil
	}
	r.trouble.inHand = append(r.trouble.inHand, key)
	_, err := r.countAttempt(work, key, store.InHand, "the process ended while the message was in hand")
	return nil, err
}

// survived takes back the counts of messages that were in hand: the process lives, whatever became of them.
func (r *sessionRun) clearInHand(work context.Context) error {
	held := r.trouble.inHand
	r.trouble.inHand = nil
	if len(held) == 0 {
		return nil
	}
	for _, key := range held {
		if a := r.trouble.attempts[key]; a.Kind == store.InHand {
			delete(r.trouble.attempts, key)
		}
	}
	return r.opts.Store.TakeBackAttempts(work, r.target, held)
}

// reconsider counts a message that could not be recorded and, after its attempts, sets it aside unparsed: while other
// messages are recorded, the cause is the message's. It returns what became of it in the end.
func (r *sessionRun) reconsider(work context.Context, b *batch, i int, o store.Outcome) (store.Outcome, error) {
	if o.Err == nil {
		if !o.Known { // that one was recorded before proves nothing
			r.trouble.inARow, r.trouble.suspects = 0, max(0, r.trouble.suspects-1)
		}
		return o, nil
	}
	if errors.Is(o.Err, store.ErrDirectory) || errors.Is(o.Err, store.ErrConstraint) {
		r.trouble.blocked = o.Err
	}
	if !store.IsUnexplained(o.Err) {
		return o, nil
	}
	r.trouble.inARow, r.trouble.last = r.trouble.inARow+1, o.Err
	a, err := r.countFailure(work, b.keys[i], store.NotRecorded, o.Err)
	if err != nil || a.Count < maxAttempts || !a.OthersSince && r.report.recordedWhole() == 0 {
		return o, err
	}
	aside, err := r.setAside(work, b.deliveries[i], o.Err)
	if err != nil || aside.Err != nil {
		return o, err
	}
	r.trouble.inARow = 0
	return aside, nil
}

// setAside sets a message aside as it came, without what parsing found in it: that may be what cannot be recorded.
func (r *sessionRun) setAside(work context.Context, d store.Delivery, cause error) (store.Outcome, error) {
	d.Message = r.guard.giveUp(d.Raw, processor.ReasonKeepsFailing,
		fmt.Sprintf("recording it failed %d times while other messages were recorded: %s", maxAttempts, cause))
	outcomes, err := r.opts.Store.Accept(work, r.target, []store.Delivery{d}, r.guard)
	if err != nil && (!store.IsUnexplained(err) || errors.Is(err, context.Canceled)) {
		return store.Outcome{}, err
	}
	if err != nil {
		return store.Outcome{Err: err}, nil
	}
	return outcomes[0], nil
}

// isInfrastructure reports whether so many messages failed in a row that the cause is hardly one message's.
func (t *trouble) isInfrastructure() bool { return t.inARow >= maxInARow }
