package daemon

import (
	"cmp"
	"context"
	"errors"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// Hint returns one sentence about what a person can do about err, "" when it knows none.
func Hint(err error) string { return cmp.Or(mailbox.Hint(err), store.Hint(err)) }

// ProblemError says that a mailbox cannot be polled as it is configured.
type ProblemError struct{ Err error }

func (e *ProblemError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the configuration.
func (e *ProblemError) Unwrap() error { return e.Err }

// needsPerson reports whether waiting does not help against err: a person has to act.
func needsPerson(err error) bool {
	var names *store.UnresolvedError
	var problem *ProblemError
	return mailbox.IsPermanentForMailbox(err) || errors.Is(err, store.ErrConstraint) ||
		errors.As(err, &names) || errors.As(err, &problem)
}

// lastingError is the error of a poll whose messages had all failed in earlier polls.
type lastingError struct{ err error }

func (e *lastingError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *lastingError) Unwrap() error { return e.err }

// isLasting reports whether a poll failed like those before it, on messages that no other mail has to wait for.
func isLasting(err error) bool {
	var lasting *lastingError
	return errors.As(err, &lasting)
}

// errPaused ends a poll that would begin a session while the daemon knows that the database cannot be used.
var errPaused = errors.New("the poll was put off: the database cannot be used at the moment")

// isInterruption reports whether a stop, a lost lease or the pause of all polls has ended a poll: nothing was wrong with the
// mailbox.
func isInterruption(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errLeaseLost) || errors.Is(err, errPaused)
}
