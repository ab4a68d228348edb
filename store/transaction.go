package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxAttempts bounds how often inTx tries a transaction that loses against another one.
const maxAttempts = 5

// inTx runs f in a transaction and commits it. It rolls back and runs f again, up to maxAttempts times in all, after a
// serialisation failure (SQLSTATE 40001), a deadlock (40P01), or when the number of a new request turns out to be
// taken. So f must change nothing but tx and the variables that it sets anew in each run. When the answer to COMMIT
// is lost, the error does not tell whether the transaction took effect, and f does not run again.
//
// The server ends a statement that waits for a lock or works for too long, and a transaction that is idle for too long.
// BEGIN sets these limits in the same round trip, before any statement could wait.
func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	return s.inTxFor(ctx, idleTime, f)
}

// inTxFor does the same as inTx, with its own limit for the time between two statements.
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
	// No connection goes back to the pool with an open transaction, even if ctx has ended or f has panicked.
	defer func() {
		finish, cancel := finishing(ctx)
		defer cancel()
		_ = tx.Rollback(finish) // does nothing after the commit; if it fails, the pool drops the connection
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

// unansweredCommitError says that COMMIT may have been sent and that no answer tells whether it took effect.
type unansweredCommitError struct{ err error }

func (e *unansweredCommitError) Error() string { return e.err.Error() }
func (e *unansweredCommitError) Unwrap() error { return e.err }

// isRolledBack reports whether the server answered COMMIT by saying that it rolled the transaction back. Other errors
// may come from a server that stops, or from a pooler in between, and say nothing about the transaction.
func isRolledBack(err error) bool {
	pg, ok := pgError(err)
	return errors.Is(err, pgx.ErrTxCommitRollback) || isContention(err) || ok && class(pg) == classIntegrity
}

// begin begins a transaction. A connection of the pool may be lost without our noticing, and all of them after a
// restart of the server; no work is lost with it, so begin tries the next one. All tries together take no longer than
// the store's patience.
func (s *Store) begin(ctx context.Context, idle time.Duration) (tx pgx.Tx, err error) {
	options := pgx.TxOptions{BeginQuery: s.beginQuery(idle)}
	err = s.brief(ctx, func(ctx context.Context) error {
		for lost := int32(0); ; lost++ {
			tx, err = s.pool.BeginTx(ctx, options)
			var down *pgconn.ConnectError
			var silent *silentError
			pg, refused := pgError(err)
			if refused && pg.Code == stateUnsupported { // a standby refuses READ WRITE
				s.pool.Reset()
			}
			if err == nil || refused || ctx.Err() != nil || errors.As(err, &down) || errors.As(err, &silent) || lost == s.pool.Config().MaxConns {
				return err
			}
		}
	})
	return tx, err
}

// beginQuery returns the statements that begin a transaction of the store, independent of the server's defaults. They
// have no arguments, so that the driver sends all of them in one round trip.
func (s *Store) beginQuery(idle time.Duration) string {
	mode := "WRITE"
	if s.readOnly {
		mode = "ONLY"
	}
	query := fmt.Sprintf(`BEGIN ISOLATION LEVEL READ COMMITTED READ %s; SET LOCAL lock_timeout = '%s';
		SET LOCAL statement_timeout = '%s'; SET LOCAL idle_in_transaction_session_timeout = '%s'`,
		mode, milliseconds(s.lockTime), milliseconds(s.statementTime), milliseconds(idle))
	if s.server.pooled.Load() && !s.server.noLZ4.Load() { // without a pooler, the connection has it
		query += `; SET LOCAL ` + compression.name + ` = '` + compression.value + `'`
	}
	return query
}

// finishing returns a context for the end of a transaction. A stop does not cancel it: rows that are written are
// committed.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}
