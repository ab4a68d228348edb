package backup_test

import (
	"bytes"
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
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/backup"
	"mailintegration/store/storetest"
)

// desk is a database with its attachment directory, or the place for one.
type desk struct {
	testing.TB
	url, files string
}

// newDesk returns a desk with three requests, each with a file of its own, and a mail that waits to be sent.
func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{TB: t, url: storetest.Direct(t, storetest.New(t).URL), files: filepath.Join(t.TempDir(), "attachments")}
	s := d.open()
	d.must(s.AddTeam(t.Context(), "IT", store.TeamOptions{}))
	d.must(s.AddUser(t.Context(), store.User{Logon: "daemon", Name: "Daemon"}))
	for i := range 3 {
		d.request(s, fmt.Sprintf("content %d", i))
	}
	d.exec(`INSERT INTO outbox (kind, team_id, request_id, message_id, to_address, due_at)
		SELECT 'acknowledgement', team_id, number, 'waits@desk.example', 'ann@acme.example', now() FROM request LIMIT 1`)
	return d
}

// place returns an empty database, and a directory that does not exist.
func place(t testing.TB) *desk {
	t.Helper()
	return &desk{TB: t, url: storetest.Direct(t, storetest.Empty(t).URL), files: filepath.Join(t.TempDir(), "attachments")}
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) options() store.Options {
	return store.Options{URL: d.url, AttachmentDirectory: d.files}
}

func (d *desk) open() *store.Store {
	d.Helper()
	s, err := store.Open(d.Context(), d.options())
	d.must(err)
	d.Cleanup(s.Close)
	return s
}

func (d *desk) pool() *pgxpool.Pool { return (&storetest.Database{URL: d.url}).Pool(d) }

func (d *desk) exec(sql string) {
	d.Helper()
	_, err := d.pool().Exec(d.Context(), sql)
	d.must(err)
}

func (d *desk) count(sql string) (n int) {
	d.Helper()
	d.must(d.pool().QueryRow(d.Context(), sql).Scan(&n))
	return n
}

// request opens a request with a file.
func (d *desk) request(s *store.Store, content string) {
	d.Helper()
	d.must(s.Write(d.Context(), processor.User{ID: 1}, func(j *store.Journal) error {
		_, err := j.Open(d.Context(), store.NewRequest{
			Kind: processor.Event, Team: processor.Ref{ID: 1}, Subject: content, Reason: processor.NewReason("test", "test"),
			Files: []store.File{{Name: "a.txt", MediaType: "text/plain", Content: store.OctetsOf([]byte(content))}},
		})
		return err
	}))
}

// backUp writes an archive and returns its name.
func (d *desk) backUp(o backup.Options) (string, backup.Manifest, error) {
	d.Helper()
	name := filepath.Join(d.TempDir(), "mail.tar")
	o.URL, o.Version = d.url, "test"
	m, err := backup.Create(d.Context(), d.open(), name, o)
	return name, m, err
}

// archive returns an archive of the desk.
func (d *desk) archive() string {
	d.Helper()
	name, _, err := d.backUp(backup.Options{})
	d.must(err)
	return name
}

// restore restores an archive.
func (d *desk) restore(name string, o backup.Options) (store.Restored, error) {
	d.Helper()
	f, err := os.Open(name)
	d.must(err)
	defer f.Close()
	a, err := backup.Verify(d.Context(), f)
	if err != nil {
		return store.Restored{}, err
	}
	return backup.Restore(d.Context(), a, d.options(), backup.Choice{Now: a.Manifest.TakenAt}, o)
}

// wantWhole fails the test unless the desk has its requests, their files and nothing else.
func (d *desk) wantWhole(requests int) {
	d.Helper()
	s := d.open()
	if n := d.count(`SELECT count(*) FROM request`); n != requests {
		d.Errorf("%d requests, want %d", n, requests)
	}
	rows, err := d.pool().Query(d.Context(), `SELECT id FROM attachment`)
	d.must(err)
	for rows.Next() {
		var id int64
		d.must(rows.Scan(&id))
		o, err := s.OpenAttachment(d.Context(), id)
		if err != nil {
			d.Errorf("attachment %d: %v", id, err)
			continue
		}
		o.Close()
	}
	if d.count(`SELECT count(*) FROM pg_class WHERE relname = 'restore_under_way'`) != 0 {
		d.Error("the table of the restore is still there")
	}
	if _, err := os.Stat(filepath.Join(d.files, ".mailintegration-restore")); !errors.Is(err, fs.ErrNotExist) {
		d.Errorf("the note of the restore: %v", err)
	}
}

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

