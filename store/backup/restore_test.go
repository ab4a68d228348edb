package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/store"
	"mailintegration/store/backup"
	"mailintegration/store/storetest"
)

func TestARestoredDatabaseOwnsTheDirectoryThatWasEmpty(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	name := d.archive()
	p := place(t)
	done, err := p.restore(name, backup.Options{})
	if err != nil || !done.Owned || done.HeldMail != 1 || done.First <= 1003 {
		t.Fatalf("%+v, %v", done, err)
	}
	p.wantWhole(3)
	s := p.open()
	orphan := filepath.Join(p.files, "aa", "aa", strings.Repeat("a", 64))
	p.must(os.MkdirAll(filepath.Dir(orphan), 0o755))
	p.must(os.WriteFile(orphan, nil, 0o600))
	old := time.Now().Add(-48 * time.Hour)
	p.must(os.Chtimes(orphan, old, old))
	if n, err := s.CollectOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("it removes %d files, %v", n, err)
	}
	if n := p.count(`SELECT count(*) FROM outbox WHERE given_up_at IS NOT NULL AND last_error LIKE 'restored from a backup of %'`); n != 1 {
		t.Errorf("%d mails are held", n)
	}
	d.wantWhole(3)
}

func TestACopyBesideTheOriginalRemovesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	name := d.archive()
	d.request(d.open(), "after the backup")
	p := place(t)
	p.files = d.files
	done, err := p.restore(name, backup.Options{})
	if err != nil || done.Owned {
		t.Fatalf("%+v, %v", done, err)
	}
	if n, err := p.open().CollectOrphans(t.Context(), -time.Hour); n != 0 || !errors.Is(err, store.ErrCopy) {
		t.Errorf("the copy removes %d files, %v", n, err)
	}
	d.wantWhole(4)
	p.wantWhole(3)
}

func TestARestoreThatWasCutBeginsAgain(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	cut := errors.New("cut")
	for _, step := range []string{"begin", "files", "load", "finish"} {
		t.Run("before "+step, func(t *testing.T) {
			t.Parallel()
			p := place(t)
			_, err := p.restore(name, backup.Options{}.OnStep(func(s string) error {
				if s == step {
					return cut
				}
				return nil
			}))
			if !errors.Is(err, cut) {
				t.Fatal(err)
			}
			if step != "begin" {
				if _, err := store.Open(t.Context(), p.options()); !errors.Is(err, store.ErrRestoring) {
					t.Errorf("meanwhile a store opens with %v", err)
				}
				if _, err := store.Migrate(t.Context(), p.url); !errors.Is(err, store.ErrRestoring) {
					t.Errorf("meanwhile a program migrates with %v", err)
				}
			}
			if _, err := p.restore(name, backup.Options{}); err != nil {
				t.Fatal(err)
			}
			p.wantWhole(3)
		})
	}
}

// TestARestoreThatFailsAtAnyStatementBeginsAgain cuts the connection at every fifth answer of the database to the restore's own
// statements. All of them would take a minute.
func TestARestoreThatFailsAtAnyStatementBeginsAgain(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	const stride = 5
	for n := 1; ; n += stride {
		p := place(t)
		proxy := storetest.NewProxy(t, p.url)
		direct := p.url
		p.url = proxy.URL
		proxy.CutBeforeComplete(n)
		_, err := p.restore(name, backup.Options{}.With(restoreAt(t, direct)))
		cuts := proxy.Cuts()
		p.url = direct
		if err != nil {
			if _, err := p.restore(name, backup.Options{}); err != nil {
				t.Fatalf("cut at statement %d, and again: %v", n, err)
			}
		}
		p.wantWhole(3)
		if cuts == 0 {
			return
		}
	}
}

// restoreAt returns a program that runs pg_restore with another address than its own: the proxy would count its statements.
func restoreAt(t *testing.T, url string) string {
	t.Helper()
	path, err := exec.LookPath("pg_restore")
	if err != nil {
		t.Fatal(err)
	}
	return script(t, fmt.Sprintf(`exec %q --no-owner --single-transaction --exit-on-error --dbname=%q`, path, url))
}

