package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mailintegration/processor"
)

// Classes of SQLSTATE, its first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	classConnection    = "08"
	classData          = "22"
	classIntegrity     = "23"
	classTransaction   = "25" // the transaction is read-only, or was idle for too long
	classAuthorization = "28"
	classCatalog       = "3D"
	classAccess        = "42" // a table or a privilege is missing
	classResources     = "53"
	classLimit         = "54"
	classIntervention  = "57" // the server stops or starts
	classSystem        = "58"
)

// ofDatabase are the classes of errors that the state of the database explains, so that no message is at fault. An
// error of a class that no list here names may be one message's fault.
var ofDatabase = []string{
	classConnection, classTransaction, classAuthorization, classCatalog, classAccess, classResources, classIntervention, classSystem,
}

// SQLSTATEs with a meaning of their own.
const (
	stateForeignKey    = "23503"
	stateUnique        = "23505"
	stateNotNull       = "23502"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateLockTimeout   = "55P03"
	stateCanceled      = "57014" // for instance a statement that took too long, which may be the message's fault
	stateReadOnly      = "25006" // the server takes no changes
	stateNoSuchSetting = "42704"
	stateNoSuchValue   = "22023"
	stateUnsupported   = "0A000" // BEGIN READ WRITE on a standby, among others
)

// ofRequests are the foreign keys to the rows that messages are recorded as. All others name reference data.
var ofRequests = []string{
	"activity_request_id_fkey", "attachment_request_id_activity_id_fkey", "attachment_request_id_fkey", "history_request_id_activity_id_fkey",
	"history_request_id_fkey", "outbox_request_id_fkey", "participant_request_id_fkey", "problem_event_id_fkey",
	"receipt_request_id_activity_id_fkey", "receipt_request_id_fkey", "request_field_request_id_fkey", "request_linked_to_id_fkey",
	"set_aside_event_id_activity_id_fkey", "set_aside_event_id_fkey", "set_aside_mailbox_id_digest_fkey", "thread_request_id_fkey",
}

// blame marks an error within a transaction as the fault of the database (ErrUnavailable) or of another transaction
// (ErrLocked). An error that a stop caused says so. A message's fault and an error of unknown cause stay as they are.
func (s *Store) blame(ctx context.Context, tx pgx.Tx, err error) error {
	var fault *messageError
	if err == nil || errors.As(err, &fault) {
		return err
	}
	if tx.Conn().IsClosed() {
		return s.blameDatabase(ctx, err)
	}
	if ctx.Err() != nil {
		return stopped(ctx, err)
	}
	if pg, ok := pgError(err); ok {
		s.leaveReadOnly(pg)
		return blameState(pg, err)
	}
	return err
}

// leaveReadOnly makes the pool open new connections when the server of a connection has turned read-only: another server
// takes the changes now, and the address leads there. Transactions that are under way keep their connections.
func (s *Store) leaveReadOnly(pg *pgconn.PgError) {
	if pg.Code == stateReadOnly && !s.readOnly {
		s.pool.Reset()
	}
}

// blameDatabase does the same as blame for an error on a lost connection or outside of a transaction, and takes every
// error without another explanation for the database's.
func (s *Store) blameDatabase(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return stopped(ctx, err)
	}
	var silent *silentError
	if errors.As(err, &silent) {
		s.pool.Reset() // the other connections are probably silent too
	}
	if pg, ok := pgError(err); ok {
		s.leaveReadOnly(pg)
		err = blameReferences(blameState(pg, err))
	}
	if errors.Is(err, ErrLocked) || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrReferenceGone) {
		return err
	}
	return &unavailableError{err}
}

// blameState marks an error as the fault of the database or of another transaction if its SQLSTATE says so.
func blameState(pg *pgconn.PgError, err error) error {
	switch {
	case errors.Is(err, ErrLocked), errors.Is(err, ErrUnavailable):
	case pg.Code == stateLockTimeout, isContention(err):
		return &lockedError{err: err}
	case isOfDatabase(pg):
		return &unavailableError{err}
	}
	return err
}

func isOfDatabase(pg *pgconn.PgError) bool {
	return pg.Code != stateCanceled && slices.Contains(ofDatabase, class(pg))
}

// isContention reports whether the transaction lost against another one, so that a second try will probably succeed.
func isContention(err error) bool {
	pg, ok := pgError(err)
	return ok && (pg.Code == stateSerialization || pg.Code == stateDeadlock)
}

// isLockTimeout reports whether another transaction held a lock for too long that this one needs.
func isLockTimeout(err error) bool {
	pg, ok := pgError(err)
	return ok && pg.Code == stateLockTimeout
}

// blameReferences marks an error as ErrReferenceGone when a foreign key to reference data refused a row. It serves the
// statements that record messages; others remove reference data on purpose.
func blameReferences(err error) error {
	pg, ok := pgError(err)
	if !ok || pg.Code != stateForeignKey || slices.Contains(ofRequests, pg.ConstraintName) {
		return err
	}
	return &referenceError{err}
}

// reasonToSetAside returns why a message that failed alone with err has to be set aside, or false when it has not:
// PostgreSQL refused its values (22), a constraint forbids its rows (23), a limit is too small for it (54), or our own
// code failed on it. The message is not at fault when somebody removed a row that it refers to (a foreign key's
// refusal), or when the sequence gave its number twice.
func reasonToSetAside(err error) (processor.Reason, bool) {
	var fault *messageError
	if errors.As(err, &fault) {
		return fault.reason, true
	}
	pg, ok := pgError(err)
	if !ok || pg.Code == stateForeignKey || isNumberTaken(err) ||
		!slices.Contains([]string{classData, classIntegrity, classLimit}, class(pg)) {
		return processor.Reason{}, false
	}
	detail := fmt.Sprintf("PostgreSQL refused to store the message: %s (SQLSTATE %s)", pg.Message, pg.Code)
	return processor.NewReason(processor.ReasonUnstorable, detail), true
}
