package storetest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/store"
	"mailintegration/store/postgres"
)

// Database is one test's database.
type Database struct {
	URL    string // for pgx
	direct string // the same, even where URL leads to a pooler
}

// New returns a migrated database, dropped when the test ends. The test fails when there is no PostgreSQL.
func New(t testing.TB) *Database { return create(t, template) }

// Empty returns a database that was never migrated.
func Empty(t testing.TB) *Database { return create(t, "template0") }

// Pool returns a new pool of connections to the database, closed when the test ends.
func (d *Database) Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), cmp.Or(d.direct, d.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Exec runs statements without arguments, to prepare a test.
func (d *Database) Exec(t testing.TB, sql string) {
	t.Helper()
	if err := execute(t.Context(), d.direct, sql); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

// Named returns the URL of another database on the same server. The test makes it; it is dropped when the test ends.
func Named(t testing.TB, db *Database, name string) string {
	t.Helper()
	t.Cleanup(func() {
		admin, err := server()
		if err == nil {
			err = administer(context.Background(), admin, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return withDatabase(db.direct, name)
}

// ServerEnvironment is the environment variable with the URL of a server for all tests, whose role is a superuser. Tests that
// run where PostgreSQL does not, as those of the Windows build, use it; otherwise each test binary starts a server of its own.
const ServerEnvironment = "MAILINTEGRATION_TEST_POSTGRES"

// run begins the names of the databases of this test binary: several may use one server.
var run = "test_" + strings.ToLower(rand.Text()[:8])

// template is the database from which New clones.
var template = run + "_template"

// server starts the one server of this test binary, once, unless ServerEnvironment names one. The watchdog stops it.
var server = sync.OnceValues(startServer)

var databases atomic.Int64

func create(t testing.TB, from string) *Database {
	t.Helper()
	admin, err := server()
	if err != nil {
		t.Fatalf("no PostgreSQL for the tests: %v\n(make setup installs what is missing)", err)
	}
	name := fmt.Sprintf("%s_%d", run, databases.Add(1))
	if err := administer(t.Context(), admin, `CREATE DATABASE `+name+` STRATEGY file_copy TEMPLATE `+from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := administer(ctx, admin, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	d := &Database{direct: withDatabase(admin, name)}
	d.URL = d.direct
	if os.Getenv(PoolerEnvironment) != "" {
		d.URL = Pooled(t, d)
	}
	return d
}

// startServer returns the URL of the server's first database.
func startServer() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if given := os.Getenv(ServerEnvironment); given != "" {
		return given, prepare(ctx, given)
	}
	dir, err := makeDirectory()
	if err != nil {
		return "", err
	}
	s, err := postgres.Start(ctx, postgres.Options{DataDirectory: filepath.Join(dir, "postgres"), Disposable: true})
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	if err := watchdog(s.PID(), dir); err != nil {
		return "", errors.Join(err, s.Stop(ctx))
	}
	return s.URL(), prepare(ctx, s.URL())
}

// prepare makes the template. It forbids connections to it, since cloning waits for the last one to end.
func prepare(ctx context.Context, admin string) error {
	if err := execute(ctx, admin, `CREATE DATABASE `+template); err != nil {
		return err
	}
	if _, err := store.Migrate(ctx, withDatabase(admin, template)); err != nil {
		return err
	}
	return execute(ctx, admin, `ALTER DATABASE `+template+` ALLOW_CONNECTIONS false`)
}

// administration is the one connection that makes and drops databases. A new connection takes PostgreSQL more time than either.
var administration struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

// administer runs a statement on the connection that makes and drops databases, which it opens when there is none.
func administer(ctx context.Context, admin, sql string) (err error) {
	a := &administration
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil || a.conn.IsClosed() {
		if a.conn, err = pgx.Connect(ctx, admin); err != nil {
			return err
		}
	}
	// PostgreSQL waits five seconds for the sessions that it ends, which some of a busy machine need longer for.
	for isInUse := true; isInUse; {
		_, err = a.conn.Exec(ctx, sql)
		var pg *pgconn.PgError
		isInUse = errors.As(err, &pg) && pg.Code == objectInUse
	}
	return err
}

// objectInUse is the SQLSTATE of a database that somebody is connected to.
const objectInUse = "55006"

func execute(ctx context.Context, to, sql string) error {
	conn, err := pgx.Connect(ctx, to)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func withDatabase(to, name string) string {
	u, err := url.Parse(to)
	if err != nil {
		panic(err) // never: postgres.Start made the URL
	}
	u.Path = "/" + name
	return u.String()
}
