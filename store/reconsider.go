package store

import (
	"cmp"
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
	ID      int64  // its number among the messages set aside
	Event   int64  // the number of the event that carries it, itself or as an activity
	Mailbox string // the name of the mailbox that it was in
	Raw     *RawFile
}

// ErrNotAside says that an event carries no message that is still set aside.
var ErrNotAside = errors.New("no message is set aside with this event")

// ErrProcessed says that an event is marked as processed: a person may have recorded its messages by hand.
var ErrProcessed = errors.New("the event is marked as processed: its message may have been recorded by hand")

// AsidesOf returns the numbers of the messages that wait with an event. The error is ErrNotAside if there is none.
func (s *Store) AsidesOf(ctx context.Context, event int64) ([]int64, error) {
	rows, _ := s.pool.Query(ctx, `SELECT id FROM set_aside WHERE event_id = $1 AND state = 'waiting' ORDER BY id`, event)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	switch {
	case err != nil:
		return nil, fmt.Errorf("event %d: %w", event, unavailable(ctx, err))
	case len(ids) == 0:
		return nil, fmt.Errorf("event %d: %w", event, ErrNotAside)
	}
	return ids, nil
}

// AsideState says what became of a message that was set aside.
type AsideState string

// The states of a message that was set aside.
const (
	Waiting   AsideState = "waiting"
	Replayed  AsideState = "replayed"  // it was recorded after all
	Discarded AsideState = "discarded" // a person decided that it is not recorded; its octets are kept
)

// SettledError says that a message that was set aside is replayed or discarded already.
type SettledError struct {
	ID    int64
	State AsideState
}

// Error implements error.
func (e *SettledError) Error() string { return fmt.Sprintf("message %d is %s already", e.ID, e.State) }

// Hint returns what a person can do.
func (e *SettledError) Hint() string {
	hint := fmt.Sprintf("run mailintegration setaside show %d to see what became of it", e.ID)
	if e.State == Discarded {
		hint += "; to record it all the same, use --again"
	}
	return hint
}

// OpenAside opens a message that was set aside, whatever became of it since. The caller must close its Raw. The error is
// ErrUnknown if there is none with the number; fs.ErrNotExist, ErrDamaged or ErrHanging if its file cannot be read.
func (s *Store) OpenAside(ctx context.Context, id int64) (*Aside, error) {
	a := Aside{ID: id}
	var digest []byte
	var size int64
	err := s.pool.QueryRow(ctx, `SELECT s.event_id, m.name, s.digest, r.octets FROM set_aside s JOIN mailbox m ON m.id = s.mailbox_id
		JOIN receipt r ON r.mailbox_id = s.mailbox_id AND r.digest = s.digest WHERE s.id = $1`, id).Scan(&a.Event, &a.Mailbox, &digest, &size)
	f, err := s.openFile(ctx, fmt.Sprintf("the message %d that was set aside", id), digest, size, err)
	if err != nil {
		return nil, err
	}
	a.Raw = &RawFile{File: f, size: size, digest: [sha256.Size]byte(digest)}
	return &a, nil
}

// ErrOtherTeam says that a mailbox has got another team since its message was set aside.
var ErrOtherTeam = errors.New("the event belongs to another team than its mailbox does now")

// StillAsideError says that a message that was set aside still cannot be recorded as what it is.
type StillAsideError struct{ Reason processor.Reason }

// Error implements error.
func (e *StillAsideError) Error() string {
	return "the message still cannot be recorded: " + e.Reason.Detail()
}

// Reconsideration says how to decide again about a message that was set aside.
type Reconsideration struct {
	Again  bool           // although its event is marked as processed, or the message was discarded
	By     processor.User // who wants it, for the history; the mailbox's Login if it is zero
	Remark string         // for the history, "" for none
}

