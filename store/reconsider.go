package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Aside is a message that was set aside.
type Aside struct {
	Event   int64  // the event that carries it
	Mailbox string // the name of the one that it was in
	Raw     KeptRaw

	uidl string
}

// KeptRaw is a message in the attachment directory. It implements Raw.
type KeptRaw struct {
	*os.File
	size   int64
	digest [sha256.Size]byte
}

// Size implements Raw.
func (r KeptRaw) Size() int64 { return r.size }

// Digest implements Raw.
func (r KeptRaw) Digest() [sha256.Size]byte { return r.digest }

// OpenAside opens the message that an event carries, which is to be closed by its Raw. It returns ErrUnknown when the
// event carries none, or one that has been recorded since.
func (s *Store) OpenAside(ctx context.Context, event int64) (*Aside, error) {
	a := Aside{Event: event}
	var digest []byte
	err := s.pool.QueryRow(ctx, `SELECT m.name, r.uidl, s.digest
		FROM set_aside s JOIN receipt r USING (mailbox_id, digest) JOIN mailbox m ON m.id = s.mailbox_id
		WHERE s.event = $1`, event).Scan(&a.Mailbox, &a.uidl, &digest)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("message set aside with event %d %w", event, ErrUnknown)
	case err != nil:
		return nil, fmt.Errorf("message set aside with event %d: %w", event, unavailable(ctx, err))
	}
	if a.Raw, err = s.contents.open([sha256.Size]byte(digest)); err != nil {
		return nil, fmt.Errorf("message set aside with event %d: %w", event, err)
	}
	return &a, nil
}

// open opens a message that is kept under its digest.
func (c contents) open(digest [sha256.Size]byte) (KeptRaw, error) {
	f, err := os.Open(c.path(digest))
	if err != nil {
		return KeptRaw{}, err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err == nil && [sha256.Size]byte(hash.Sum(nil)) != digest {
		err = fmt.Errorf("%s is damaged: its SHA-256 is not its name", f.Name())
	}
	if err != nil {
		f.Close()
		return KeptRaw{}, err
	}
	return KeptRaw{File: f, size: size, digest: digest}, nil
}

// StillAsideError says that a message that was set aside still cannot be recorded as what it is.
type StillAsideError struct{ Reason processor.Reason }

// Error implements error.
func (e *StillAsideError) Error() string {
	return "it still cannot be recorded: " + e.Reason.Detail
}

// Reconsider decides once more about a message that was set aside, as m is now read, and records what is decided: then
// its receipt says what became of it and the event is processed. All of it is one transaction; when there is an error,
// a *StillAsideError among them, nothing has changed.
func (s *Store) Reconsider(ctx context.Context, mb Mailbox, aside *Aside, m *processor.Message, decider processor.Decider) (Outcome, error) {
	var outcome Outcome
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		batch := []Delivery{{UIDL: aside.uidl, Message: m, Raw: aside.Raw}}
		a := s.acceptance(tx, mb, len(batch), decider)
		met, err := a.receipts(ctx, batch)
		if err != nil {
			return err
		}
		if known, ok := met[aside.Raw.digest]; !ok || known.outcome.Outcome != SetAside || known.outcome.Request != aside.Event {
			return fmt.Errorf("message set aside with event %d %w", aside.Event, ErrUnknown) // somebody was faster
		}
		if err := a.forget(ctx, aside); err != nil {
			return err
		}
		if err := a.accept(ctx, batch, nil); err != nil {
			return err
		}
		if outcome = a.outcomes[0]; outcome.Outcome == SetAside {
			return &StillAsideError{outcome.Decision.Why()}
		}
		return a.process(ctx, aside.Event, outcome)
	})
	if reason, ok := reasonToSetAside(err); ok {
		err = &StillAsideError{reason}
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("reconsider: %w", err)
	}
	return outcome, nil
}

// forget takes back the receipt of a message that was set aside, so that it is new within the transaction.
func (a *acceptance) forget(ctx context.Context, aside *Aside) error {
	var b pgx.Batch
	b.Queue(`DELETE FROM set_aside WHERE mailbox_id = $1 AND digest = $2`, a.mailbox.ID, aside.Raw.digest[:])
	b.Queue(`DELETE FROM receipt WHERE mailbox_id = $1 AND digest = $2`, a.mailbox.ID, aside.Raw.digest[:])
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("receipt of mailbox %s: %w", a.mailbox.Name, err)
	}
	return nil
}

// process notes with the event that carried a message what became of it.
func (a *acceptance) process(ctx context.Context, event int64, o Outcome) error {
	detail := "the message that was set aside was recorded after all: " + o.Outcome
	if o.Request != 0 {
		detail += fmt.Sprintf(" %d", o.Request)
	}
	var b pgx.Batch
	b.Queue(`UPDATE request SET state = 'processed', processed_at = $2 WHERE number = $1 AND state <> 'processed'`, event, a.now)
	b.Queue(`INSERT INTO history (at, author_id, request, what, reason, detail) VALUES ($1, $2, $3, 'processed', $4, $5)`,
		a.now, a.mailbox.Login.ID, event, string(processor.ReasonReconsidered), detail)
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("event %d: %w", event, err)
	}
	return nil
}
