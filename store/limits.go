package store

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// limits say how long the store waits for each thing. What depends on the octets of a batch gets more time for many: see growing.
type limits struct {
	answerTime atomic.Int64  // nanoseconds for an answer of the database: see patience
	decideTime time.Duration // for a decision about one message

	// The server's own, within a transaction:
	lockTime      time.Duration
	statementTime time.Duration
}

const (
	defaultPatience   = 75 * time.Second // longer than statementTime: who can tell what is wrong shall
	defaultDecideTime = 30 * time.Second

	defaultLockTime      = 10 * time.Second
	defaultStatementTime = time.Minute
	briefLockTime        = time.Second // for rows of requests, once they were waited for in vain

	acceptTime     = 5 * time.Minute // for a batch as a whole
	idleTime       = acceptTime      // between two statements; no shorter, lest the server's end be taken for an outage
	connectTimeout = 10 * time.Second
	finishTimeout  = 30 * time.Second // to commit or roll back once a stop was asked for
)

func limitsOf(o Options) *limits {
	l := &limits{
		decideTime:    cmp.Or(o.DecideTime, defaultDecideTime),
		lockTime:      defaultLockTime,
		statementTime: defaultStatementTime,
	}
	l.setPatience(cmp.Or(o.Patience, defaultPatience))
	return l
}

// patience returns how long the store waits for an answer of the database. Connections that the pool opens ask for it at any time.
func (l *limits) patience() time.Duration { return time.Duration(l.answerTime.Load()) }

func (l *limits) setPatience(d time.Duration) { l.answerTime.Store(int64(d)) }

// connectTime returns how long the store waits for a new connection, or for an answer of one that was idle.
func (l *limits) connectTime() time.Duration { return min(connectTimeout, l.patience()) }

// growing returns a limit for work on so many octets.
func growing(limit time.Duration, octets int64) time.Duration {
	return limit + time.Duration(octets/slowestTransfer)*time.Second
}

// brief runs f, which sends one statement or one batch, and waits for a connection and the answer no longer than the
// store's patience. Its error is classified.
func (s *Store) brief(ctx context.Context, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	err := f(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = &silentError{s.patience()}
	}
	return s.blameDatabase(ctx, err)
}

// sendBrief sends statements outside of a transaction of their own, in one round trip, all or nothing. The server
// limits how long each waits.
func (s *Store) sendBrief(ctx context.Context, b *pgx.Batch) error {
	var limited pgx.Batch
	limited.Queue(`SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`,
		milliseconds(s.lockTime), milliseconds(s.statementTime))
	limited.QueuedQueries = append(limited.QueuedQueries, b.QueuedQueries...)
	return s.brief(ctx, func(ctx context.Context) error { return s.pool.SendBatch(ctx, &limited).Close() })
}

// milliseconds returns a duration as PostgreSQL's settings take it.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
