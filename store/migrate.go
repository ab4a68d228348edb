package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock that a program holds while it migrates.
const migrationLock = 0x4d61696c496e7467 // "MailIntg"

// ErrMigrationLocked says that a migration could not change a table because another transaction holds it.
var ErrMigrationLocked = errors.New("another transaction holds a table that the migration changes")

// How long a migration waits for a lock, while all others that want the table wait behind it, and for an answer.
const (
	migrationLockTime = 30 * time.Second
	migrationPatience = 30 * time.Minute
)

// Migrate brings the schema of the database at url to this program's version and returns the names of the
// migrations that it applied. Several programs may call it at once: one migrates, the others wait.
// It also takes the functions of the interface from PUBLIC, to which a restore without privileges gives them.
// It returns ErrSchemaNewer, and changes nothing, when the database's schema is newer.
func Migrate(ctx context.Context, url string) (applied []string, err error) {
	return migrate(ctx, url, migrationLockTime, false)
}

// migrate needs one connection when there is nothing to do, otherwise two: one holds a lock, the other migrates. Only a restore
// migrates the database that it restores.
func migrate(ctx context.Context, url string, lockTime time.Duration, restoring bool) (applied []string, err error) {
	check := func(s SchemaStatus) error {
		s.restoring = s.restoring && !restoring
		return s.Check()
	}
	config, err := connConfig(url, migrationPatience, false)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", unavailable(ctx, err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	s, err := status(ctx, conn)
	if err = cmp.Or(err, check(s)); !errors.Is(err, ErrSchemaOlder) {
		if err == nil {
			err = protectWithRoles(ctx, conn)
		}
		return nil, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := lockMigration(ctx, tx); err != nil {
			return err
		}
		s, err := status(ctx, tx) // the program that held the lock may have migrated, and may have been a newer one
		if err != nil || !errors.Is(check(s), ErrSchemaOlder) {
			return cmp.Or(err, check(s))
		}
		if applied, err = applyMigrations(ctx, config, lockTime); err != nil {
			return err
		}
		if _, err := protectFunctions(ctx, tx); err != nil {
			return err
		}
		return renewRoles(ctx, tx)
	})
	if isLockTimeout(err) {
		err = fmt.Errorf("%w and did not end within %s: %w", ErrMigrationLocked, lockTime, err)
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// How long a program waits for another one that migrates, and how often it looks.
const (
	migrationTurn  = 10 * time.Minute
	migrationCheck = time.Second
)

// lockMigration waits until no other program migrates. The lock lasts as long as the transaction, so that it works behind
// a pooler. Waiting for it within a statement would block a CREATE INDEX CONCURRENTLY of the program that has it.
func lockMigration(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, migrationTurn)
	defer cancel()
	tick := time.NewTicker(migrationCheck)
	defer tick.Stop()
	for {
		var locked bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(migrationLock)).Scan(&locked); err != nil || locked {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for another program that migrates: %w", ctx.Err())
		}
	}
}

// applyMigrations applies the pending migrations, each in a transaction of its own, and returns their names.
func applyMigrations(ctx context.Context, config *pgx.ConnConfig, lockTime time.Duration) (applied []string, err error) {
	db := sql.OpenDB(migrationConnector{stdlib.GetConnector(*config), lockTime})
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, err
}

// migrationConnector opens connections whose transactions wait for a lock no longer than lockTime.
type migrationConnector struct {
	driver.Connector
	lockTime time.Duration
}

// Connect implements driver.Connector.
func (c migrationConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &migrationConn{conn.(*stdlib.Conn), c.lockTime}, nil
}

type migrationConn struct {
	*stdlib.Conn
	lockTime time.Duration
}

// BeginTx implements driver.ConnBeginTx.
func (c *migrationConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	if _, err := c.Conn.ExecContext(ctx, `SET LOCAL lock_timeout = '`+milliseconds(c.lockTime)+`'`, nil); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// connConfig returns the settings of one connection, without a pool, to the database at url. The driver sends each
// statement whole, because a pooler may be in between.
func connConfig(url string, patience time.Duration, readOnly bool) (*pgx.ConnConfig, error) {
	return connConfigTo(new(server), url, patience, readOnly)
}

// connConfigTo does the same, and the connection notes in at what it leads to.
func connConfigTo(at *server, url string, patience time.Duration, readOnly bool) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, withoutAddress(err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	limits := &limits{}
	limits.setPatience(patience)
	nameProgram(config)
	at.prepare(config, limits, readOnly)
	return config, nil
}
