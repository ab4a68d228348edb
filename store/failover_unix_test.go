//go:build !windows

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mailintegration/store"
	"mailintegration/store/postgres"
	"mailintegration/store/storetest"
)

// pair is a primary with a desk, and a standby with the same rows.
type pair struct {
	primary, standby *postgres.Server
	desk             *desk
}

func newPair(t *testing.T) pair {
	t.Helper()
	dir := storetest.Directory(t)
	start := func(name string) *postgres.Server {
		s, err := postgres.Start(t.Context(), postgres.Options{DataDirectory: filepath.Join(dir, name), Disposable: true})
		must(t, err)
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		return s
	}
	first := start("primary")
	_, err := store.Migrate(t.Context(), first.URL())
	must(t, err)
	d := deskOn(t, first.URL())
	d.store.Close()
	d.pool.Close()
	must(t, first.Stop(t.Context()))
	if out, err := exec.Command("cp", "-a", filepath.Join(dir, "primary"), filepath.Join(dir, "standby")).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	must(t, os.WriteFile(filepath.Join(dir, "standby", "cluster", "standby.signal"), nil, 0o644))
	return pair{start("primary"), start("standby"), d}
}

// TestAFailoverCostsPollsAndNothingElse leads the address of the database to a standby, which becomes the primary only
// later.
func TestAFailoverCostsPollsAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	d := p.desk
	proxy := storetest.NewProxy(t, p.primary.URL())
	s := d.open(t, proxy.URL)
	if _, err := s.Accept(t.Context(), d.mailbox, batchOf("before"), d.clerk()); err != nil {
		t.Fatal(err)
	}
	proxy.Redirect(t, p.standby.URL())
	_, err := s.Accept(t.Context(), d.mailbox, batchOf("during"), d.clerk())
	if !errors.Is(err, store.ErrUnavailable) || !store.IsUnreachable(err) || !strings.Contains(err.Error(), "standby") {
		t.Errorf("Accept on a standby: %v", err)
	}
	if !strings.Contains(store.Hint(err), "target_session_attrs") {
		t.Errorf("the hint is %q", store.Hint(err))
	}
	if err := s.Recheck(t.Context()); !store.IsUnreachable(err) {
		t.Errorf("Recheck on a standby: %v", err)
	}
	promote(t, p.standby.URL())
	if err := s.Recheck(t.Context()); err != nil {
		t.Errorf("Recheck after the promotion: %v", err)
	}
	// The standby was made before the message was recorded: here it is accepted again, as it would be from the mailbox.
	outcomes, err := s.Accept(t.Context(), d.mailbox, batchOf("during"), d.clerk())
	if err != nil || outcomes[0].Result != store.Opened {
		t.Errorf("Accept after the promotion: %+v, %v", outcomes, err)
	}
}

func TestAReadOnlyStoreReadsFromAStandby(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s, err := store.Open(t.Context(), store.Options{URL: p.standby.URL(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Resolve(t.Context(), "helpdesk", deskNames); err == nil {
		t.Error("Resolve has written on a standby")
	}
	if _, err := s.Teams(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOfSeveralServersThePrimaryIsUsed(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	standby, err := pgx.ParseConfig(p.standby.URL())
	must(t, err)
	primary, err := pgx.ParseConfig(p.primary.URL())
	must(t, err)
	hosts := strings.Replace(p.primary.URL(), hostOf(primary), hostOf(standby)+","+hostOf(primary), 1)
	d := p.desk
	s := d.open(t, hosts)
	if _, err := s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk()); err != nil {
		t.Error(err)
	}
}

// TestADatabaseThatRestartsCostsNothing restarts the server between two batches, which all connections miss.
func TestADatabaseThatRestartsCostsNothing(t *testing.T) {
	t.Parallel()
	dir := storetest.Directory(t)
	options := postgres.Options{DataDirectory: filepath.Join(dir, "data"), Disposable: true}
	server, err := postgres.Start(t.Context(), options)
	must(t, err)
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	_, err = store.Migrate(t.Context(), server.URL())
	must(t, err)
	d := deskOn(t, server.URL())
	d.accept(t, d.clerk(), mail("1", "before"))
	must(t, server.Stop(t.Context()))
	if _, err := d.store.Accept(t.Context(), d.mailbox, batchOf("during"), d.clerk()); !store.IsUnreachable(err) {
		t.Errorf("while the server is down: %v", err)
	}
	if err := d.store.Recheck(t.Context()); !store.IsUnreachable(err) {
		t.Errorf("Recheck while the server is down: %v", err)
	}
	again, err := postgres.Start(t.Context(), options) // at the same port
	must(t, err)
	t.Cleanup(func() { _ = again.Stop(context.Background()) })
	must(t, d.store.Recheck(t.Context()))
	d.pool.Reset() // the test's own connections ended with the server
	d.accept(t, d.clerk(), mail("2", "after"))
	if n := d.count(t, "receipt"); n != 2 {
		t.Errorf("%d receipts", n)
	}
}

// hostOf returns the host and the port of an address.
func hostOf(c *pgx.ConnConfig) string { return c.Host + ":" + fmt.Sprint(c.Port) }

// promote makes a standby the primary, and returns when it is.
func promote(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer conn.Close(t.Context())
	var promoted bool
	if err := conn.QueryRow(t.Context(), `SELECT pg_promote()`).Scan(&promoted); err != nil || !promoted {
		t.Fatalf("promoted %t, %v", promoted, err)
	}
}
