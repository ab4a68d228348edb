package backup

import (
	"context"
	"testing"

	"mailintegration/store/postgres"
)

// OnStep makes a backup or restore call step before each of its steps; its error fails the step.
func (o Options) OnStep(step func(name string) error) Options {
	o.step = step
	return o
}

// With makes a backup or restore run a program in place of PostgreSQL's.
func (o Options) With(path string) Options {
	o.find = func(context.Context, string, int) (postgres.Program, error) {
		return postgres.Program{Path: path, Version: "15.0", Major: 15}, nil
	}
	return o
}

// HoldPartial creates a partial archive as a backup does that goes on until the end of the test.
func HoldPartial(t testing.TB, name string) error {
	f, err := createPartial(name)
	if err == nil {
		t.Cleanup(func() { f.Close() })
	}
	return err
}
