package store_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// openAt opens a store on a database and a directory.
func openAt(t *testing.T, o store.Options) (*store.Store, error) {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// leaveOrphan writes a temporary file that is two days old into a directory, and returns its path.
func leaveOrphan(t *testing.T, directory string) string {
	t.Helper()
	path := filepath.Join(directory, "tmp-left-behind")
	writeOld(t, path, "", 48*time.Hour)
	return path
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestADatabaseLeavesTheDirectoryOfAnotherAlone(t *testing.T) {
	t.Parallel()
	d, other := newDesk(t), storetest.New(t)
	_, err := openAt(t, store.Options{URL: other.URL, AttachmentDirectory: d.files})
	if !errors.Is(err, store.ErrForeignDirectory) || !errors.Is(err, store.ErrDirectory) ||
		!strings.Contains(store.Hint(err), "attachments adopt") {
		t.Errorf("opening the directory for a second database: %v, hint %q", err, store.Hint(err))
	}
	orphan := leaveOrphan(t, d.files)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil || isThere(orphan) {
		t.Errorf("the first database removed %d: %v", n, err)
	}
	// The second database adopts the directory; from then on the first one writes and removes nothing there.
	leaveOrphan(t, d.files)
	if _, err := openAt(t, store.Options{URL: other.URL, AttachmentDirectory: d.files, Adopt: true}); err != nil {
		t.Fatal(err)
	}
	batch := []store.Delivery{mail("1", "a", with(attachment("x", "content")))}
	if got := d.accept(t, d.clerk(), batch...); !errors.Is(got[0].Err, store.ErrForeignDirectory) {
		t.Errorf("Accept: %+v", got)
	}
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || !errors.Is(err, store.ErrForeignDirectory) {
		t.Errorf("CollectOrphans: %d, %v", n, err)
	}
	if names := d.fileNames(t); len(names) != 1 || d.count(t, "receipt") != 0 {
		t.Errorf("files %v, %d receipts", names, d.count(t, "receipt"))
	}
}

func TestNothingIsWrittenBelowTheMountPointOfAnUnmountedShare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		unmount func(directory string) error
	}{
		{"the mount point is empty", func(directory string) error { return os.Mkdir(directory, 0o755) }},
		{"the directory is gone", func(string) error { return nil }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", "content 1"))))
			must(t, os.Rename(d.files, d.files+".share"))
			must(t, test.unmount(d.files))
			before := isThere(d.files)
			batch := []store.Delivery{mail("2", "b", with(attachment("x", "content 2"))), mail("3", "c")}
			outcomes, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk())
			must(t, err)
			if err := outcomes[0].Err; !errors.Is(err, store.ErrNoMarker) || !errors.Is(err, store.ErrDirectory) ||
				store.IsUnexplained(err) {
				t.Errorf("a message with a file: %v", err)
			}
			if outcomes[1].Result != store.Opened {
				t.Errorf("a message without a file was held up: %+v", outcomes[1])
			}
			if _, err = openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files}); !errors.Is(err, store.ErrNoMarker) {
				t.Errorf("Open: %v", err)
			}
			if hint := store.Hint(err); !strings.Contains(err.Error(), "mounted?") || !strings.Contains(hint, "mount the share") {
				t.Errorf("error %v, hint %q", err, hint)
			}
			if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 0 || !errors.Is(err, store.ErrNoMarker) {
				t.Errorf("CollectOrphans: %d, %v", n, err)
			}
			if names := d.fileNamesIfAny(); len(names) != 0 || isThere(d.files) != before {
				t.Errorf("below the mount point are %v; the mount point exists: %t", names, isThere(d.files))
			}
			// A message without a file needs no share. Once the share is back, messages with files are recorded again.
			d.accept(t, d.clerk(), batch[1])
			must(t, os.RemoveAll(d.files))
			must(t, os.Rename(d.files+".share", d.files))
			d.accept(t, d.clerk(), batch...)
		})
	}
}

func TestOnlyOneOfSeveralHostsClaimsItsDirectory(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	var errs [5]error
	var running sync.WaitGroup
	for i := range errs {
		o := store.Options{URL: db.URL, AttachmentDirectory: t.TempDir(), MaxConns: 1}
		running.Go(func() { _, errs[i] = openAt(t, o) })
	}
	running.Wait()
	opened := 0
	for _, err := range errs {
		if err == nil {
			opened++
		} else if !errors.Is(err, store.ErrNoMarker) {
			t.Error(err)
		}
	}
	if opened != 1 {
		t.Errorf("%d hosts opened their directory, want 1", opened)
	}
}

