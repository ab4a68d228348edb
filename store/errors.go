package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"mailintegration/processor"
)

// ErrUnavailable says that PostgreSQL could not be reached or could not do its work. It is transient.
var ErrUnavailable = errors.New("the database is unavailable")

// ErrLocked says that another transaction holds a row that is needed: the mailbox's, which fails the whole batch, or a
// request's, which fails the message that needs it. It is transient.
var ErrLocked = errors.New("another transaction holds a row that is needed")

// ErrReferenceGone says that something the configuration names was removed from the database since Resolve. No message
// is at fault: resolve the names again and try again. When it comes back at once, one message may be at fault after all;
// Accept of batches of one message each finds out which.
var ErrReferenceGone = errors.New("something that the configuration names was removed from the database")

// unavailableError is an error of PostgreSQL or of the connection to it.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string        { return "database: " + e.err.Error() }
func (e *unavailableError) Unwrap() error        { return e.err }
func (e *unavailableError) Is(target error) bool { return target == ErrUnavailable }

// lockedError says that PostgreSQL did not grant a lock in time, or ended a deadlock.
type lockedError struct {
	err        error
	ofAcceptor bool // the lock is one that every acceptance for the mailbox needs
}

func (e *lockedError) Error() string        { return ErrLocked.Error() + ": " + e.err.Error() }
func (e *lockedError) Unwrap() error        { return e.err }
func (e *lockedError) Is(target error) bool { return target == ErrLocked }

// referenceError is a foreign key's refusal of a row that names reference data which is gone.
type referenceError struct{ err error }

func (e *referenceError) Error() string        { return ErrReferenceGone.Error() + ": " + e.err.Error() }
func (e *referenceError) Unwrap() error        { return e.err }
func (e *referenceError) Is(target error) bool { return target == ErrReferenceGone }

// messageError is a fault of one message, which is to be set aside for the reason given.
type messageError struct {
	reason processor.Reason
	digest *[32]byte // of the message, nil when it is not known which of the batch it is
}

func (e *messageError) Error() string { return e.reason.Detail() }

// IsUnexplained reports whether neither the state of the database or of the attachment directory, nor a lock, nor a
// reference that was removed, nor a name that is missing, nor a constraint that refuses everything, nor a stop explains
// err. It may then be due to the one message that it befell.
func IsUnexplained(err error) bool {
	var names *UnresolvedError
	return err != nil && !isExplained(err) && !errors.As(err, &names)
}

// isExplained reports whether others than the message explain an error.
func isExplained(err error) bool {
	for _, explanation := range []error{
		ErrUnavailable, ErrDirectory, ErrLocked, ErrReferenceGone, ErrConstraint, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, explanation) {
			return true
		}
	}
	return false
}

// unavailable marks an error of a connection as such. An end of ctx is the caller's doing, not the database's.
func unavailable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &unavailableError{err}
}

// stopped makes sure that an error which a stop brought about tells so.
func stopped(ctx context.Context, err error) error {
	if stop := ctx.Err(); !errors.Is(err, stop) {
		return fmt.Errorf("%w: %w", stop, err)
	}
	return err
}

func pgError(err error) (*pgconn.PgError, bool) {
	var pg *pgconn.PgError
	return pg, errors.As(err, &pg)
}

func class(pg *pgconn.PgError) string { return pg.Code[:min(2, len(pg.Code))] }
