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
// false when another one has it. The lock needs no row and lives on a connection of its own: it is free again as soon
// as release was called, which may be done twice, or the connection is lost, for instance because this host died.
//
// The lock keeps daemons from disturbing each other. That no message is recorded twice does not depend on it.
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

// tryLock takes the lock unless another connection holds it. The settings have the server notice soon when this host is
// gone.
func (s *Store) tryLock(ctx context.Context, conn *pgx.Conn, name string) (held bool, err error) {
	err = conn.QueryRow(ctx, `WITH settings AS MATERIALIZED (`+settings+`)
		SELECT pg_try_advisory_lock(hashtextextended('mailintegration mailbox ' || lower($1), 0)) FROM (SELECT count(*) FROM settings) AS made`,
		clean(name)).Scan(&held)
	return held, s.blameDatabase(ctx, err)
}

// unlock waits for the answer, so that the lock is free for others when it returns; closing alone would not wait.
func unlock(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`) // an error means that the connection, and so the lock, is gone
	_ = conn.Close(ctx)
}
