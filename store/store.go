package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say where the store is.
type Options struct {
	URL                 string           // of the database, for pgx
	AttachmentDirectory string           // where the octets of attachments lie
	Now                 func() time.Time // nil for time.Now
}

// Store is the database and the attachment directory.
type Store struct {
	pool *pgxpool.Pool
	dir  string
	now  func() time.Time
}

// Open connects to the database, whose schema must be this program's.
func Open(ctx context.Context, opts Options) (*Store, error) {
	pool, err := pgxpool.New(ctx, opts.URL)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if err := CheckSchema(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{pool: pool, dir: opts.AttachmentDirectory, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close closes the connections.
func (s *Store) Close() { s.pool.Close() }

// inTx runs f in one transaction.
func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, f)
}
