package store

import (
	"context"
	"errors"
	"fmt"
)

// maxUnexplained is the number of messages in a row whose unexplained errors end a batch, because they likely share the
// reason.
const maxUnexplained = 2

// singly accepts the messages of a batch one by one, after the batch as a whole failed.
type singly struct {
	store   *Store
	mailbox Mailbox
	decider Decider
	failure error // of the batch as a whole
}

// accept accepts each delivery in a transaction of its own. With an error, it returns the outcomes up to that point.
func (a *singly) accept(ctx context.Context, batch []Delivery) ([]Outcome, error) {
	outcomes := make([]Outcome, len(batch))
	failed := 0 // in a row
	for i := range batch {
		o, err := a.acceptAlone(ctx, batch[i:i+1], a.failureOf(batch, i))
		switch {
		case err == nil:
			outcomes[i] = o
			if !o.Known {
				failed = 0
			}
			continue
		case failsBatch(ctx, err):
			return outcomes[:i], err
		}
		outcomes[i].Err = fmt.Errorf("accept: %w", err)
		if !IsUnexplained(err) {
			continue
		}
		if failed++; failed == maxUnexplained {
			return outcomes[:i+1], fmt.Errorf("%d messages in a row failed, the last one with: %w", failed, err)
		}
	}
	return outcomes, nil
}

// failureOf returns the failure of the batch if the message at position i is known to be its cause, nil otherwise.
func (a *singly) failureOf(batch []Delivery, i int) error {
	var fault *messageError
	switch {
	case len(batch) == 1:
		return a.failure
	case errors.As(a.failure, &fault) && fault.digest != nil && *fault.digest == batch[i].Raw.Digest():
		return a.failure
	}
	return nil
}

// acceptAlone accepts one delivery, and sets it aside if it cannot be recorded as what it is. The parameter err is the
// error of an earlier attempt to accept this delivery, which acceptAlone then does not repeat; nil means that there was
// none.
func (a *singly) acceptAlone(ctx context.Context, one []Delivery, err error) (Outcome, error) {
	if err == nil {
		var outcomes []Outcome
		if outcomes, err = a.try(ctx, one, a.decider); err == nil {
			a.store.noteRecorded(a.mailbox, outcomes)
			return outcomes[0], nil
		}
	}
	reason, ok := reasonToSetAside(err)
	if !ok {
		return Outcome{}, err
	}
	constraint := constraintOf(err)
	if a.store.refusedTooOften(a.mailbox, constraint) {
		return Outcome{}, &constraintError{constraint, err}
	}
	outcomes, asideErr := a.try(ctx, one, asideDecider{a.decider, reason})
	if asideErr != nil {
		return Outcome{}, fmt.Errorf("set aside: %w; the message could not be recorded: %w", asideErr, err)
	}
	a.store.noteRefused(a.mailbox, constraint)
	return outcomes[0], nil
}

// try accepts one delivery in one transaction. If the batch failed because a row was locked, try waits only briefly for
// the rows of requests.
func (a *singly) try(ctx context.Context, one []Delivery, decider Decider) ([]Outcome, error) {
	return a.store.acceptIn(ctx, one, func(j *Journal) *acceptance {
		begun := j.acceptance(a.mailbox, len(one), decider)
		begun.impatient = errors.Is(a.failure, ErrLocked)
		return begun
	})
}
