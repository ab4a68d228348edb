package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// releaseTimeout bounds the wait for an answer when a lock is released; closing the connection releases it as well.
const releaseTimeout = 5 * time.Second

// LockMailbox takes the lock of the mailbox of that name, which no two daemons on one database hold at once; held is
// false when another daemon has it. The lock needs no row and has a connection of its own. It is free again once the
// caller has called release, which may be called twice, or the connection is lost, for instance because this host died.
//
// The lock keeps daemons from disturbing each other. Even without it, the store records no message twice.
func (s *Store) LockMailbox(ctx context.Context, name string) (release func(), held bool, err error) {
	var conn *pgx.Conn
	err = s.brief(ctx, func(ctx context.Context) (err error) {
		conn, err = pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("lock mailbox %s: %w", name, err)
	}
	release = sync.OnceFunc(func() { unlock(conn) })
	if held, err = s.tryLock(ctx, conn, name); err != nil {
		release()
		return nil, false, fmt.Errorf("lock mailbox %s: %w", name, err)
	}
	if !held {
		release()
		return func() {}, false, nil
	}
	return release, true, nil
}

// tryLock takes the lock unless another connection holds it.
func (s *Store) tryLock(ctx context.Context, conn *pgx.Conn, name string) (held bool, err error) {
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('mailintegration mailbox ' || lower($1), 0))`,
		clean(name)).Scan(&held)
	return held, s.blameDatabase(ctx, err)
}

// unlock releases the lock and closes its connection. It waits for the server's answer, which closing alone would not
// do: when unlock returns, others can take the lock.
func unlock(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`) // an error means that the connection, and so the lock, is gone
	_ = conn.Close(ctx)
}
