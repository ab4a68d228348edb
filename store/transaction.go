package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxAttempts bounds how often a transaction that lost to another one is tried.
const maxAttempts = 5

// inTx runs f in a transaction and commits it. Deadlocks and serialisation failures are tried again, so f may run
// more than once and must touch only tx. When the answer to the commit is lost, the error says nothing about whether
// the transaction took effect.
//
// The server ends a statement that waits for a lock or works for too long, and a transaction in which no statement
// comes: these limits are set together with BEGIN, before anything that could wait.
func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	return s.inTxFor(ctx, idleTime, f)
}

// inTxFor does the same as inTx, with a limit of its own for the time between two statements.
func (s *Store) inTxFor(ctx context.Context, idle time.Duration, f func(pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.tryTx(ctx, idle, f)
		if !isContention(err) && !isNumberTaken(err) || attempt == maxAttempts {
			return err
		}
	}
}

func (s *Store) tryTx(ctx context.Context, idle time.Duration, f func(pgx.Tx) error) error {
	tx, err := s.begin(ctx, idle)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// A connection never goes back to the pool with a transaction open, whatever became of ctx or of f.
	defer func() {
		finish, cancel := finishing(ctx)
		defer cancel()
		_ = tx.Rollback(finish) // does nothing after the commit; when it fails the connection is thrown away
	}()
	if err := f(tx); err != nil {
		return s.blame(ctx, tx, err)
	}
	finish, cancel := finishing(ctx)
	defer cancel()
	if err := tx.Commit(finish); err != nil {
		if finish.Err() != nil {
			err = &silentError{finishTimeout}
		}
		err = fmt.Errorf("commit: %w", s.blame(context.WithoutCancel(ctx), tx, err))
		if !isRolledBack(err) {
			err = &unansweredCommitError{err}
		}
		return err
	}
	return nil
}

// unansweredCommitError says that COMMIT may have been sent and that its answer does not tell whether it took effect.
type unansweredCommitError struct{ err error }

func (e *unansweredCommitError) Error() string { return e.err.Error() }
func (e *unansweredCommitError) Unwrap() error { return e.err }

// isRolledBack reports whether the server answered COMMIT by saying that it rolled the transaction back. Other errors
// may come from a server that stops, or from a pooler in between, and say nothing about the transaction.
func isRolledBack(err error) bool {
	pg, ok := pgError(err)
	return errors.Is(err, pgx.ErrTxCommitRollback) || isContention(err) || ok && class(pg) == classIntegrity
}

// begin begins a transaction. A connection of the pool may have been lost unnoticed, all of them when the server was
// restarted; nothing was done on it yet, so the next one is tried. All tries together take no longer than the store's
// patience.
func (s *Store) begin(ctx context.Context, idle time.Duration) (tx pgx.Tx, err error) {
	options := pgx.TxOptions{BeginQuery: s.beginQuery(idle)}
	err = s.brief(ctx, func(ctx context.Context) error {
		for lost := int32(0); ; lost++ {
			tx, err = s.pool.BeginTx(ctx, options)
			var down *pgconn.ConnectError
			var silent *silentError
			_, refused := pgError(err)
			if err == nil || refused || ctx.Err() != nil || errors.As(err, &down) || errors.As(err, &silent) || lost == s.pool.Config().MaxConns {
				return err
			}
		}
	})
	return tx, err
}

// beginQuery begins what every transaction is, whatever the server's defaults are. It has no arguments, so that the
// driver sends all of it in one round trip.
func (s *Store) beginQuery(idle time.Duration) string {
	mode := "WRITE"
	if s.readOnly {
		mode = "ONLY"
	}
	return fmt.Sprintf(`BEGIN ISOLATION LEVEL READ COMMITTED READ %s; SET LOCAL lock_timeout = '%s';
		SET LOCAL statement_timeout = '%s'; SET LOCAL idle_in_transaction_session_timeout = '%s'`,
		mode, milliseconds(s.lockTime), milliseconds(s.statementTime), milliseconds(idle))
}

// finishing returns the context to end a transaction in: a stop never cuts between the rows and the commit.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}
