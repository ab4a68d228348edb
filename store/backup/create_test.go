package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/backup"
	"mailintegration/store/storetest"
)

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
