package main

import (
	"context"
	"fmt"

	"go.uber.org/zap/zapcore"

	"mailintegration/store"
)

type dbCmd struct {
	Migrate dbMigrateCmd `cmd:"" help:"Bring the schema up to date. The daemon, once and the verbs that write do this by themselves."`
	Status  dbStatusCmd  `cmd:"" help:"Print the version of the schema. Changes nothing."`
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
