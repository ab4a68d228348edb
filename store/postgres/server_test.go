package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/store/postgres"
)

func TestDataSurvivesAStop(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, dir)
	execute(t, s, `CREATE TABLE kept AS SELECT 1 AS one`)
	stop(t, s)
	stop(t, s) // harmless the second time
	s = start(t, dir)
	execute(t, s, `SELECT one FROM kept`)
}

func TestANewDatabaseIsDurableUnicodeAndClosedToOthers(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, dir)
	for query, want := range map[string]string{
		`SHOW fsync`:              "on",
		`SHOW synchronous_commit`: "on",
		`SHOW full_page_writes`:   "on",
		`SHOW data_checksums`:     "on",
		`SHOW server_encoding`:    "UTF8",
		`SHOW listen_addresses`:   listened(),
		`SELECT lower('ÀÉ')`:      "àé",
	} {
		if got := ask(t, s, query); got != want {
			t.Errorf("%s is %q, want %q", query, got, want)
		}
	}
	password := strings.TrimSpace(read(t, filepath.Join(dir, "password")))
	if _, err := pgx.Connect(t.Context(), strings.Replace(s.URL(), password, "wrong", 1)); err == nil {
		t.Error("a wrong password was accepted")
	}
	for name, most := range map[string]os.FileMode{"password": 0o600, "admin-password": 0o600, "server.log": 0o600, "cluster": 0o700} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != most {
			t.Errorf("%s has mode %o, want %o", name, mode, most)
		}
	}
}

// TestWhereThereCanBeNoSocketTheServerMovesWhenItsPortIsTaken uses a path that is too long for a socket.
func TestWhereThereCanBeNoSocketTheServerMovesWhenItsPortIsTaken(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(dataDirectory(t)), strings.Repeat("long", 25))
	s := start(t, dir)
	before := port(t, s)
	stop(t, s)
	s = start(t, dir)
	if after := port(t, s); after != before && !isTaken(before) {
		t.Errorf("the server moved from port %s, which was free, to %s", before, after)
	}
	stop(t, s)
	occupy(t, before)
	s = start(t, dir)
	if after := port(t, s); after == before {
		t.Error("the server uses a port that another program has taken")
	}
	execute(t, s, `SELECT 1`)
}

func TestASecondUserSharesTheServerAndTakesItOverWhenTheFirstStops(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	first := start(t, dir)
	log, happened := observe(t)
	second := startWith(t, postgres.Options{DataDirectory: dir, Logger: log})
	if !first.Owned() || second.Owned() {
		t.Fatalf("the first owns the server: %v, the second: %v", first.Owned(), second.Owned())
	}
	pid := first.PID()
	execute(t, second, `CREATE TABLE kept AS SELECT 1 AS one`)
	stop(t, first)
	happened.wait(t, "private postgresql taken over")
	if second.PID() != pid {
		t.Errorf("the second owns process %d, want %d, which never stopped", second.PID(), pid)
	}
	execute(t, second, `SELECT one FROM kept`)
	stop(t, second)
	if alive(pid) {
		t.Error("the server runs although its last user has stopped")
	}
}

func TestASharerThatStopsLeavesTheServerAlone(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	owner := start(t, dir)
	stop(t, start(t, dir))
	execute(t, owner, `SELECT 1`)
}

func TestManyMayStartAtOnceOnAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	started := make(chan *postgres.Server, 4)
	for range cap(started) {
		go func() {
			s, err := postgres.Start(t.Context(), postgres.Options{DataDirectory: dir})
			if err != nil {
				t.Error(err)
			}
			started <- s
		}()
	}
	var owners int
	var all []*postgres.Server
	for range cap(started) {
		if s := <-started; s != nil {
			t.Cleanup(func() { stop(t, s) })
			all = append(all, s)
		}
	}
	for _, s := range all {
		execute(t, s, `SELECT 1`)
		if s.Owned() {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("%d of %d processes own the server, want 1", owners, len(all))
	}
}

func TestStopWithoutTimeLeftStopsAtOnceAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, dir)
	execute(t, s, `CREATE TABLE kept AS SELECT 1 AS one`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
	s = start(t, dir)
	execute(t, s, `SELECT one FROM kept`)
}

func TestStartGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if s, err := postgres.Start(ctx, postgres.Options{DataDirectory: dir}); err == nil {
		stop(t, s)
		t.Fatal("the server started in less than 0.1 s")
	}
	execute(t, start(t, dir), `SELECT 1`)
}

func TestTheServerTakesTheConnectionsOfThreeProgramsAndTheCommandLine(t *testing.T) {
	t.Parallel()
	s := startWith(t, postgres.Options{DataDirectory: dataDirectory(t), MaxConnections: 7})
	if got := ask(t, s, `SHOW max_connections`); got != "41" {
		t.Errorf("max_connections is %s", got)
	}
}

// TestWhoSharesAPreparedServerNeedsNoConnection removes the password of the server's role meanwhile, so that nobody can log
// in.
func TestWhoSharesAPreparedServerNeedsNoConnection(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	owner := start(t, dir)
	execute(t, owner, `ALTER ROLE `+postgres.Role+` PASSWORD NULL`)
	other := start(t, dir)
	if other.URL() != owner.URL() {
		t.Errorf("the address is %s, want %s", other.URL(), owner.URL())
	}
}
