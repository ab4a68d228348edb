package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// maxUnexplained is how many messages in a row may fail for a reason that nobody knows before it is taken for one that
// all of them share.
const maxUnexplained = 2

// singly accepts the messages of a batch one by one, because together they failed.
type singly struct {
	store   *Store
	mailbox Mailbox
	decider Decider
	failure error // of the batch
}

// accept accepts each delivery in a transaction of its own. With an error come the outcomes of those before it.
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
			return outcomes[:i+1], fmt.Errorf("%d messages in a row: %w", failed, err)
		}
	}
	return outcomes, nil
}

// failureOf returns the failure of the batch when it is known to be that of one of its messages, nil otherwise.
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

// acceptAlone accepts one delivery and sets it aside when it cannot be recorded as what it is. When err is not nil, that
// has been tried.
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
		return Outcome{}, fmt.Errorf("set aside: %w, after: %w", asideErr, err)
	}
	a.store.noteRefused(a.mailbox, constraint)
	return outcomes[0], nil
}

// try accepts one delivery in one transaction. The rows of requests are waited for briefly when they were in vain before.
func (a *singly) try(ctx context.Context, one []Delivery, decider Decider) ([]Outcome, error) {
	return a.store.acceptIn(ctx, one, func(tx pgx.Tx) *acceptance {
		begun := a.store.acceptance(tx, a.mailbox, len(one), decider)
		begun.impatient = errors.Is(a.failure, ErrLocked)
		return begun
	})
}
