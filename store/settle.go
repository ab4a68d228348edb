package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// carrierEvent is an event that carries messages which were set aside, locked to the end of the transaction.
type carrierEvent struct {
	number  int64
	team    int64
	state   processor.RequestState
	problem *Problem // that is open for it, nil for none
}

// lockAside locks an event that carries messages, and first its problem: acceptances take these locks in that order. It waits briefly
// for each, as the rest of the transaction does: a person can try again, and meanwhile neither other messages nor the mailbox wait.
func (j *Journal) lockAside(ctx context.Context, event int64) (*carrierEvent, error) {
	if _, err := j.tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, milliseconds(j.store.briefLockTime)); err != nil {
		return nil, j.note(err)
	}
	e := &carrierEvent{number: event}
	var key ProblemKey
	err := j.tx.QueryRow(ctx, `SELECT kind, source FROM problem WHERE event_id = $1 AND kind = $2 AND closed_at IS NULL`,
		event, string(ProblemMessage)).Scan(&key.Kind, &key.Source)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return nil, j.note(err)
	default:
		if e.problem, err = j.FindProblem(ctx, key); err != nil {
			return nil, err
		}
		if e.problem != nil && e.problem.Event != event { // closed in between, and open again with another event
			e.problem = nil
		}
	}
	_, e.state, e.team, err = j.stateOf(ctx, event)
	return e, err
}

// settleAside sends statements that settle a message, writes the history of that, and closes the event if no other of its
// messages waits.
func (j *Journal) settleAside(ctx context.Context, b *pgx.Batch, e *carrierEvent, c change) error {
	c.request = e.number
	var t historyRows
	t.add(c)
	t.queue(b, j)
	if err := j.send(ctx, b); err != nil {
		return err
	}
	waiting, err := j.asideWith(ctx, e.number)
	if err != nil || waiting > 0 {
		return err
	}
	why := processor.NewReason(c.reason.Code, "no message of this event waits any more: each was recorded or discarded")
	if e.problem != nil {
		return j.CloseProblem(ctx, e.problem, why, nil)
	}
	_, err = j.SetState(ctx, StateChange{Request: e.number, State: processor.StateProcessed, Reason: why})
	return err
}

// asideWith returns how many messages are set aside with an event and neither replayed nor discarded.
func (j *Journal) asideWith(ctx context.Context, event int64) (n int, err error) {
	err = j.tx.QueryRow(ctx, `SELECT count(*) FROM set_aside WHERE event_id = $1 AND state = 'waiting'`, event).Scan(&n)
	return n, j.note(err)
}

// Discard notes that a message that was set aside will not be recorded, as the Journal's author has decided for a reason. Its
// octets and its receipt are kept. The event becomes processed, and its problem is closed, when no other of its messages
// waits. Discard returns the number of the event. The error is ErrUnknown if there is no such message, and a *SettledError if
// it is replayed or discarded already.
func (j *Journal) Discard(ctx context.Context, id int64, reason string) (event int64, err error) {
	if strings.TrimSpace(reason) == "" {
		return 0, errors.New("discard: no reason is given")
	}
	err = j.tx.QueryRow(ctx, `SELECT event_id FROM set_aside WHERE id = $1`, id).Scan(&event)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("the message %d that was set aside %w", id, ErrUnknown)
	case err != nil:
		return 0, j.note(err)
	}
	e, err := j.lockAside(ctx, event)
	if err != nil {
		return 0, err
	}
	var state AsideState // as the lock shows it
	if err := j.tx.QueryRow(ctx, `SELECT state FROM set_aside WHERE id = $1`, id).Scan(&state); err != nil {
		return 0, j.note(err)
	}
	if state != Waiting {
		return 0, &SettledError{id, state}
	}
	var b pgx.Batch
	b.Queue(`UPDATE set_aside SET state = 'discarded', settled_at = $2, settled_by_id = $3, remark = $4 WHERE id = $1`,
		id, j.now, j.author.ID, capped(reason, maxDetail))
	why := processor.NewReason(processor.ReasonPerson, fmt.Sprintf("message %d: %s", id, reason))
	return event, j.settleAside(ctx, &b, e, change{what: historyDiscarded, reason: why})
}
