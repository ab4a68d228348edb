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

// Classes of SQLSTATE, its first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	classConnection    = "08"
	classData          = "22"
	classIntegrity     = "23"
	classTxState       = "25"
	classAuthorization = "28"
	classCatalogName   = "3D"
	classRollback      = "40"
	classResources     = "53"
	classLimit         = "54"
	classState         = "55"
	classOperator      = "57"
	classSystem        = "58"
	classConfiguration = "F0"
	classInternal      = "XX"
)

// SQLSTATEs with a meaning of their own.
const (
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	statePrivilege     = "42501"
	stateLockTimeout   = "55P03"
)

// infrastructure are the classes that no message can be blamed for.
var infrastructure = []string{
	classConnection, classTxState, classAuthorization, classCatalogName, classRollback, classResources,
	classState, classOperator, classSystem, classConfiguration, classInternal,
}

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

// isOfMessage reports whether the cause may lie in what was to be recorded rather than in the infrastructure.
func isOfMessage(err error) bool {
	var fault *messageError
	if errors.As(err, &fault) {
		return true
	}
	pg, ok := pgError(err)
	return ok && pg.Code != statePrivilege && !slices.Contains(infrastructure, class(pg))
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
