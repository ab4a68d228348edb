package postgres_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"mailintegration/store/postgres"
)

// dataDirectory is a data directory that an unprivileged server can reach when the tests run as root, which
// t.TempDir is not.
func dataDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "private-postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir + "/data"
}

func logger(t *testing.T) *zap.Logger { return zaptest.NewLogger(t) }

func start(t *testing.T, opts postgres.Options) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if opts.Logger == nil {
		opts.Logger = logger(t)
	}
	s, err := postgres.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func exec(t *testing.T, s *postgres.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestDataOutlivesAStop(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, postgres.Options{DataDirectory: dir})
	exec(t, s, `CREATE TABLE kept AS SELECT 1 AS one`)
	stop(t, s)
	s = start(t, postgres.Options{DataDirectory: dir})
	exec(t, s, `SELECT one FROM kept`)
}
