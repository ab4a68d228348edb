package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// StateChange puts a request into another state.
type StateChange struct {
	Reason   processor.Reason // for the history
	Request  int64            // number of the request
	Activity int64            // the activity that it is about, 0 for none
	State    processor.RequestState
}

// statesOf are the states that requests of a kind can have.
var statesOf = map[processor.RequestKind][]processor.RequestState{
	processor.Incident:       statesOfWork,
	processor.ServiceRequest: statesOfWork,
	processor.Event:          {processor.StateNew, processor.StateInProgress, processor.StateProcessed},
}

// statesOfWork are the states of incidents and service requests.
var statesOfWork = []processor.RequestState{
	processor.StateNew, processor.StateOpen, processor.StatePending, processor.StateSuspended,
	processor.StateResolved, processor.StateClosed, processor.StateCancelled,
}

// reopened returns the state of a done request after somebody has written again.
func reopened(kind processor.RequestKind) processor.RequestState {
	if kind == processor.Event {
		return processor.StateNew
	}
	return processor.StateOpen
}

// stateOf locks a request to the end of the transaction and returns its kind, its state and the ID of its team. The error
// is ErrUnknown if there is none.
func (j *Journal) stateOf(ctx context.Context, number int64) (
	kind processor.RequestKind, state processor.RequestState, team int64, err error,
) {
	err = j.tx.QueryRow(ctx, `SELECT kind, state, team_id FROM request WHERE number = $1 FOR NO KEY UPDATE`, number).
		Scan(&kind, &state, &team)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", 0, fmt.Errorf("request %d %w", number, ErrUnknown)
	}
	return kind, state, team, j.note(err)
}

// checkState returns an error if a request of the kind cannot be in a state.
func checkState(kind processor.RequestKind, number int64, state processor.RequestState) error {
	if !slices.Contains(statesOf[kind], state) {
		return fmt.Errorf("%s %d cannot be %q", kind.Words(), number, state)
	}
	return nil
}

// stateRows are changes of states, column by column.
type stateRows struct {
	request, activity           []int64
	state, what, reason, detail []string
}

// The values of history.what for changes to a state in which somebody may work on a request. The others are the states themselves.
const (
	historyBegun    = "begun"    // somebody works on a new request
	historyResumed  = "resumed"  // the request was pending or suspended
	historyReturned = "returned" // nobody works on the request any more: it is new again
	historyReopened = "reopened" // the request was done
)

// historyOf returns the value of history.what for a change from one state to another.
func historyOf(from, to processor.RequestState) string {
	switch {
	case to.IsDone():
		return string(to)
	case from.IsDone():
		return historyReopened
	case to == processor.StatePending, to == processor.StateSuspended:
		return string(to)
	case to == processor.StateNew:
		return historyReturned
	case from == processor.StateNew:
		return historyBegun
	}
	return historyResumed
}

// add adds a change. The parameter what is its word in the history.
func (t *stateRows) add(c StateChange, what string) {
	t.request = append(t.request, c.Request)
	t.activity = append(t.activity, c.Activity)
	t.state = append(t.state, string(c.State))
	t.what = append(t.what, what)
	t.reason = append(t.reason, capped(string(c.Reason.Code), maxLine))
	t.detail = append(t.detail, capped(c.Reason.Detail(), maxDetail))
}

// queue queues the changes with their history, which is written only for a request that changes: another transaction may
// have put it into the state already, or reopened it.
func (t *stateRows) queue(b *pgx.Batch, j *Journal) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`WITH change AS (
			SELECT * FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
				AS c (request_id, activity, state, what, reason, detail)),
		changed AS (
			UPDATE request SET state = c.state, processed_at = CASE c.state WHEN 'processed' THEN $1::timestamptz END
			FROM change AS c WHERE request.number = c.request_id AND request.state <> c.state
				AND (c.what <> 'reopened' OR request.state IN ('resolved', 'closed', 'cancelled', 'processed'))
			RETURNING request.number)
		INSERT INTO history (at, author_id, request_id, activity_id, what, reason, detail)
		SELECT $1, $2, c.request_id, nullif(c.activity, 0), c.what, c.reason, c.detail
		FROM change AS c JOIN changed ON changed.number = c.request_id`,
		j.now, j.author.ID, t.request, t.activity, t.state, t.what, t.reason, t.detail)
}