// script returns a program of the shell.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestABackupThatWasCutLeavesNoArchive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cut := errors.New("cut")
	for _, step := range []string{"dump", "release", "files", "file", "sums", "manifest", "rename"} {
		t.Run("before "+step, func(t *testing.T) {
			name, _, err := d.backUp(backup.Options{}.OnStep(func(s string) error {
				if s == step {
					return cut
				}
				return nil
			}))
			if !errors.Is(err, cut) {
				t.Fatal(err)
			}
			if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) != 0 {
				t.Errorf("there is %v", entries)
			}
		})
	}
	d.archive() // the lock was given back
}

func TestAnArchiveReplacesOneThatWasKilledAndNoOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	name := filepath.Join(t.TempDir(), "mail.tar")
	d.must(os.WriteFile(name+backup.PartialSuffix, bytes.Repeat([]byte("x"), 1<<20), 0o644))
	o := backup.Options{URL: d.url}
	_, err := backup.Create(t.Context(), d.open(), name, o)
	d.must(err)
	place(t).mustRestore(name)
	if _, err := backup.Create(t.Context(), d.open(), name, o); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup of the name: %v", err)
	}
}

// TestABackupWritesToNoFileThatItHasNotMade has something else under the name that an archive has while it is written.
func TestABackupWritesToNoFileThatItHasNotMade(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	cases := map[string]func(partial, other string) error{
		"a symbolic link":             func(partial, other string) error { return os.Symlink(other, partial) },
		"a symbolic link to no file":  func(partial, other string) error { return os.Symlink(other+"-gone", partial) },
		"a directory":                 func(partial, _ string) error { return os.Mkdir(partial, 0o700) },
		"a file that a backup writes": func(partial, _ string) error { return backup.HoldPartial(t, partial) },
	}
	if os.Geteuid() == 0 {
		cases["a file of another account"] = func(partial, _ string) error {
			return errors.Join(os.WriteFile(partial, nil, 0o666), os.Chown(partial, 65534, 65534))
		}
	}
	for what, put := range cases {
		name := filepath.Join(t.TempDir(), "mail.tar")
		other := filepath.Join(t.TempDir(), "other.txt")
		d.must(os.WriteFile(other, []byte("precious"), 0o600))
		if err := put(name+backup.PartialSuffix, other); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Create(t.Context(), s, name, backup.Options{URL: d.url})
		if inTheWay := new(backup.InTheWayError); !errors.As(err, &inTheWay) {
			t.Errorf("%s: %v", what, err)
		}
		if text, err := os.ReadFile(other); string(text) != "precious" {
			t.Errorf("%s: the other file has %d octets, %v", what, len(text), err)
		}
		for _, made := range []string{name, other + "-gone"} {
			if _, err := os.Lstat(made); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s was made", what, made)
			}
		}
		if _, err := os.Lstat(name + backup.PartialSuffix); err != nil {
			t.Errorf("%s was removed", what)
		}
	}
}

func TestWhatKilledBackupsHaveLeftInADirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	in := func(name string) string { return filepath.Join(directory, name) }
	left := in("mailintegration-20261126-031500.tar.partial")
	kept := []string{
		in("mailintegration-20261126-031501.tar.partial"), // a backup writes it
		in("mailintegration-20261126-031500.tar"), in("mail.tar.partial"), in("mailintegration-old.tar.partial"),
	}
	if err := backup.HoldPartial(t, kept[0]); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(kept[1:], left) {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := in("mailintegration-20261126-031502.tar.partial")
	if err := os.Symlink(kept[1], link); err == nil {
		kept = append(kept, link)
	}
	removed, err := backup.RemoveLeftOver(directory)
	if err != nil || len(removed) != 1 || removed[0] != left {
		t.Errorf("removed are %q, %v", removed, err)
	}
	if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range kept {
		if _, err := os.Lstat(name); err != nil {
			t.Error(err)
		}
	}
}

func (d *desk) mustRestore(name string) {
	d.Helper()
	_, err := d.restore(name, backup.Options{})
	d.must(err)
	d.wantWhole(3)
}

func TestADamagedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(newDesk(t).archive())
	if err != nil {
		t.Fatal(err)
	}
	p := place(t)
	try := func(what string, octets []byte) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "damaged.tar")
		p.must(os.WriteFile(name, octets, 0o600))
		var damaged *backup.DamagedError
		if _, err := p.restore(name, backup.Options{}); !errors.As(err, &damaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	manifest := bytes.Index(whole, []byte(`"format"`))
	end := bytes.LastIndex(whole, []byte("manifest.json\n")) // of the last entry
	next := func(at int) int {
		if at > manifest {
			return at + 17 // in the manifest, which no other entry has, more often
		}
		return at + 509
	}
	for at := 0; at < end; at = next(at) {
		try(fmt.Sprintf("cut at octet %d", at), whole[:at])
		if isPadding(whole, at) {
			continue
		}
		changed := bytes.Clone(whole)
		changed[at] ^= 0xff
		name := filepath.Join(t.TempDir(), "changed.tar")
		p.must(os.WriteFile(name, changed, 0o600))
		if _, err := p.restore(name, backup.Options{}.OnStep(func(string) error { return errUnnoticed })); errors.Is(err, errUnnoticed) {
			t.Errorf("octet %d of %d changed, and nobody notices", at, len(whole))
		}
	}
	try("an empty file", nil)
	try("a text", []byte(strings.Repeat("This is no archive.\n", 100)))
	if n := p.count(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
		t.Errorf("%d tables were made", n)
	}
}

var errUnnoticed = errors.New("the damage was not noticed")

// isPadding reports whether the octet lies in a run of zeros, which pads a field or an entry.
func isPadding(octets []byte, at int) bool { return octets[at] == 0 }

func TestABackupSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var lost []string
	d.must(filepath.WalkDir(d.files, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && len(e.Name()) == 64 {
			lost = append(lost, path)
		}
		return err
	}))
	d.must(os.Remove(lost[0]))
	d.must(os.WriteFile(lost[1], []byte("damaged"), 0o600))
	name, m, err := d.backUp(backup.Options{})
	if err != nil || m.Attachments.Missing != 2 || m.Attachments.Files != 1 || len(m.Attachments.Examples) != 2 {
		t.Fatalf("%+v, %v", m.Attachments, err)
	}
	_, err = place(t).restore(name, backup.Options{})
	d.must(err)
}

func TestABackupWithoutTheShareFails(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	d.must(os.Rename(d.files, d.files+"-elsewhere"))
	d.must(os.Mkdir(d.files, 0o755))
	_, err := backup.Create(t.Context(), s, filepath.Join(t.TempDir(), "mail.tar"), backup.Options{URL: d.url})
	if !errors.Is(err, store.ErrNoMarker) {
		t.Error(err)
	}
}

// TestNoFileIsRemovedWhileABackupCopies removes the rows of a file after the snapshot, and lets a collection run.
func TestNoFileIsRemovedWhileABackupCopies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	collect := func() int {
		n, err := s.CollectOrphans(t.Context(), -time.Hour)
		d.must(err)
		return n
	}
	name, m, err := d.backUp(backup.Options{}.OnStep(func(step string) error {
		if step == "files" {
			d.exec(`DELETE FROM attachment`)
			if n := collect(); n != 0 {
				t.Errorf("%d files were removed", n)
			}
		}
		return nil
	}))
	if err != nil || m.Attachments.Files != 3 {
		t.Fatalf("%+v, %v", m.Attachments, err)
	}
	place(t).mustRestore(name)
	if n := collect(); n != 3 {
		t.Errorf("after the backup, %d files were removed", n)
	}
}

func TestOneBackupOfADatabaseIsMadeAtATime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	held, err := d.open().BeginBackup(t.Context(), d.url)
	d.must(err)
	if _, _, err := d.backUp(backup.Options{}); !errors.Is(err, store.ErrBackupRuns) {
		t.Error(err)
	}
	held.Close()
	d.archive()
}

