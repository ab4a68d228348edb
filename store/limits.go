package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// limits say how long the store waits for what. Some of them grow with the octets of a batch: see growing.
type limits struct {
	answerTime atomic.Int64 // nanoseconds for an answer of the database: see patience
	tick       func(interval time.Duration) (ticks <-chan time.Time, stop func())

	releaseTime time.Duration // for ReleaseLeases; then the leases end by themselves

	// The server keeps these, within a transaction:
	lockTime      time.Duration
	briefLockTime time.Duration // for rows of requests, after the first wait for one was in vain, or when a person can try again
	leaseLockTime time.Duration // of a statement about leases; almost no statement ever waits
	statementTime time.Duration
}

const (
	defaultPatience = 75 * time.Second // longer than statementTime, so that the server ends a slow statement first and says why
	decideTime      = 30 * time.Second // for a decision about one message

	defaultLockTime      = 10 * time.Second
	defaultLeaseLockTime = 2 * time.Second
	defaultReleaseTime   = 5 * time.Second
	defaultStatementTime = time.Minute
	defaultBriefLockTime = time.Second

	acceptTime     = 5 * time.Minute // for a batch as a whole
	idleTime       = acceptTime      // between two statements; if shorter, the end of a slow batch would look like an outage
	connectTimeout = 10 * time.Second
	finishTimeout  = 30 * time.Second // to commit or roll back, even after a stop
)

func newLimits() *limits {
	l := &limits{
		tick: tick, lockTime: defaultLockTime, briefLockTime: defaultBriefLockTime, statementTime: defaultStatementTime,
		leaseLockTime: defaultLeaseLockTime, releaseTime: defaultReleaseTime,
	}
	l.setPatience(defaultPatience)
	return l
}

// patience returns how long the store waits for an answer of the database. Connections of the pool call it at any time.
func (l *limits) patience() time.Duration { return time.Duration(l.answerTime.Load()) }

func (l *limits) setPatience(d time.Duration) { l.answerTime.Store(int64(d)) }

// connectTime returns how long the store waits for a new connection, or for an answer of one that was idle.
func (l *limits) connectTime() time.Duration { return min(connectTimeout, l.patience()) }

// growing returns limit, extended by the time that so many octets take at slowestTransfer.
func growing(limit time.Duration, octets int64) time.Duration {
	return limit + time.Duration(octets/slowestTransfer)*time.Second
}

// brief runs f, which sends one statement or one batch, and waits for a connection and the answer no longer than the
// store's patience. It marks the error by whose fault it is (blameDatabase). It runs f again, which has sent nothing yet,
// when the first connection finds out that it leads to a pooler.
func (s *Store) brief(ctx context.Context, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	err := f(bounded)
	if errors.Is(err, errPooled) {
		err = f(bounded)
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = &silentError{s.patience()}
	}
	return s.blameDatabase(ctx, err)
}

// sendBrief sends statements in one round trip, which the server runs all or not at all, without BEGIN and COMMIT. The
// server limits how long each statement waits and works.
func (s *Store) sendBrief(ctx context.Context, b *pgx.Batch) error {
	var limited pgx.Batch
	limited.Queue(`SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`,
		milliseconds(s.lockTime), milliseconds(s.statementTime))
	if s.readOnly {
		limited.Queue(`SELECT set_config('transaction_read_only', 'on', true)`)
	}
	limited.QueuedQueries = append(limited.QueuedQueries, b.QueuedQueries...)
	return s.brief(ctx, func(ctx context.Context) error { return s.pool.SendBatch(ctx, &limited).Close() })
}

// milliseconds returns a duration in the form that PostgreSQL's settings accept.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
