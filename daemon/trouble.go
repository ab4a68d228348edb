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
	// maxAttempts is the number of failed attempts after which a message is set aside unparsed, or after which the part
	// that the server sends is recorded.
	maxAttempts = 3
	// maxInARow is the number of unexplained failures in a row that are blamed on the infrastructure.
	maxInARow = 2
	// retryKeptAfter is the time until a message of which only a part came is retrieved again: the server may send all
	// of it now.
	retryKeptAfter = 24 * time.Hour
	// overdueAfter is the time after which a message that failed goes first for one attempt.
	overdueAfter = 10 * time.Minute
	// maxAlone limits how many messages that failed before are tried in one poll, each in a session of its own: servers
	// count log-ins.
	maxAlone = 3
	// endTime limits the statement that notes that no message is in hand, also after a stop.
	endTime = 10 * time.Second
)

// trouble is the knowledge of a poll about messages that could not be recorded. The counts are in the database, so that a
// process that dies, or one that is started for each poll, does not forget them.
type trouble struct {
	begun    bool                     // the database knows that messages are in hand
	attempts map[string]store.Attempt // by key, from earlier polls and this one
	suspects int                      // after a death of the process: how many more messages are counted before they are parsed
	inARow   int                      // unexplained failures without a message recorded in between
	first    error                    // the first failure of a message that had none before
	last     error                    // the last unexplained failure
	blocked  error                    // an error that lies in no message and needs a person, such as an unusable directory
}

// beginWork notes in the database that messages are in hand, and reads the earlier attempts. It does so once in a poll,
// and not at all in a poll that finds nothing to retrieve.
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
		// If a message ended the process, it is among the first that were not recorded: one batch was being recorded, and
		// another one parsed.
		p.trouble.suspects = 2 * (p.opts.BatchMessages + 1)
		p.log.workInterrupted(p.trouble.suspects)
	}
	if p.trouble.attempts, err = p.opts.Store.Attempts(work, p.target); err != nil {
		return err
	}
	return p.forgetGone(work, listing)
}

// endWork notes that no message is in hand any more, so that a slow stop does not look like the death of the process.
func (p *poll) endWork(ctx context.Context) error {
	if !p.trouble.begun {
		return nil
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	return p.opts.Store.EndWork(ending, p.target)
}

// forgetGone forgets attempts at messages that have left the mailbox. It forgets nothing when a message has no
// unique-id: the attempts may be at that one.
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

// forget forgets the attempts with these keys.
func (p *poll) forget(work context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		delete(p.trouble.attempts, key)
	}
	return p.opts.Store.ForgetAttempts(work, p.target, keys)
}

// keyOf returns the key of an item's attempts, "" when the key takes the digest, which is not known before retrieval.
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

// postpone notes that an overdue item is tried now. However that ends, the other items go first from then on.
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

// withoutKept returns the items except those of which only a part came, which is recorded. They are retrieved again
// once in a while, because the server may send all of them one day.
func (p *poll) withoutKept(items []mailbox.Item) []mailbox.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it mailbox.Item) bool {
		a := p.trouble.attempts[keyOf(it)]
		return a.Kept && p.opts.Now().Sub(a.LastAt) < retryKeptAfter
	})
}

// countFailure counts a failed attempt in the database and returns the count.
func (p *poll) countFailure(work context.Context, key string, kind store.AttemptKind, cause error) (store.Attempt, error) {
	if _, before := p.trouble.attempts[key]; !before && p.trouble.first == nil {
		p.trouble.first = cause
	}
	return p.countAttempt(work, key, kind, cause.Error())
}

// countAttempt counts an attempt in the database and returns the count.
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

// verdict returns an error for a poll that recorded nothing. A single message that failed before is no error. Several
// of them are a lastingError, which does not slow down the polls that other mail waits for.
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

// recordedWhole returns the number of messages that this poll recorded without setting them aside.
func (r Report) recordedWhole() int { return r.Recorded() - r.SetAside }

// isSuspect reports whether a message is counted before it is parsed: as long as nobody knows which one ended the last
// process, or because it may have ended one before.
func (r *sessionRun) isSuspect(key string) bool {
	return r.trouble.suspects > 0 || r.trouble.attempts[key].Kind == store.InHand
}

// countInHand counts a suspect message of the batch before it is parsed. If this one has ended the process often enough,
// countInHand returns a message that will be set aside instead, otherwise nil.
func (r *sessionRun) countInHand(work context.Context, b *batch, key string, raw octets) (*processor.Message, error) {
	if !r.isSuspect(key) {
		return nil, nil
	}
	before := r.trouble.attempts[key]
	if before.Kind == store.InHand && before.Count >= maxAttempts-1 {
		return r.guard.giveUp(raw, processor.ReasonKeepsFailing,
			fmt.Sprintf("the program ended %d times while it parsed the message", before.Count)), nil
	}
	b.inHand = append(b.inHand, key)
	_, err := r.countAttempt(work, key, store.InHand, "the process ended while the message was in hand")
	return nil, err
}

// clearInHand takes back the counts of the batch's messages in hand: whatever became of them, they did not end the
// process.
func (r *sessionRun) clearInHand(work context.Context, b *batch) error {
	if len(b.inHand) == 0 {
		return nil
	}
	for _, key := range b.inHand {
		if a := r.trouble.attempts[key]; a.Kind == store.InHand {
			delete(r.trouble.attempts, key)
		}
	}
	return r.opts.Store.TakeBackAttempts(work, r.target, b.inHand)
}

// reconsider counts a message that could not be recorded. After its attempts it sets the message aside unparsed: other
// messages are recorded, so the cause lies in this one. It returns the final outcome.
func (r *sessionRun) reconsider(work context.Context, b *batch, i int, o store.Outcome) (store.Outcome, error) {
	if o.Err == nil {
		if !o.Known { // a message that was recorded before proves nothing
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
	a, err := r.countFailure(work, b.entries[i].key, store.NotRecorded, o.Err)
	if err != nil || a.Count < maxAttempts || !a.OthersSince && r.report.recordedWhole() == 0 {
		return o, err
	}
	aside, err := r.setAside(work, b.entries[i].delivery, o.Err)
	if err != nil || aside.Err != nil {
		return o, err
	}
	r.trouble.inARow = 0
	return aside, nil
}

// setAside sets a message aside unparsed: a parsed part of it may be the one that cannot be recorded.
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

// isInfrastructure reports whether so many failures came in a row that the cause hardly lies in one message.
func (t *trouble) isInfrastructure() bool { return t.inARow >= maxInARow }
