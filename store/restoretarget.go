package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// restoreTarget is the database that a backup is restored into, as it was found.
type restoreTarget struct {
	isRestoring bool     // a restore was stopped
	tables      []string // of the program
	strange     []string // other tables
	records     []string // what the tables hold, such as "3 users"
	daemon      string   // host and process of a daemon that is alive, "" for none
	owned       string   // identity of the attachment directory that the database has claimed, "" for none
}

var tablesOfMigrations = sync.OnceValues(func() (names []string, err error) {
	created := regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, found := range created.FindAllSubmatch(text, -1) {
			names = append(names, string(found[1]))
		}
	}
	return names, nil
})

// readTarget reads what the database holds.
func (r *Restoration) readTarget(ctx context.Context) (t restoreTarget, err error) {
	err = r.store.inTx(ctx, func(tx pgx.Tx) error {
		t = restoreTarget{}
		if err := t.readTables(ctx, tx); err != nil {
			return err
		}
		for _, sort := range []struct{ table, words string }{
			{"team", "teams"}, {"user_account", "users"}, {"request", "requests"}, {"receipt", "receipts"},
		} {
			var n int64
			if slices.Contains(t.tables, sort.table) {
				if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+sort.table).Scan(&n); err != nil {
					return err
				}
			}
			if n > 0 {
				t.records = append(t.records, fmt.Sprint(n, " ", sort.words))
			}
		}
		return t.readUse(ctx, tx)
	})
	return t, err
}

// readTables reads which tables there are.
func (t *restoreTarget) readTables(ctx context.Context, tx pgx.Tx) error {
	known, err := tablesOfMigrations()
	if err != nil {
		return err
	}
	rows, _ := tx.Query(ctx, `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
		AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case name == restoreTable:
			t.isRestoring = true
		case name == "goose_db_version" || slices.Contains(known, name):
			t.tables = append(t.tables, name)
		default:
			t.strange = append(t.strange, name)
		}
	}
	return nil
}

// readUse reads which daemon uses the database, and which attachment directory it owns.
func (t *restoreTarget) readUse(ctx context.Context, tx pgx.Tx) error {
	if slices.Contains(t.tables, "daemon") {
		err := tx.QueryRow(ctx, `SELECT host || ', process ' || process FROM daemon WHERE alive_until > now() LIMIT 1`).Scan(&t.daemon)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	if t.isRestoring { // the row of attachment_directory, if there is one, is the backup's
		return tx.QueryRow(ctx, `SELECT coalesce(max(owned), '') FROM `+restoreTable).Scan(&t.owned)
	}
	if slices.Contains(t.tables, "attachment_directory") {
		own, claimed, err := readOwnership(ctx, tx)
		if claimed {
			t.owned = own.identity
		}
		return err
	}
	return nil
}

// check returns nil if nothing is overwritten and nobody uses the database.
func (t *restoreTarget) check() error {
	switch {
	case len(t.strange) > 0:
		return &RestoreError{
			Reason: "the database has tables of another program, such as " + t.strange[0],
			Remedy: "create an empty database (createdb NAME), and name it in Database",
		}
	case t.isRestoring:
		return nil // daemons and records are those of the backup
	case t.daemon != "":
		return &RestoreError{
			Reason: "a daemon uses the database (" + t.daemon + ")",
			Remedy: "stop it (mailintegration service stop); one that was killed counts as running for up to a minute",
		}
	case len(t.records) > 0:
		return &RestoreError{
			Reason: "the database is not empty: it has " + strings.Join(t.records, ", "),
			Remedy: "restore into an empty one: create another database (createdb NAME) and name it in Database, " +
				"or, for the private PostgreSQL, move the folder postgres of DataDirectory away",
		}
	}
	return nil
}

// clear makes the table of restores, and drops the tables and the interface of the program.
func (t *restoreTarget) clear(ctx context.Context, tx pgx.Tx, backedUp string) error {
	owned := t.owned
	if owned == backedUp {
		owned = "" // the row came with the backup
	}
	sql := `CREATE TABLE IF NOT EXISTS ` + restoreTable + ` (owned text NOT NULL, begun_at timestamptz NOT NULL DEFAULT now())`
	if _, err := tx.Exec(ctx, sql); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM `+restoreTable); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO `+restoreTable+` (owned) VALUES ($1)`, owned); err != nil {
		return err
	}
	if len(t.tables) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `DROP SCHEMA IF EXISTS service_desk CASCADE`); err != nil {
		return err
	}
	for _, name := range t.tables {
		if _, err := tx.Exec(ctx, `DROP TABLE IF EXISTS `+pgx.Identifier{name}.Sanitize()+` CASCADE`); err != nil {
			return err
		}
	}
	return dropFunctions(ctx, tx)
}

// dropFunctions drops the functions of the migrations.
func dropFunctions(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
		AND (proname LIKE 'interface\_%' OR proname = 'notify_service_desk')`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, `DROP FUNCTION IF EXISTS `+name+` CASCADE`); err != nil {
			return err
		}
	}
	return nil
}