// legacyMarker returns the marker that earlier versions wrote for the database of the desk.
func legacyMarker(t *testing.T, d *desk) string {
	t.Helper()
	return one[string](t, d, `SELECT system_identifier || '/' || oid || E'\n' FROM pg_control_system(), pg_database WHERE datname = current_database()`)
}

func TestADirectoryInUseIsClaimedByItsDatabaseOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(t *testing.T, d *desk)
		want   error
	}{
		{"without a marker, with the files", func(*testing.T, *desk) {}, nil},
		{"without a marker, with most of the files", func(t *testing.T, d *desk) { must(t, os.Remove(d.path("content 1"))) }, nil},
		{"without a marker, without the files", func(t *testing.T, d *desk) {
			must(t, os.Rename(d.files, d.files+".share"))
			must(t, os.Mkdir(d.files, 0o755))
		}, store.ErrNoMarker},
		{"missing", func(t *testing.T, d *desk) { must(t, os.Rename(d.files, d.files+".share")) }, store.ErrNoMarker},
		{"with the marker of an earlier version", func(t *testing.T, d *desk) {
			must(t, os.WriteFile(filepath.Join(d.files, markerName), []byte(legacyMarker(t, d)), 0o600))
		}, nil},
		{"with the marker of an earlier version, of another database", func(t *testing.T, d *desk) {
			must(t, os.WriteFile(filepath.Join(d.files, markerName), []byte("7000000000000000000/5\n"), 0o600))
		}, store.ErrForeignDirectory},
		{"with an empty marker", func(t *testing.T, d *desk) {
			must(t, os.WriteFile(filepath.Join(d.files, markerName), nil, 0o600))
		}, store.ErrForeignDirectory},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			refuse := d.exceptFor("about refused", func() processor.Decision { return processor.Refuse{} })
			d.accept(t, refuse, mail("1", "a", with(attachment("x", "content 1"), attachment("y", "content 2"))), mail("2", "refused"))
			d.exec(t, `DELETE FROM attachment_directory`)
			must(t, os.Remove(filepath.Join(d.files, markerName)))
			test.change(t, d)
			before := d.fileNamesIfAny()
			_, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files})
			if !errors.Is(err, test.want) {
				t.Errorf("error is %v", err)
			}
			if test.want != nil && (d.count(t, "attachment_directory") != 0 || len(d.fileNamesIfAny()) != len(before)) {
				t.Error("the directory was claimed nevertheless")
			}
			if test.want == nil {
				_, again := openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files})
				must(t, again)
			}
		})
	}
}

func TestAClaimThatWasInterruptedIsRepeated(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	directory := filepath.Join(t.TempDir(), "attachments")
	o := store.Options{URL: db.URL, AttachmentDirectory: directory}
	db.Exec(t, `
		CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
		CREATE TRIGGER crash BEFORE INSERT ON attachment_directory FOR EACH ROW EXECUTE FUNCTION crash()`)
	if _, err := openAt(t, o); !errors.Is(err, store.ErrUnavailable) || !isThere(filepath.Join(directory, markerName)) {
		t.Fatalf("the claim did not stop between marker and row: %v", err)
	}
	// Another database may claim a directory whose claim was never finished.
	if _, err := openAt(t, store.Options{URL: storetest.New(t).URL, AttachmentDirectory: directory}); err != nil {
		t.Error(err)
	}
	db.Exec(t, `DROP TRIGGER crash ON attachment_directory`)
	if _, err := openAt(t, o); !errors.Is(err, store.ErrForeignDirectory) {
		t.Errorf("two databases own the directory: %v", err)
	}
	must(t, os.Remove(filepath.Join(directory, markerName)))
	if _, err := openAt(t, o); err != nil {
		t.Error(err)
	}
	// When the row is written and the marker still says "claiming", the row counts.
	path := filepath.Join(directory, markerName)
	must(t, os.WriteFile(path, []byte(strings.Replace(read(t, path), "state claimed", "state claiming", 1)), 0o600))
	if _, err := openAt(t, o); err != nil || !strings.Contains(read(t, path), "state claimed") {
		t.Errorf("%v, marker:\n%s", err, read(t, path))
	}
}

func TestADirectoryIsOnlyAdoptedWithTheOptionAdopt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", "content"))))
	empty := t.TempDir()
	if _, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: empty}); !errors.Is(err, store.ErrNoMarker) {
		t.Errorf("Open: %v", err)
	}
	if _, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: filepath.Join(empty, "none"), Adopt: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("adopting a missing directory: %v", err)
	}
	if _, err := openAt(t, store.Options{URL: d.url, Adopt: true}); err == nil {
		t.Error("adopting without a directory succeeded")
	}
	s, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: empty, Adopt: true})
	must(t, err)
	got, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("2", "b", with(attachment("x", "content")))}, d.clerk())
	if err != nil || got[0].Err != nil {
		t.Errorf("Accept in the adopted directory: %+v, %v", got, err)
	}
	// The store that is still open on the old directory no longer writes there.
	if got := d.accept(t, d.clerk(), mail("3", "c", with(attachment("x", "content")))); !errors.Is(got[0].Err, store.ErrForeignDirectory) {
		t.Errorf("Accept in the old directory: %+v", got)
	}
}