// Reconsider asks the decider again about a message that was set aside, now parsed as m, and records the decision: the
// receipt gets the new result. The event becomes processed, and its problem is closed, when no other of its messages
// waits. The error is ErrProcessed if somebody has marked the event as processed before, and a *SettledError if the message
// is replayed or discarded already. All of this is one transaction: after any error, also a *StillAsideError, nothing has
// changed.
func (s *Store) Reconsider(ctx context.Context, mb Mailbox, aside *Aside, m *processor.Message, decider Decider, how Reconsideration) (
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
		if known, ok := met[aside.Raw.digest]; !ok || known.outcome.Result != SetAside {
			return &SettledError{aside.ID, Replayed} // somebody else has recorded it since OpenAside
		}
		e, err := a.lockAside(ctx, aside.Event)
		if err != nil {
			return err
		}
		if e.team != a.mailbox.Team.ID {
			return fmt.Errorf("mailbox %s: %w", a.mailbox.Name, ErrOtherTeam)
		}
		if e.state == processor.StateProcessed && !how.Again {
			return ErrProcessed
		}
		old, err := a.takeReceipt(ctx, aside, how.Again)
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
		a.author = cmp.Or(how.By, a.author)
		return a.replayed(ctx, aside, e, old, outcome, how.Remark)
	})
	var fault *messageError
	if errors.As(err, &fault) { // a panic outside of accept
		err = &StillAsideError{fault.reason}
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("event %d, message %d: %w", aside.Event, aside.ID, blameReferences(err))
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

// receipt holds the columns of a receipt, and of the row of set_aside, that stay the same when their message is
// reconsidered, because the message was accepted when it was set aside.
type receipt struct {
	uidl       string
	acceptedAt time.Time
	times      int

	activity                                           *int64
	reason, detail, subject, senderName, senderAddress string
	at                                                 time.Time
}

// takeReceipt deletes the receipt of a message that was set aside, so that the message is new within the transaction,
// and returns the columns to keep. A message that was discarded may be taken only again.
func (a *acceptance) takeReceipt(ctx context.Context, aside *Aside, again bool) (old receipt, err error) {
	var b pgx.Batch
	var state AsideState
	b.Queue(`DELETE FROM set_aside WHERE id = $1 AND mailbox_id = $2
		RETURNING state, activity_id, reason, detail, subject, sender_name, sender_address, at`, aside.ID, a.mailbox.ID).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&state, &old.activity, &old.reason, &old.detail, &old.subject, &old.senderName, &old.senderAddress, &old.at)
		})
	b.Queue(`DELETE FROM receipt WHERE mailbox_id = $1 AND digest = $2 RETURNING uidl, accepted_at, times_seen`,
		a.mailbox.ID, aside.Raw.digest[:]).
		QueryRow(func(row pgx.Row) error { return row.Scan(&old.uidl, &old.acceptedAt, &old.times) })
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		return receipt{}, fmt.Errorf("receipt of mailbox %s: %w", a.mailbox.Name, err)
	}
	if state == Discarded && !again {
		return receipt{}, &SettledError{aside.ID, state}
	}
	return old, nil
}

// replayed notes what became of a message that was set aside, copies the columns of the old rows to the new ones, and closes
// the event if no other of its messages waits.
func (a *acceptance) replayed(ctx context.Context, aside *Aside, e *carrierEvent, old receipt, o Outcome, remark string) error {
	detail := fmt.Sprintf("message %d that was set aside was recorded after all: %s", aside.ID, o.Result)
	if o.Request != 0 {
		detail += fmt.Sprintf(" %d", o.Request)
	}
	if remark != "" {
		detail += " (" + remark + ")"
	}
	var b pgx.Batch
	b.Queue(`INSERT INTO set_aside (id, mailbox_id, digest, event_id, activity_id, reason, detail, at, subject, sender_name, sender_address,
			state, settled_at, settled_by_id)
		OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'replayed', $12, $13)`,
		aside.ID, a.mailbox.ID, aside.Raw.digest[:], aside.Event, old.activity, old.reason, old.detail, old.at, old.subject, old.senderName,
		old.senderAddress, a.now, a.author.ID)
	b.Queue(`UPDATE receipt SET uidl = $3, accepted_at = $4, times_seen = $5 WHERE mailbox_id = $1 AND digest = $2`,
		a.mailbox.ID, aside.Raw.digest[:], old.uidl, old.acceptedAt, old.times)
	return a.settleAside(ctx, &b, e, change{what: historyReplayed, reason: processor.NewReason(processor.ReasonReconsidered, detail)})
}
