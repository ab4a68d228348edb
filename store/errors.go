package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"mailintegration/processor"
)

// ErrUnavailable is what errors.Is finds in an error that says that PostgreSQL could not be reached or could not do
// its work. It is transient.
var ErrUnavailable = errors.New("the database is unavailable")

// ErrLocked says that another transaction holds a row that is needed: the mailbox's, which fails the whole batch, or a
// request's, which fails the message that needs it. It is transient.
var ErrLocked = errors.New("another transaction holds a row that is needed")

// ErrReferenceGone says that something the configuration names was removed from the database since Resolve. No message
// is at fault: resolve the names again and try again.
var ErrReferenceGone = errors.New("something that the configuration names was removed from the database")

// Classes of SQLSTATE, its first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	classTriggered   = "09"
	classCardinality = "21"
	classData        = "22"
	classIntegrity   = "23"
	classDataChange  = "27"
	classExternal    = "38"
	classInvocation  = "39"
	classCheckOption = "44"
	classLimit       = "54"
	classRaised      = "P0"
)

// ofValues are the classes that may be due to the values that were to be stored: by their own nature, or because an
// administrator's trigger says so. All other classes are due to the server, the connection, the privileges or the
// schema, and no message can be blamed for them.
var ofValues = []string{
	classTriggered, classCardinality, classData, classIntegrity, classDataChange, classExternal, classInvocation,
	classCheckOption, classLimit, classRaised,
}

// SQLSTATEs with a meaning of their own.
const (
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateLockTimeout   = "55P03"
)

// unavailableError is an error of PostgreSQL or of the connection to it.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string        { return "database: " + e.err.Error() }
func (e *unavailableError) Unwrap() error        { return e.err }
func (e *unavailableError) Is(target error) bool { return target == ErrUnavailable }

// messageError is a fault of one message, which is to be set aside for the reason given.
type messageError struct{ reason processor.Reason }

func (e *messageError) Error() string { return e.reason.Detail }

// IsTransient reports whether waiting may help: true for everything but a refusal of what was to be recorded and
// for names that are not in the database. An error that is not known is transient, so that no mail is dropped by
// ignorance.
func IsTransient(err error) bool {
	var names *UnresolvedError
	return err != nil && !isOfMessage(err) && !errors.As(err, &names)
}

// IsUnexplained reports whether neither the state of the database, nor a lock, nor a reference that was removed, nor a
// name that is missing, nor a stop explains err. It may then be due to the one message that it befell.
func IsUnexplained(err error) bool {
	if err == nil {
		return false
	}
	var names *UnresolvedError
	for _, explanation := range []error{ErrUnavailable, ErrLocked, ErrReferenceGone, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, explanation) {
			return false
		}
	}
	return !errors.As(err, &names)
}

// isOfMessage reports whether the cause may lie in what was to be recorded rather than in the infrastructure.
func isOfMessage(err error) bool {
	var fault *messageError
	if errors.As(err, &fault) {
		return true
	}
	pg, ok := pgError(err)
	return ok && slices.Contains(ofValues, class(pg))
}

// reasonToSetAside says why a message that failed alone with err is to be set aside, false when it is not:
// PostgreSQL refused its values (22), a constraint forbids its rows (23), a limit is too small for it (54),
// or our own code failed on it.
func reasonToSetAside(err error) (processor.Reason, bool) {
	var fault *messageError
	if errors.As(err, &fault) {
		return fault.reason, true
	}
	pg, ok := pgError(err)
	if !ok || !slices.Contains([]string{classData, classIntegrity, classLimit}, class(pg)) {
		return processor.Reason{}, false
	}
	detail := fmt.Sprintf("PostgreSQL refused to store the message: %s (SQLSTATE %s)", pg.Message, pg.Code)
	return processor.Reason{Code: processor.ReasonUnstorable, Detail: detail}, true
}

// isContention reports whether the transaction lost to another one and will likely pass when it is tried again.
func isContention(err error) bool {
	pg, ok := pgError(err)
	return ok && (pg.Code == stateSerialization || pg.Code == stateDeadlock)
}

// unavailable marks an error of a connection as such. An end of ctx is the caller's doing, not the database's.
func unavailable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &unavailableError{err}
}

func pgError(err error) (*pgconn.PgError, bool) {
	var pg *pgconn.PgError
	return pg, errors.As(err, &pg)
}

func class(pg *pgconn.PgError) string { return pg.Code[:min(2, len(pg.Code))] }

// isLockTimeout reports whether a row that the transaction needs was locked by another for too long: the messages that
// do not need it can be accepted.
func isLockTimeout(err error) bool {
	pg, ok := pgError(err)
	return ok && pg.Code == stateLockTimeout
}