// wantOnlyWriting fails the test unless the database may write into the directory and removes nothing from it.
func wantOnlyWriting(t *testing.T, d *desk, s *store.Store, uidl, reason string) {
	t.Helper()
	orphan := leaveOrphan(t, d.files)
	n, err := s.CollectOrphans(t.Context(), time.Hour)
	if n != 0 || !errors.Is(err, store.ErrCopy) || !errors.Is(err, store.ErrDirectory) || !isThere(orphan) {
		t.Errorf("collected %d, %v", n, err)
	}
	if err != nil && !strings.Contains(err.Error(), reason) || !strings.Contains(store.Hint(err), "attachments adopt") {
		t.Errorf("error %v, hint %q", err, store.Hint(err))
	}
	if _, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail(uidl, uidl, with(attachment("x", "of "+uidl)))}, d.clerk()); err != nil {
		t.Errorf("Accept failed, but a copy must not stop mail: %v", err)
	}
}

func TestADatabaseThatMayBeACopyRemovesNothing(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, reason, sql string }{
		{"another cluster", "system identifier is", `UPDATE attachment_directory SET instance = jsonb_set(instance, '{system}', '"7"')`},
		{"another database", "database number is", `UPDATE attachment_directory SET instance = jsonb_set(instance, '{database}', '"7"')`},
		{"a standby or a restored backup", "timeline is", `UPDATE attachment_directory SET instance = jsonb_set(instance, '{timeline}', '"00000000"')`},
		{"another directory of the server", "data directory is", `UPDATE attachment_directory SET instance = jsonb_set(instance, '{directory}', '"/srv/pg"')`},
		{"another port, when the server does not tell its directory", "port is", `UPDATE attachment_directory SET instance = instance || '{"directory": "", "port": "1"}'`},
		{"the owner has collected since", "collected there since", `UPDATE attachment_directory SET generation = 'earlier'`},
		{"the owner has collected twice since", "collected there since", `UPDATE attachment_directory SET generation = 'earlier', next_generation = 'later'`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			_, err := d.store.CollectOrphans(t.Context(), time.Hour)
			must(t, err)
			d.exec(t, test.sql)
			wantOnlyWriting(t, d, d.store, "1", test.reason)
			s, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files, Adopt: true})
			must(t, err)
			if n, err := s.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
				t.Errorf("after adopting the directory: %d, %v", n, err)
			}
		})
	}
}

// TestAnOrdinaryRoleClaimsAndCollects opens the store as a role that may not read the server's data directory setting.
func TestAnOrdinaryRoleClaimsAndCollects(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	db.Exec(t, `CREATE ROLE ordinary_for_test LOGIN PASSWORD 'x'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ordinary_for_test`)
	pool := db.Pool(t)
	t.Cleanup(func() {
		_, err := pool.Exec(context.WithoutCancel(t.Context()), `DROP OWNED BY ordinary_for_test; DROP ROLE ordinary_for_test`, pgx.QueryExecModeSimpleProtocol)
		must(t, err)
	})
	u, err := url.Parse(db.URL)
	must(t, err)
	u.User = url.UserPassword("ordinary_for_test", "x")
	files := t.TempDir()
	s, err := openAt(t, store.Options{URL: u.String(), AttachmentDirectory: files})
	must(t, err)
	leaveOrphan(t, files)
	if n, err := s.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
	// The same database is recognized when a role that may read more opens it.
	super, err := openAt(t, store.Options{URL: db.URL, AttachmentDirectory: files})
	must(t, err)
	leaveOrphan(t, files)
	if n, err := super.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
}

func TestAValueThatADatabaseDoesNotTellIsNoDifference(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `UPDATE attachment_directory SET instance = instance || '{"address": "192.0.2.1", "timeline": "", "port": "1"}'`)
	leaveOrphan(t, d.files)
	if n, err := d.store.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
}

func TestADatabaseThatIsNotUTF8IsRefused(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	db.Exec(t, `CREATE DATABASE latin1_for_test ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	url := storetest.Named(t, db, "latin1_for_test")
	if _, err := store.Migrate(t.Context(), url); !errors.Is(err, store.ErrEncoding) {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := store.Status(t.Context(), url); !errors.Is(err, store.ErrEncoding) {
		t.Errorf("Status: %v", err)
	}
}