func TestABackupEndsWhenPgDumpIsSilent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	name, _, err := d.backUp(backup.Options{Silence: 50 * time.Millisecond}.With(script(t, "exec sleep 1000")))
	if err == nil || !strings.Contains(err.Error(), "pg_dump has written nothing for 50ms") {
		t.Error(err)
	}
	if _, err := os.Stat(name + backup.PartialSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
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

func TestABackupEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	ctx, cancel := context.WithCancel(t.Context())
	program := script(t, "exec sleep 1000")
	o := backup.Options{URL: d.url}.With(program).OnStep(func(step string) error {
		if step == "dump" {
			cancel()
		}
		return nil
	})
	if _, err := backup.Create(ctx, s, filepath.Join(t.TempDir(), "mail.tar"), o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheErrorOfAProgramIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	failing := backup.Options{}.With(script(t, "echo 'fatal: no more paper' >&2; exit 3"))
	if _, _, err := d.backUp(failing); err == nil || !strings.Contains(err.Error(), "exit status 3: fatal: no more paper") {
		t.Errorf("backup: %v", err)
	}
	name := d.archive()
	p := place(t)
	if _, err := p.restore(name, failing); err == nil || !strings.Contains(err.Error(), "exit status 3: fatal: no more paper") {
		t.Errorf("restore: %v", err)
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

func TestACompressedArchiveIsToldApartFromADamagedOne(t *testing.T) {
	t.Parallel()
	_, err := backup.Verify(t.Context(), strings.NewReader("\x1f\x8b\x08\x00"))
	if err == nil || err.Error() != "the archive is compressed with gzip" || hintOf(err) != "decompress it first: gunzip FILE" {
		t.Errorf("%v, hint %q", err, hintOf(err))
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

func TestABackupOfANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open()
	d.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	name := filepath.Join(t.TempDir(), "mail.tar")
	_, err := backup.Create(t.Context(), s, name, backup.Options{URL: d.url})
	d.must(err)
	place(t).wantRefused(name, "the backup has schema 9999")
}

func TestABackupOfANewerServerIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	f, err := os.Open(d.archive())
	d.must(err)
	defer f.Close()
	a, err := backup.Verify(t.Context(), f)
	d.must(err)
	a.Manifest.PostgreSQL = "99.1"
	p := place(t)
	_, err = backup.Restore(t.Context(), a, p.options(), backup.Choice{}, backup.Options{}.With("pg_restore"))
	if err == nil || !strings.Contains(err.Error(), "the backup is of PostgreSQL 99, and the server here is PostgreSQL ") {
		t.Error(err)
	}
}

// hintOf returns the hint of an error, "" for none.
func hintOf(err error) string {
	var with interface{ Hint() string }
	if errors.As(err, &with) {
		return with.Hint()
	}
	return ""
}

// wantRefused fails the test unless a restore is refused and has made no table.
func (d *desk) wantRefused(name, want string) {
	d.Helper()
	_, err := d.restore(name, backup.Options{})
	if err == nil || !strings.Contains(err.Error(), want) || store.Hint(err) == "" {
		d.Errorf("%v, hint %q", err, store.Hint(err))
	}
	if n := d.count(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
		d.Errorf("%d tables were made", n)
	}
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

// migrateToTheLastButOne applies all migrations but the newest one, and returns its name.
func (d *desk) migrateToTheLastButOne() (newest string) {
	d.Helper()
	config, err := pgx.ParseConfig(d.url)
	d.must(err)
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("../migrations"), goose.WithLogger(goose.NopLogger()))
	d.must(err)
	sources := provider.ListSources()
	_, err = provider.UpTo(d.Context(), sources[len(sources)-2].Version)
	d.must(err)
	return filepath.Base(sources[len(sources)-1].Path)
}

// TestTheRoleOfTheDaemonMayBackUp backs up as an account that may not change the schema.
func TestTheRoleOfTheDaemonMayBackUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.must(store.GrantRoles(t.Context(), d.url))
	as := *d
	as.url += "&options=-crole%3D" + store.RoleDaemon
	place(t).mustRestore(as.archive())
}

func TestAPoolerIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pooled := storetest.Pooled(t, &storetest.Database{URL: d.url})
	_, err := backup.Create(t.Context(), d.open(), filepath.Join(t.TempDir(), "mail.tar"), backup.Options{URL: pooled})
	if !errors.Is(err, store.ErrPooled) {
		t.Error(err)
	}
}

func TestTheNextNumberLeavesRoomForRequestsSinceTheBackup(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	m := backup.Manifest{TakenAt: at, Highest: 4711, RecentDaily: 50}
	if got := m.FirstNumber(at.Add(10 * 24 * time.Hour)); got != 8000 {
		t.Errorf("%d after ten days with 50 requests a day", got)
	}
}
