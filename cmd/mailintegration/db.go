package main

import (
	"context"
	"fmt"
	"io"

	"go.uber.org/zap/zapcore"

	"mailintegration/store"
)

type dbCmd struct {
	Migrate dbMigrateCmd `cmd:"" help:"Bring the schema up to date. The daemon, once and the verbs that write do this by themselves."`
	Status  dbStatusCmd  `cmd:"" help:"Print the version of the schema. Changes nothing."`

	Roles dbRolesCmd `cmd:"" help:"Print the SQL that makes the roles for other programs and for the daemon, or run it."`

	Psql dbPsqlCmd `cmd:"" name:"psql" help:"Run psql with the database in use, read-only unless --write says otherwise."`
	Exec dbExecCmd `cmd:"" help:"Run a program of PostgreSQL with the database in use, such as pg_dump."`

	FirstNumber dbFirstNumberCmd `cmd:"" help:"Set the number of the next request, so that none of an earlier system is used again."`
}

type dbMigrateCmd struct{}

// Run applies the migrations that are missing.
func (dbMigrateCmd) Run(e *env) error {
	return withDatabase(e, (*installation).database, func(url string) error {
		applied, err := store.Migrate(e.ctx, url)
		for _, name := range applied {
			fmt.Fprintln(e.stdout, "applied", name)
		}
		if err == nil && len(applied) == 0 {
			fmt.Fprintln(e.stdout, "the schema is up to date")
		}
		return err
	})
}

type dbStatusCmd struct{ output }

// Run prints the schema's version and the program's.
func (c dbStatusCmd) Run(e *env) error {
	return withDatabase(e, (*installation).existingDatabase, func(url string) error {
		status, err := store.Status(e.ctx, url)
		if err != nil {
			return err
		}
		row := []any{status.Database, status.Program, len(status.Pending)}
		if err := c.print(e, status, []string{"schema", "program", "pending"}, [][]any{row}); err != nil {
			return err
		}
		return status.Check()
	})
}

type dbRolesCmd struct {
	Apply bool `help:"Run the SQL as the user of Database, who needs CREATEROLE while a role is missing."`
}

// Help returns the text that --help prints before the flags.
func (dbRolesCmd) Help() string {
	return "Members of mailintegration_reader read the views of the schema service_desk, members of mailintegration_desk also call its " +
		"functions, and the account of the daemon needs no more than mailintegration_daemon, except for db migrate, db roles --apply, " +
		"db first-number and restore, which the owner of the tables runs. The roles belong to all databases of a " +
		"server, their rights to each one. Few accounts may make roles, so the verb prints what an administrator runs: mailintegration " +
		"db roles | runuser -u postgres -- psql -d mailintegration. A private PostgreSQL has the roles and their " +
		"rights from the start. Whoever brings the schema up to date renews the rights. Run db migrate and this verb after pg_restore " +
		"--no-privileges, which forgets all rights. deploy/database.md describes the schema."
}

// Run prints the SQL of the roles, or runs it.
func (c dbRolesCmd) Run(e *env) error {
	if !c.Apply {
		_, err := io.WriteString(e.stdout, store.Roles)
		return err
	}
	return withDatabase(e, (*installation).database, func(url string) error {
		if err := store.GrantRoles(e.ctx, url); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s, %s and %s have their rights\n", store.RoleReader, store.RoleDesk, store.RoleDaemon)
		return err
	})
}

type dbFirstNumberCmd struct {
	output
	Number int64 `arg:"" help:"The number of the next request. It must be higher than all numbers in use."`
}

// Help returns the text that --help prints before the flags.
func (dbFirstNumberCmd) Help() string {
	return "An answer to an old request of Octopus names its number, such as [Incident] 4711. If a request here had the same number, " +
		"the answer would be added to it. So before the first poll, set a number above all those of Octopus. After a backup was " +
		"restored, set one above all numbers that were given out since the backup was made. Running daemons follow at once."
}

// Run sets the number of the next request.
func (c dbFirstNumberCmd) Run(e *env) error {
	return withDatabase(e, (*installation).database, func(url string) error {
		s, err := store.Open(e.ctx, store.Options{URL: url, Migrate: true})
		if err != nil {
			return err
		}
		defer s.Close()
		n, err := s.SetFirstNumber(e.ctx, c.Number)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(n)
		}
		_, err = fmt.Fprintf(e.stdout, "the next request gets number %d\n", n.First)
		return err
	})
}

// withDatabase calls f with the URL of the database that locate returns. A private PostgreSQL runs until f returns.
func withDatabase(e *env, locate func(*installation, context.Context) (url string, err error), f func(url string) error) error {
	service, _, _, err := load(e)
	if err != nil {
		return err
	}
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	defer in.close()
	url, err := locate(in, e.ctx)
	if err != nil {
		return err
	}
	return f(url)
}
