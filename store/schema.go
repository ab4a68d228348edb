package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SchemaStatus compares a database's schema with this program's.
type SchemaStatus struct {
	Database int64    `json:"database"` // number of the newest applied migration, 0 for none
	Program  int64    `json:"program"`  // number of the newest migration in this program
	Applied  []string `json:"applied"`
	Pending  []string `json:"pending"`

	restoring bool // a restore into the database has begun and not ended
}

// ErrSchemaNewer says that a newer program has migrated the database. This program must not write to it.
var ErrSchemaNewer = errors.New("the database's schema is newer than this program")

// ErrSchemaOlder says that the database lacks migrations.
var ErrSchemaOlder = errors.New("the database's schema is older than this program")

// ErrRestoring says that a restore into the database has begun and not ended.
var ErrRestoring = errors.New("a restore into this database has not ended")

// Check returns nil when the schema is this program's, otherwise ErrSchemaNewer, ErrSchemaOlder or ErrRestoring with the numbers
// and what to do.
func (s SchemaStatus) Check() error {
	switch {
	case s.restoring:
		return fmt.Errorf("%w: run mailintegration restore again, with the same archive or another one; nothing is recorded until then", ErrRestoring)
	case s.Database > s.Program:
		return fmt.Errorf("%w (%d, this program knows up to %d): install the newer version of MailIntegration here too",
			ErrSchemaNewer, s.Database, s.Program)
	case len(s.Pending) > 0:
		return fmt.Errorf("%w (%d of %d): run mailintegration db migrate", ErrSchemaOlder, s.Database, s.Program)
	}
	return nil
}

// Status compares the schema of the database at url with this program's. It changes nothing.
func Status(ctx context.Context, url string) (SchemaStatus, error) {
	config, err := connConfig(url, defaultPatience, true)
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

// checkEncoding returns nil for a database that can hold every character.
func checkEncoding(encoding string) error {
	if encoding == "UTF8" {
		return nil
	}
	return fmt.Errorf("%w but %s: create one with createdb -E UTF8 -T template0 NAME", ErrEncoding, encoding)
}

// databaseState holds the facts about a database that decide whether a program may use it.
type databaseState struct {
	schema    SchemaStatus
	directory string // identity of the attachment directory that the database has claimed, "" for none
}

// check returns nil when the schema is this program's, otherwise ErrSchemaNewer or ErrSchemaOlder.
func (s databaseState) check() error { return s.schema.Check() }

// readDatabaseState reads the state of a database in one round trip or, when the database lacks a table, in more.
func readDatabaseState(ctx context.Context, q querier) (databaseState, error) {
	rows, _ := q.Query(ctx, `SELECT current_setting('server_encoding'),
		(SELECT coalesce(array_agg(version_id), '{}') FROM goose_db_version WHERE is_applied AND version_id > 0),
		coalesce((SELECT identity::text FROM attachment_directory), ''), to_regclass('`+restoreTable+`') IS NOT NULL`,
		pgx.QueryExecModeSimpleProtocol)
	var encoding, directory string
	var done []int64
	var restoring bool
	_, err := pgx.ForEachRow(rows, []any{&encoding, &done, &directory, &restoring}, func() error { return nil })
	if pg, ok := pgError(err); ok && pg.Code == undefinedTable {
		schema, err := status(ctx, q)
		return databaseState{schema: schema}, err
	}
	if err != nil {
		return databaseState{}, fmt.Errorf("read the schema's version: %w", err)
	}
	if err := checkEncoding(encoding); err != nil {
		return databaseState{}, err
	}
	schema, err := compareSchema(done)
	schema.restoring = restoring
	return databaseState{schema, directory}, err
}

func status(ctx context.Context, q querier) (SchemaStatus, error) {
	rows, _ := q.Query(ctx, `SELECT current_setting('server_encoding')`)
	encoding, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return SchemaStatus{}, fmt.Errorf("encoding: %w", err)
	}
	if err := checkEncoding(encoding); err != nil {
		return SchemaStatus{}, err
	}
	done, restoring, err := appliedMigrations(ctx, q)
	if err != nil {
		return SchemaStatus{}, fmt.Errorf("schema status: %w", err)
	}
	s, err := compareSchema(done)
	s.restoring = restoring
	return s, err
}

// compareSchema compares the applied migrations with this program's.
func compareSchema(done []int64) (SchemaStatus, error) {
	known, err := knownMigrations()
	if err != nil {
		return SchemaStatus{}, err
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

// knownMigrations returns the migrations in this program. Every beat asks for them.
var knownMigrations = sync.OnceValues(readMigrations)

func readMigrations() ([]migration, error) {
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

// appliedMigrations returns the numbers in goose's table, and whether a restore has not ended. A database without that table was never
// migrated.
func appliedMigrations(ctx context.Context, q querier) (done []int64, restoring bool, err error) {
	var there bool
	rows, _ := q.Query(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL, to_regclass('`+restoreTable+`') IS NOT NULL`)
	_, err = pgx.ForEachRow(rows, []any{&there, &restoring}, func() error { return nil }) // has Query's error too
	if err != nil || !there {
		return nil, restoring, err
	}
	rows, _ = q.Query(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0`)
	done, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	return done, restoring, err
}
