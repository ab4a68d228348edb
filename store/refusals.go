package store

import (
	"errors"
	"fmt"
	"sync"
)

// maxRefusals is how many messages in a row the store sets aside because one constraint refuses them. If the constraint
// refuses more, no message is at fault: somebody added it to the database, or something that it relies on has changed.
const maxRefusals = 2

// ErrConstraint says that a constraint refuses one message after another: a person has to look at the database.
var ErrConstraint = errors.New("a constraint of the database refuses one message after another")

// refusals remembers, by mailbox, the constraint that refused the last messages, and how many in a row.
type refusals struct {
	mu    sync.Mutex
	inRow map[int64]refusal
}

type refusal struct {
	constraint string
	times      int
}

// constraintError says that a message is not set aside because of a constraint that refuses one message after another.
type constraintError struct {
	constraint string
	err        error
}

// Unwrap returns PostgreSQL's error.
func (e *constraintError) Unwrap() error { return e.err }

// Is reports whether target is ErrConstraint.
func (e *constraintError) Is(target error) bool { return target == ErrConstraint }

func (e *constraintError) Error() string {
	return fmt.Sprintf("the constraint %s refuses one message after another: %v", e.constraint, e.err)
}

// constraintOf returns the name of the constraint that refused a message's rows: of NOT NULL, the table and the column.
// It returns "" for any other error.
func constraintOf(err error) string {
	pg, ok := pgError(err)
	switch {
	case !ok || class(pg) != classIntegrity:
		return ""
	case pg.ConstraintName == "" && pg.ColumnName != "":
		return pg.TableName + "." + pg.ColumnName
	}
	return pg.ConstraintName
}

// refusedTooOften reports whether the constraint has refused so many messages that it must not set aside another.
func (r *refusals) refusedTooOften(mb Mailbox, constraint string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.inRow[mb.ID]
	return constraint != "" && last.constraint == constraint && last.times >= maxRefusals
}

// noteRefused counts a message that was set aside because of the constraint. When that is "", the count begins again.
func (r *refusals) noteRefused(mb Mailbox, constraint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if constraint == "" {
		delete(r.inRow, mb.ID)
		return
	}
	if r.inRow == nil {
		r.inRow = map[int64]refusal{}
	}
	last := r.inRow[mb.ID]
	if last.constraint != constraint {
		last = refusal{constraint: constraint}
	}
	last.times++
	r.inRow[mb.ID] = last
}

// noteRecorded begins the count again when one of the accepted messages was recorded as what it is.
func (r *refusals) noteRecorded(mb Mailbox, outcomes []Outcome) {
	for _, o := range outcomes {
		if !o.Known && o.Result != SetAside {
			r.noteRefused(mb, "")
			return
		}
	}
}