func TestARestoreEndsWhenPgRestoreIsSilent(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	p := place(t)
	_, err := p.restore(name, backup.Options{Silence: 50 * time.Millisecond}.With(script(t, "exec sleep 1000")))
	if err == nil || !strings.Contains(err.Error(), "load the database: pg_restore has made no progress for 50ms") {
		t.Error(err)
	}
	p.mustRestore(name)
}

func TestARestoreOverwritesNothing(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	for _, tt := range []struct {
		name   string
		target func(t *testing.T) *desk
		want   string
	}{
		{"a database with records", func(t *testing.T) *desk { return newDesk(t) }, "the database is not empty: it has 1 teams, 1 users, 3 requests"},
		{"another program's database", func(t *testing.T) *desk {
			p := place(t)
			p.exec(`CREATE TABLE invoice ()`)
			return p
		}, "tables of another program, such as invoice"},
		{"a database with a daemon", func(t *testing.T) *desk {
			p := place(t)
			p.url = storetest.Direct(t, storetest.New(t).URL)
			p.exec(`INSERT INTO daemon (id, host, process, version, is_single_run, alive_until)
				VALUES (gen_random_uuid(), 'mail1', 17, 'v', false, now() + interval '1 minute')`)
			return p
		}, "a daemon uses the database (mail1, process 17)"},
		{"another database's directory", func(t *testing.T) *desk {
			p := place(t)
			p.files = newDesk(t).files
			return p
		}, "the directory belongs to another database"},
		{"a directory with files", func(t *testing.T) *desk {
			p := place(t)
			p.files = t.TempDir()
			p.must(os.WriteFile(filepath.Join(p.files, "letter.txt"), nil, 0o600))
			return p
		}, "the directory is not empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := tt.target(t)
			before := p.count(`SELECT count(*) FROM pg_class`)
			_, err := p.restore(name, backup.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || store.Hint(err) == "" {
				t.Errorf("%v, hint %q", err, store.Hint(err))
			}
			if after := p.count(`SELECT count(*) FROM pg_class`); after != before {
				t.Errorf("%d tables and indexes instead of %d", after, before)
			}
		})
	}
}

func TestTwoRestoresIntoADatabaseTakeNoTurns(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	p := place(t)
	_, err := p.restore(name, backup.Options{}.OnStep(func(step string) error {
		if step == "load" {
			_, err := p.restore(name, backup.Options{})
			if err == nil || !strings.Contains(err.Error(), "another restore into this database is under way") {
				t.Errorf("the second one: %v", err)
			}
		}
		return nil
	}))
	p.must(err)
	p.wantWhole(3)
}

