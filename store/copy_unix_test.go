//go:build !windows

package store_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/postgres"
	"mailintegration/store/storetest"
)

// TestAPhysicalCopyRemovesNothing copies the data directory of a server, as a snapshot, pg_basebackup or a restored
// backup does.
func TestAPhysicalCopyRemovesNothing(t *testing.T) {
	t.Parallel()
	dir := storetest.Directory(t)
	start := func(name string) *postgres.Server {
		s, err := postgres.Start(t.Context(), postgres.Options{DataDirectory: filepath.Join(dir, name)})
		must(t, err)
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		return s
	}
	server := start("production")
	_, err := store.Migrate(t.Context(), server.URL())
	must(t, err)
	d := deskOn(t, server.URL())
	d.accept(t, d.clerk(), mail("1", "before the copy", with(attachment("x", "before"))))
	_, err = d.store.CollectOrphans(t.Context(), time.Hour)
	must(t, err)
	must(t, server.Stop(t.Context()))
	if out, err := exec.Command("cp", "-a", filepath.Join(dir, "production"), filepath.Join(dir, "copy")).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	production, clone := start("production"), start("copy")
	p := d.open(t, production.URL())
	_, err = p.Accept(t.Context(), d.mailbox, []store.Delivery{mail("2", "after the copy", with(attachment("y", "after")))}, d.clerk())
	must(t, err)
	writeOld(t, d.path("after"), "after", 48*time.Hour)
	c := d.open(t, clone.URL())
	wantOnlyWriting(t, d, c, "written by the copy", "data directory is")
	if !isThere(d.path("after")) {
		t.Error("the copy removed production's file")
	}
	if n, err := p.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("production no longer collects: %d, %v", n, err)
	}
	// Even with the same server, address and directory, the copy can tell that production has collected since.
	pool := (&storetest.Database{URL: clone.URL()}).Pool(t)
	_, err = pool.Exec(t.Context(), `UPDATE attachment_directory SET instance = jsonb_set(instance, '{directory}', to_jsonb(current_setting('data_directory')))`)
	must(t, err)
	wantOnlyWriting(t, d, c, "written by the copy again", "collected there since")
}
