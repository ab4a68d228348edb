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

// ErrLocked says that another transaction holds a row that this one needs: the mailbox's, which fails the whole batch,
// or a request's, which fails the message that needs it. It is transient.
var ErrLocked = errors.New("another transaction holds a row that this one needs")

// ErrReferenceGone says that something the configuration names was removed from the database since Resolve. No message
// is at fault: resolve the names and try again. If the error comes back at once, one message may be at fault after all;
// accept the messages in batches of one to find out which.
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

// referenceError says that a foreign key refused a row because the reference data that it names is gone.
type referenceError struct{ err error }

func (e *referenceError) Error() string        { return ErrReferenceGone.Error() + ": " + e.err.Error() }
func (e *referenceError) Unwrap() error        { return e.err }
func (e *referenceError) Is(target error) bool { return target == ErrReferenceGone }

// messageError says that one message is at fault and has to be set aside for the reason.
type messageError struct {
	reason processor.Reason
	digest *[32]byte // of the message, nil when it may be any message of the batch
}

func (e *messageError) Error() string { return e.reason.Detail() }

// IsUnexplained reports whether err may be the fault of the one message that failed with it. It may not when the state
// of the database or of the attachment directory explains it, a lock, a removed reference, a missing name, a constraint
// that refuses everything, or a stop.
func IsUnexplained(err error) bool {
	var names *UnresolvedError
	return err != nil && !isExplained(err) && !errors.As(err, &names)
}

// isExplained reports whether something other than the message explains an error.
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

// unavailable marks an error as ErrUnavailable, unless ctx has ended: that is the caller's doing, not the database's.
func unavailable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &unavailableError{err}
}

// stopped returns err together with the error of ctx, whose end caused it.
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
