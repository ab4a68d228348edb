package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say where a Store keeps its data, and how long it waits.
type Options struct {
	URL                 string           // of the database: postgres://user:password@host/database, or key=value words
	AttachmentDirectory string           // its parent must exist
	Adopt               bool             // makes the directory this database's, whoever owned it before; only a person decides that
	Now                 func() time.Time // nil means time.Now
	MaxConns            int32            // connections at once; 0 means the greater of 4 and the number of CPUs
	Patience            time.Duration    // how long to wait for a database that does not answer; 0 means 75 s
	DecideTime          time.Duration    // how long deciding about one message may take; 0 means 30 s
	// ReadOnly makes the database refuse every change. The attachment directory need not exist.
	ReadOnly bool
}

// Store is a database and its attachment directory. Its methods may be called by many goroutines at once.
type Store struct {
	pool        *pgxpool.Pool
	attachments attachmentDirectory
	now         func() time.Time
	readOnly    bool
	*limits
	refusals
	numbers numberPool
	id      string // of this run of the program, when it collects files or reads a mailbox
}

// Open connects to the database, checks that its schema is the one this program was written for (otherwise the error is
// ErrSchemaOlder or ErrSchemaNewer) and makes sure that the attachment directory is this database's and can be written
// to (otherwise it is an ErrDirectory). Open creates the directory only for a database that has never claimed one.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		attachments: attachmentDirectory{root: o.AttachmentDirectory, runner: &fileRunner{}}, now: o.Now, readOnly: o.ReadOnly,
		limits: limitsOf(o), id: newIdentity(),
	}
	config, err := poolConfig(o, s.limits)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open store: %w", unavailable(ctx, err))
	}
	if err := s.ready(ctx, o.Adopt); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

func (s *Store) ready(ctx context.Context, adopt bool) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if err := CheckSchema(ctx, s.pool); err != nil {
		return err
	}
	if s.readOnly {
		return nil
	}
	return s.openAttachments(ctx, adopt)
}

// Close closes all connections. It waits for transactions that are under way.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.brief(ctx, s.pool.Ping); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

// poolConfig returns the settings of the pool and of its connections.
func poolConfig(o Options, limits *limits) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, withoutAddress(err)
	}
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	config.PingTimeout = limits.connectTime()
	if set := config.ConnConfig.ConnectTimeout; set == 0 || set > limits.patience() {
		config.ConnConfig.ConnectTimeout = limits.connectTime()
	}
	config.ConnConfig.DialFunc = dial(limits)
	if params := config.ConnConfig.RuntimeParams; params["application_name"] == "" {
		params["application_name"] = "mailintegration"
	}
	if o.ReadOnly {
		config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	config.AfterConnect = applySettings
	return config, nil
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
