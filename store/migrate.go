package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock that a program holds while it migrates.
const migrationLock = 0x4d61696c496e7467 // "MailIntg"

// SchemaStatus compares a database's schema with this program's.
type SchemaStatus struct {
	Database int64    `json:"database"` // number of the newest applied migration, 0 for none
	Program  int64    `json:"program"`  // number of the newest migration in this program
	Applied  []string `json:"applied"`
	Pending  []string `json:"pending"`
}

// ErrSchemaNewer says that a newer program has migrated the database. This program must not write to it.
var ErrSchemaNewer = errors.New("the database's schema is newer than this program")

// ErrSchemaOlder says that the database lacks migrations.
var ErrSchemaOlder = errors.New("the database's schema is older than this program")

// ErrMigrationLocked says that a migration could not change a table because another transaction holds it.
var ErrMigrationLocked = errors.New("another transaction holds a table that the migration changes")

// How long a migration waits for a lock, while all others that want the table wait behind it, and for an answer.
const (
	migrationLockTime = 30 * time.Second
	migrationPatience = 30 * time.Minute
)

// Check returns nil when the schema is this program's, otherwise ErrSchemaNewer or ErrSchemaOlder with the numbers and
// what to do.
func (s SchemaStatus) Check() error {
	switch {
	case s.Database > s.Program:
		return fmt.Errorf("%w (%d, this program knows up to %d): install the newer version of MailIntegration here too",
			ErrSchemaNewer, s.Database, s.Program)
	case len(s.Pending) > 0:
		return fmt.Errorf("%w (%d of %d): run mailintegration db migrate", ErrSchemaOlder, s.Database, s.Program)
	}
	return nil
}

// Migrate brings the schema of the database at url to this program's version and returns the names of the
// migrations that it applied. Several programs may call it at once: one migrates, the others wait.
// It returns ErrSchemaNewer, and changes nothing, when the database's schema is newer.
func Migrate(ctx context.Context, url string) (applied []string, err error) {
	return migrate(ctx, url, migrationLockTime)
}

func migrate(ctx context.Context, url string, lockTime time.Duration) (applied []string, err error) {
	config, err := connConfig(url, migrationPatience)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		return applyMigrationSettings(ctx, conn, lockTime)
	}))
	defer db.Close()
	if err := refuseNewer(ctx, url); err != nil {
		return nil, err
	}
	provider, err := newProvider(db)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	if isLockTimeout(err) {
		err = fmt.Errorf("%w and did not end within %s: %w", ErrMigrationLocked, lockTime, err)
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, refuseNewer(ctx, url) // the program that held the lock may have been a newer one
}

// connConfig returns the settings of one connection, without a pool, to the database at url.
func connConfig(url string, patience time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, withoutAddress(err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	limits := &limits{}
	limits.setPatience(patience)
	config.DialFunc = dial(limits)
	return config, nil
}

func applyMigrationSettings(ctx context.Context, conn *pgx.Conn, lockTime time.Duration) error {
	if err := applySettings(ctx, conn); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `SET lock_timeout = '`+milliseconds(lockTime)+`'`)
	return err
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	// This locker polls pg_try_advisory_lock: waiting within pg_advisory_lock would block a CREATE INDEX CONCURRENTLY.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 600))
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// refuseNewer returns ErrSchemaNewer when a newer program has migrated the database.
func refuseNewer(ctx context.Context, url string) error {
	status, err := Status(ctx, url)
	if err != nil {
		return err
	}
	if err := status.Check(); errors.Is(err, ErrSchemaNewer) {
		return err
	}
	return nil
}

// Status compares the schema of the database at url with this program's. It changes nothing.
func Status(ctx context.Context, url string) (SchemaStatus, error) {
	config, err := connConfig(url, defaultPatience)
	if err != nil {
		return SchemaStatus{}, fmt.Errorf("schema status: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return SchemaStatus{}, fmt.Errorf("schema status: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return status(ctx, conn)
}

// CheckSchema returns nil when the database has exactly this program's schema, otherwise ErrSchemaNewer or
// ErrSchemaOlder with what to do.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	s, err := status(ctx, pool)
	if err != nil {
		return err
	}
	return s.Check()
}

// querier is a connection, a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ErrEncoding says that the database is not in UTF-8, so that it cannot hold every character.
var ErrEncoding = errors.New("the database's encoding is not UTF8")

func checkEncoding(ctx context.Context, q querier) error {
	rows, err := q.Query(ctx, `SELECT current_setting('server_encoding')`)
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	encoding, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w but %s: create one with createdb -E UTF8 -T template0 NAME", ErrEncoding, encoding)
	}
	return nil
}

func status(ctx context.Context, q querier) (SchemaStatus, error) {
	known, err := knownMigrations()
	if err != nil {
		return SchemaStatus{}, err
	}
	if err := checkEncoding(ctx, q); err != nil {
		return SchemaStatus{}, err
	}
	done, err := appliedMigrations(ctx, q)
	if err != nil {
		return SchemaStatus{}, fmt.Errorf("schema status: %w", err)
	}
	s := SchemaStatus{Applied: []string{}, Pending: []string{}}
	if len(done) > 0 {
		s.Database = slices.Max(done)
	}
	for _, m := range known {
		s.Program = max(s.Program, m.number)
		if slices.Contains(done, m.number) {
			s.Applied = append(s.Applied, m.name)
		} else {
			s.Pending = append(s.Pending, m.name)
		}
	}
	return s, nil
}

type migration struct {
	number int64
	name   string
}

func knownMigrations() ([]migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		name = strings.TrimPrefix(name, "migrations/")
		digits, _, _ := strings.Cut(name, "_")
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		all = append(all, migration{number, name})
	}
	return all, nil
}

// undefinedTable is SQLSTATE 42P01 (PostgreSQL's documentation, appendix A).
const undefinedTable = "42P01"

// appliedMigrations returns the numbers in goose's table. A database without that table was never migrated.
func appliedMigrations(ctx context.Context, q querier) ([]int64, error) {
	rows, _ := q.Query(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0`)
	done, err := pgx.CollectRows(rows, pgx.RowTo[int64]) // has Query's error too
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == undefinedTable {
		return nil, nil
	}
	return done, err
}
