package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Aside is a message that was set aside.
type Aside struct {
	Event   int64  // the number of the event that carries it
	Mailbox string // the name of the mailbox that it was in
	Raw     *RawFile
}

// ErrNotAside says that an event carries no message that was set aside, or that the message has been recorded since.
var ErrNotAside = errors.New("no message is set aside with this event")

// ErrProcessed says that an event is marked as processed: a person may have recorded its message by hand.
var ErrProcessed = errors.New("the event is marked as processed: its message may have been recorded by hand")

// OpenAside opens the message that an event carries. The caller must close its Raw. The error is ErrNotAside if the
// event carries none.
func (s *Store) OpenAside(ctx context.Context, event int64) (*Aside, error) {
	a := Aside{Event: event}
	var digest []byte
	err := s.pool.QueryRow(ctx, `SELECT m.name, s.digest FROM set_aside s JOIN mailbox m ON m.id = s.mailbox_id
		WHERE s.event_id = $1`, event).Scan(&a.Mailbox, &digest)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("event %d: %w", event, ErrNotAside)
	case err != nil:
		return nil, fmt.Errorf("event %d: %w", event, unavailable(ctx, err))
	}
	if a.Raw, err = s.attachments.open([sha256.Size]byte(digest)); err != nil {
		return nil, fmt.Errorf("event %d: the message that was set aside: %w", event, err)
	}
	return &a, nil
}

// open opens the raw message that the directory keeps under a digest, and checks that the file has this digest.
func (d attachmentDirectory) open(digest [sha256.Size]byte) (*RawFile, error) {
	f, err := OpenRaw(d.path(digest))
	if err != nil {
		return nil, err
	}
	if f.digest != digest {
		f.Close()
		return nil, fmt.Errorf("%s does not hold the whole message: the file is damaged, or only the header was kept", f.Name())
	}
	return f, nil
}

// StillAsideError says that a message that was set aside still cannot be recorded as what it is.
type StillAsideError struct{ Reason processor.Reason }

// Error implements error.
func (e *StillAsideError) Error() string {
	return "the message still cannot be recorded: " + e.Reason.Detail()
}

// Reconsider asks the decider again about a message that was set aside, now parsed as m, and records the decision: the
// receipt gets the new result, and the event becomes processed. With again, the event may be processed already;
// otherwise that is ErrProcessed. All of this is one transaction: after any error, also ErrNotAside or a
// *StillAsideError, nothing has changed.
func (s *Store) Reconsider(ctx context.Context, mb Mailbox, aside *Aside, m *processor.Message, decider Decider, again bool) (
	Outcome, error,
) {
	var outcome Outcome
	batch := []Delivery{{Message: m, Raw: aside.Raw}}
	err := s.inJournal(ctx, growing(idleTime, octetsOf(batch)), func(j *Journal) (err error) {
		defer recoverFault(&err)
		a := j.acceptance(mb, len(batch), decider)
		a.reconsiders = true
		met, err := a.receipts(ctx, batch)
		if err != nil {
			return err
		}
		if known, ok := met[aside.Raw.digest]; !ok || known.outcome.Result != SetAside || known.outcome.Request != aside.Event {
			return ErrNotAside // somebody else has recorded it since OpenAside
		}
		state, err := a.lockEvent(ctx, aside.Event)
		if err != nil {
			return err
		}
		if state == processor.StateProcessed && !again {
			return ErrProcessed
		}
		old, err := a.takeReceipt(ctx, aside)
		if err != nil {
			return err
		}
		err = a.accept(ctx, batch, nil)
		if reason, ok := reasonToSetAside(err); ok {
			return &StillAsideError{reason}
		}
		if err != nil {
			return err
		}
		outcome = a.outcomes[0]
		return a.process(ctx, aside, state, old, outcome)
	})
	var fault *messageError
	if errors.As(err, &fault) { // a panic outside of accept
		err = &StillAsideError{fault.reason}
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("event %d: %w", aside.Event, blameReferences(err))
	}
	return outcome, nil
}

// checkReconsidered returns a *StillAsideError if a reconsideration decided to set its message aside again, nil in all
// other cases.
func (a *acceptance) checkReconsidered(records []*record) error {
	if a.reconsiders && len(records) > 0 && records[0].outcome() == SetAside {
		return &StillAsideError{records[0].decision.Why()}
	}
	return nil
}

// lockEvent checks that the event is of the mailbox's team, locks it to the end of the transaction, and returns its state.
func (a *acceptance) lockEvent(ctx context.Context, event int64) (processor.RequestState, error) {
	_, state, team, err := a.stateOf(ctx, event)
	if err == nil && team != a.mailbox.Team.ID {
		err = fmt.Errorf("the event belongs to another team than mailbox %s does now", a.mailbox.Name)
	}
	return state, err
}

// receipt holds the columns of a receipt that stay the same when its message is reconsidered, because the message was
// accepted when it was set aside.
type receipt struct {
	uidl       string
	acceptedAt time.Time
	times      int
}

// takeReceipt deletes the receipt of a message that was set aside, so that the message is new within the transaction,
// and returns the columns to keep.
func (a *acceptance) takeReceipt(ctx context.Context, aside *Aside) (old receipt, err error) {
	var b pgx.Batch
	b.Queue(`DELETE FROM set_aside WHERE mailbox_id = $1 AND digest = $2`, a.mailbox.ID, aside.Raw.digest[:])
	b.Queue(`DELETE FROM receipt WHERE mailbox_id = $1 AND digest = $2 RETURNING uidl, accepted_at, times_seen`,
		a.mailbox.ID, aside.Raw.digest[:]).
		QueryRow(func(row pgx.Row) error { return row.Scan(&old.uidl, &old.acceptedAt, &old.times) })
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		return receipt{}, fmt.Errorf("receipt of mailbox %s: %w", a.mailbox.Name, err)
	}
	return old, nil
}

// process marks the event as processed unless it is already, notes in its history what became of the message, and copies
// the columns of the old receipt to the new one.
func (a *acceptance) process(ctx context.Context, aside *Aside, state processor.RequestState, old receipt, o Outcome) error {
	detail := "the message that was set aside was recorded after all: " + o.Result
	if o.Request != 0 {
		detail += fmt.Sprintf(" %d", o.Request)
	}
	why := processor.NewReason(processor.ReasonReconsidered, detail)
	var t entryRows
	if state == processor.StateProcessed {
		t.history.add(change{request: aside.Event, what: string(processor.StateProcessed), reason: why})
	} else {
		t.states.add(StateChange{Request: aside.Event, State: processor.StateProcessed, Reason: why}, string(processor.StateProcessed))
	}
	var b pgx.Batch
	t.queue(&b, a.Journal)
	b.Queue(`UPDATE receipt SET uidl = $3, accepted_at = $4, times_seen = $5 WHERE mailbox_id = $1 AND digest = $2`,
		a.mailbox.ID, aside.Raw.digest[:], old.uidl, old.acceptedAt, old.times)
	return a.send(ctx, &b)
}
