package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say where a Store keeps what it is given.
type Options struct {
	URL                 string           // of the database: postgres://user:password@host/database, or key=value words
	AttachmentDirectory string           // its parent must exist
	Now                 func() time.Time // nil means time.Now
	MaxConns            int32            // connections at once; 0 means the greater of 4 and the number of CPUs
	// ReadOnly: the database refuses every change, and the attachment directory need not be there.
	ReadOnly bool
}

// Store is a database and its attachment directory. Its methods may be called by many goroutines at once.
type Store struct {
	pool     *pgxpool.Pool
	contents contents
	now      func() time.Time
	readOnly bool
}

// Limits of what is waited for when the context sets none.
const (
	connectTimeout = 10 * time.Second
	finishTimeout  = 30 * time.Second // to commit or roll back once a stop was asked for
)

// Open connects to the database, checks that its schema is the one this program was written for (otherwise the error
// is ErrSchemaOlder or ErrSchemaNewer) and makes sure that the attachment directory can be written to.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := poolConfig(o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{contents: contents{root: o.AttachmentDirectory}, now: o.Now, readOnly: o.ReadOnly}
	if s.now == nil {
		s.now = time.Now
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open store: %w", unavailable(ctx, err))
	}
	if err := s.ready(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

func (s *Store) ready(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if err := CheckSchema(ctx, s.pool); err != nil {
		return err
	}
	if s.readOnly {
		return nil
	}
	return s.contents.prepare()
}

// Close ends all connections. It waits for transactions that are under way.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", unavailable(ctx, err))
	}
	return nil
}

// poolConfig reads the address of the database.
func poolConfig(o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, withoutAddress(err)
	}
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if params := config.ConnConfig.RuntimeParams; params["application_name"] == "" {
		params["application_name"] = "mailintegration"
	}
	if o.ReadOnly {
		config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	config.AfterConnect = chooseCompression
	return config, nil
}

// errAddress replaces what the driver says about an address it cannot read: that may repeat parts of the password.
var errAddress = errors.New("the address of the database cannot be read: it is postgres://USER:PASSWORD@HOST:PORT/DATABASE, " +
	"with special characters of the password as %XX, or words like host=HOST password='PASSWORD'")

// withoutAddress is err with nothing of the database's address in it. A file that the address names may be told.
func withoutAddress(err error) error {
	var parse *pgconn.ParseConfigError
	if !errors.As(err, &parse) {
		return err
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("the address of the database: %w", file)
	}
	return errAddress
}

// maxAttempts bounds how often a transaction that lost to another one is tried.
const maxAttempts = 5

// inTx runs f in a transaction and commits it. Deadlocks and serialisation failures are tried again, so f may run
// more than once and must touch only tx. When the answer to the commit is lost, the error says nothing about whether
// the transaction took effect.
func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.tryTx(ctx, f)
		if !isContention(err) || attempt == maxAttempts {
			return err
		}
	}
}

func (s *Store) tryTx(ctx context.Context, f func(pgx.Tx) error) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", unavailable(ctx, err))
	}
	// A connection never goes back to the pool with a transaction open, whatever became of ctx or of f.
	defer func() {
		finish, cancel := finishing(ctx)
		defer cancel()
		_ = tx.Rollback(finish) // does nothing after the commit; when it fails the connection is thrown away
	}()
	if err := f(tx); err != nil {
		return blame(ctx, tx, err)
	}
	finish, cancel := finishing(ctx)
	defer cancel()
	if err := tx.Commit(finish); err != nil {
		return fmt.Errorf("commit: %w", blame(finish, tx, err))
	}
	return nil
}

// transaction is what every transaction is, whatever the server's defaults are.
var transaction = pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}

// begin begins a transaction. A connection of the pool may have been lost unnoticed, all of them when the server was
// restarted; nothing was done on it yet, so the next one is tried.
func (s *Store) begin(ctx context.Context) (pgx.Tx, error) {
	options := transaction
	if s.readOnly {
		options.AccessMode = pgx.ReadOnly
	}
	for lost := int32(0); ; lost++ {
		tx, err := s.pool.BeginTx(ctx, options)
		var down *pgconn.ConnectError
		_, refused := pgError(err)
		if err == nil || refused || ctx.Err() != nil || errors.As(err, &down) || lost == s.pool.Config().MaxConns {
			return tx, err
		}
	}
}

// finishing is the context to end a transaction in: a stop never cuts between the rows and the commit.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// blame marks err as the database's when the connection is gone or PostgreSQL says so.
func blame(ctx context.Context, tx pgx.Tx, err error) error {
	if _, ok := pgError(err); ok && !isOfMessage(err) || tx.Conn().IsClosed() {
		return unavailable(ctx, err)
	}
	return err
}