// TestARestoreEndsThePgRestoreThatAKilledOneHasLeft has a session that has created a part of the schema, and has not committed.
func TestARestoreEndsThePgRestoreThatAKilledOneHasLeft(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	p := place(t)
	config, err := pgx.ParseConfig(p.url)
	p.must(err)
	config.RuntimeParams["application_name"] = store.RestoreClient
	left, err := pgx.ConnectConfig(t.Context(), config)
	p.must(err)
	defer left.Close(context.WithoutCancel(t.Context()))
	_, err = left.Exec(t.Context(), `BEGIN; CREATE SCHEMA service_desk; CREATE TABLE team ()`)
	p.must(err)
	if _, err := p.restore(name, backup.Options{Silence: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if _, err := left.Exec(t.Context(), `COMMIT`); err == nil {
		t.Error("the session that was left commits")
	}
	p.wantWhole(3)
}

func TestAFirstNumberThatCannotBeIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	f, err := os.Open(newDesk(t).archive())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := backup.Verify(t.Context(), f)
	p := place(t)
	p.must(err)
	for _, first := range []int64{3, 0, -1, store.MaxFirstNumber + 1} {
		_, err = backup.Restore(t.Context(), a, p.options(), backup.Choice{FirstNumber: &first}, backup.Options{})
		if refused := new(store.FirstNumberError); !errors.As(err, &refused) {
			t.Errorf("first number %d: %v", first, err)
		}
	}
	if _, err := os.Stat(p.files); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if n := p.count(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}

// TestTheHighestFirstNumberIsRestored backs up a desk whose numbers begin where a person may let them begin at last.
func TestTheHighestFirstNumberIsRestored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	_, err := s.SetFirstNumber(t.Context(), store.MaxFirstNumber)
	d.must(err)
	d.request(s, "the last one")
	done, err := place(t).restore(d.archive(), backup.Options{})
	if err != nil || done.First != store.MaxFirstNumber+1 {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestARestoreThatHasFailedTakesAnotherArchive restores an archive that does not hold what its manifest says, one that pg_restore
// cannot load, and then another one.
func TestARestoreThatHasFailedTakesAnotherArchive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	name := d.archive()
	p := place(t)
	f, err := os.Open(name)
	d.must(err)
	defer f.Close()
	a, err := backup.Verify(t.Context(), f)
	d.must(err)
	a.Manifest.Records.Requests, a.Manifest.Records.Users = 7, 9
	_, err = backup.Restore(t.Context(), a, p.options(), backup.Choice{}, backup.Options{})
	const differ = "the archive does not hold what its manifest says: 3 requests instead of 7; 1 users instead of 9"
	if err == nil || !strings.Contains(err.Error(), differ) || !strings.Contains(hintOf(err), "restore another one into it") {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
	_, err = p.restore(name, backup.Options{}.With(script(t, "echo 'no room' >&2; exit 1")))
	if err == nil || !strings.Contains(hintOf(err), "remove the cause; then run restore again; if this archive fails again") {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
	if _, err := store.Open(t.Context(), p.options()); err == nil || !strings.Contains(err.Error(), "with the same archive or another one") {
		t.Error(err)
	}
	d.request(d.open(), "one more")
	_, err = p.restore(d.archive(), backup.Options{})
	d.must(err)
	p.wantWhole(4)
}

// TestAFreshInstallationTakesABackup restores into a database that a daemon has made, with a directory that it has claimed.
func TestAFreshInstallationTakesABackup(t *testing.T) {
	t.Parallel()
	name := newDesk(t).archive()
	p := place(t)
	p.url = storetest.Direct(t, storetest.New(t).URL)
	p.open()
	done, err := p.restore(name, backup.Options{})
	if err != nil || !done.Owned {
		t.Errorf("%+v, %v", done, err)
	}
	p.wantWhole(3)
}

// TestABackupOfAnOlderSchemaIsBroughtUpToDate makes a database of the schema before the newest one, as an earlier version has left it.
func TestABackupOfAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	d.exec(`DROP SCHEMA service_desk CASCADE`)
	d.exec(`DROP SCHEMA public CASCADE`)
	d.exec(`CREATE SCHEMA public`)
	newest := d.migrateToTheLastButOne()
	d.exec(`INSERT INTO team (name) VALUES ('IT')`)
	name := filepath.Join(t.TempDir(), "mail.tar")
	_, err := backup.Create(t.Context(), s, name, backup.Options{URL: d.url})
	d.must(err)
	p := place(t)
	done, err := p.restore(name, backup.Options{})
	if err != nil || len(done.Applied) != 1 || done.Applied[0] != newest {
		t.Fatalf("%+v, %v", done, err)
	}
	p.wantWhole(0)
}

func TestTheNextNumberLeavesRoomForRequestsSinceTheBackup(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	m := backup.Manifest{TakenAt: at, Highest: 4711, RecentDaily: 50}
	if got := m.FirstNumber(at.Add(10 * 24 * time.Hour)); got != 8000 {
		t.Errorf("%d after ten days with 50 requests a day", got)
	}
}
