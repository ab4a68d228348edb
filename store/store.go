package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say where a Store keeps its data.
type Options struct {
	URL                 string           // of the database: postgres://user:password@host/database, or key=value words
	AttachmentDirectory string           // its parent must exist
	Adopt               bool             // makes the directory this database's, whoever owned it before; only a person decides that
	Now                 func() time.Time // nil means time.Now
	Migrate             bool             // brings an older schema up to date; otherwise Open refuses it
	MaxConns            int32            // connections at once; 0 means 10
	// ReadOnly makes the database refuse every change. The attachment directory need not exist.
	ReadOnly bool
	// WithoutFiles opens the store although its attachment directory may be unusable, and claims none. Writes that have files
	// fail then.
	WithoutFiles bool
}

// Store is a database and its attachment directory. Its methods may be called by many goroutines at once.
type Store struct {
	pool         *pgxpool.Pool
	server       *server
	attachments  attachmentDirectory
	readers      *fileRunner // of files that people ask for: one that hangs for them holds up no acceptance
	now          func() time.Time
	readOnly     bool
	withoutFiles bool
	*limits
	refusals
	numbers numberPool
	sending atomic.Pointer[Sending]
	id      string // of this run of the program, when it collects files or reads a mailbox
}

// Open connects to the database, checks that its schema is the one this program was written for (otherwise the error is
// ErrSchemaOlder or ErrSchemaNewer) and makes sure that the attachment directory is this database's and can be written
// to (otherwise it is an ErrDirectory). Open creates the directory only for a database that has never claimed one.
//
// Open recognises a pooler between this program and PostgreSQL (pgbouncer in transaction mode, for instance) and uses
// nothing then that lasts longer than a transaction. A server that is a standby is not opened, except with ReadOnly.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := newStore(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	err = s.check(ctx, o.Adopt)
	if o.Migrate && err == nil {
		err = s.CheckFunctions(ctx) // a restore by hand may have exposed them
	}
	if o.Migrate && (errors.Is(err, ErrSchemaOlder) || errors.Is(err, ErrExposed)) {
		if _, err = Migrate(ctx, o.URL); err == nil {
			err = s.check(ctx, o.Adopt)
		}
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// newStore returns a store that has checked nothing yet.
func newStore(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		attachments: attachmentDirectory{root: o.AttachmentDirectory, runner: &fileRunner{}}, now: o.Now, readOnly: o.ReadOnly,
		readers: &fileRunner{}, withoutFiles: o.WithoutFiles,
		limits: newLimits(), server: &server{}, id: newIdentity(),
	}
	config, err := poolConfig(o, s.limits, s.server)
	if err != nil {
		return nil, err
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, unavailable(ctx, err)
	}
	return s, nil
}

// Recheck checks again what Open has checked, on new connections: after the database was away, another one may answer at
// its address. Its errors are those of Open. Transactions that are under way keep their connections.
func (s *Store) Recheck(ctx context.Context) error {
	s.pool.Reset()
	if err := s.check(ctx, false); err != nil {
		return fmt.Errorf("check the store again: %w", err)
	}
	return nil
}

// check checks the schema and the attachment directory.
func (s *Store) check(ctx context.Context, adopt bool) error {
	var database databaseState
	err := s.brief(ctx, func(ctx context.Context) (err error) {
		database, err = readDatabaseState(ctx, s.pool)
		return err
	})
	if err == nil {
		err = database.check()
	}
	if err != nil || s.readOnly || s.withoutFiles {
		return err
	}
	return s.openAttachments(ctx, adopt, database.directory)
}

// AttachmentDirectory returns the attachment directory, "" if the store has none.
func (s *Store) AttachmentDirectory() string { return s.attachments.root }

// Close closes all connections. It waits for transactions that are under way.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.brief(ctx, s.pool.Ping); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

const (
	defaultMaxConns = 10
	// A burst of work opens connections that a quiet daemon does not need.
	maxIdleTime = 5 * time.Minute
	// A connection is replaced after an hour and up to this time, so that not all of them are replaced at once.
	lifetimeJitter = 10 * time.Minute
)

// poolConfig returns the settings of the pool and of its connections.
func poolConfig(o Options, limits *limits, server *server) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, withoutAddress(err)
	}
	config.MaxConns = cmp.Or(o.MaxConns, defaultMaxConns)
	config.MinConns, config.MinIdleConns = 0, 0
	config.MaxConnIdleTime = maxIdleTime
	config.MaxConnLifetimeJitter = lifetimeJitter
	config.PingTimeout = limits.connectTime()
	if set := config.ConnConfig.ConnectTimeout; set == 0 || set > limits.patience() {
		config.ConnConfig.ConnectTimeout = limits.connectTime()
	}
	nameProgram(config.ConnConfig)
	server.prepare(config.ConnConfig, limits, o.ReadOnly)
	config.BeforeConnect, config.AfterConnect = server.choose, server.confirm
	return config, nil
}

// nameProgram makes the server's lists of connections name this program, unless the address names another.
func nameProgram(config *pgx.ConnConfig) {
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "mailintegration"
	}
}

// errAddress replaces the driver's error about an address that it cannot parse, which may repeat parts of the password.
var errAddress = errors.New("cannot parse the address of the database: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, " +
	"with special characters of the password as %XX, or words like host=HOST password='PASSWORD'")

// withoutAddress returns err without any part of the database's address, except the name of a file.
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
