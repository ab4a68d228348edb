//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/store/postgres"
)

// requireRoot skips a test that needs root, but fails it in CI.
func requireRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("this test needs files of several accounts: let CI run it as root")
	default:
		t.Skip("this test needs files of several accounts: run it as root")
	}
}

// another is an account that owns nothing here and has no name.
const another = 54321

// change changes a file of a data directory, and returns a function that undoes the change.
type change func(t *testing.T, path string) (undo func())

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// replaced replaces a file with what make creates.
func replaced(make func(path string) error) change {
	return func(t *testing.T, path string) func() {
		t.Helper()
		away := os.Rename(path, path+".kept")
		must(t, make(path))
		return func() {
			must(t, os.Remove(path))
			if away == nil {
				must(t, os.Rename(path+".kept", path))
			}
		}
	}
}

// aLink replaces a file with a link to a secret that only root may read.
func aLink() change {
	return replaced(func(path string) error {
		secret := path + ".secret"
		return errors.Join(os.WriteFile(secret, []byte("SecretOfAnother\n"), 0o600), os.Symlink(secret, path))
	})
}

// aPipe replaces a file with a pipe.
func aPipe() change {
	return replaced(func(path string) error { return syscall.Mkfifo(path, 0o600) })
}

// mode changes the mode of a file.
func mode(mode os.FileMode) change {
	return func(t *testing.T, path string) func() {
		t.Helper()
		info, err := os.Stat(path)
		must(t, err)
		must(t, os.Chmod(path, mode))
		return func() { must(t, os.Chmod(path, info.Mode().Perm())) }
	}
}

// owner gives a file to another account.
func owner() change {
	return func(t *testing.T, path string) func() {
		t.Helper()
		requireRoot(t)
		before := uidOf(t, path)
		must(t, os.Lchown(path, another, -1))
		return func() { must(t, os.Lchown(path, int(before), -1)) }
	}
}

func TestFilesThatOthersMayHaveMadeAreRefused(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	for _, tc := range []struct {
		name   string
		file   string
		change change
		says   string
	}{
		{"the password is a link", "password", aLink(), "password is a symbolic link"},
		{"the administrator's password is a link", "admin-password", aLink(), "admin-password is a symbolic link"},
		{"the log is a link", "server.log", aLink(), "server.log is a symbolic link"},
		{"the owner's lock is a link", "owner.lock", aLink(), "owner.lock is a symbolic link"},
		{"the users' lock is a link", "users.lock", aLink(), "users.lock is a symbolic link"},
		{"the version is a link", "cluster/PG_VERSION", aLink(), "PG_VERSION is a symbolic link"},
		{"the process id is a link", "cluster/postmaster.pid", aLink(), "postmaster.pid is a symbolic link"},
		{"the cluster is a link", "cluster", aLink(), "cluster is not a directory"},
		{"the socket's directory is a link", "socket", aLink(), "socket is not a directory"},
		{"the password is a pipe", "password", aPipe(), "password is not a file"},
		{"the socket's directory is open to all", "socket", mode(0o755), "is open to other accounts"},
		{"the data directory is the group's as well", ".", mode(0o770), "can be written to by other accounts"},
		{"everybody can write to the data directory", ".", mode(0o703), "can be written to by other accounts"},
		{"the password is another account's", "password", owner(), "belongs to the account 54321"},
		{"the log is another account's", "server.log", owner(), "belongs to the account 54321"},
		{"the data directory is another account's", ".", owner(), "belongs to the account 54321"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer tc.change(t, filepath.Join(dir, tc.file))()
			said := startFails(t, postgres.Options{DataDirectory: dir})
			if !strings.Contains(said, tc.says) || strings.Contains(said, "SecretOfAnother") {
				t.Errorf("said %q, want %q", said, tc.says)
			}
		})
	}
	execute(t, start(t, dir), `SELECT 1`)
}

// TestALinkInThePlaceOfANewFileIsReplaced puts links where Start writes new files before it renames them.
func TestALinkInThePlaceOfANewFileIsReplaced(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(filepath.Dir(dir), "target")
	for _, name := range []string{"password.new", "admin-password.new", "port.new"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, start(t, dir), `SELECT 1`)
	if _, err := os.Lstat(target); err == nil {
		t.Error("Start has followed the link")
	}
}

func TestRootRunsNoProgramThatOthersCanChange(t *testing.T) {
	t.Parallel()
	requireRoot(t)
	for _, tc := range []struct {
		name   string
		file   string
		change change
	}{
		{"the program is another account's", "postgres", owner()},
		{"the folder is another account's", ".", owner()},
		{"the program can be written to by all", "initdb", mode(0o777)},
		{"the folder can be written to by all", ".", mode(0o777)},
		{"the folder above can be written to by all", "..", mode(0o777)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bin := programs(t, "exit 1", "exit 1")
			defer tc.change(t, filepath.Join(bin, tc.file))()
			said := startFails(t, postgres.Options{DataDirectory: dataDirectory(t), BinDirectory: bin})
			if !strings.Contains(said, "root does not run it") {
				t.Error(said)
			}
		})
	}
}

func TestTheFolderOfTheProgramsMustBeAnAbsolutePath(t *testing.T) {
	t.Parallel()
	said := startFails(t, postgres.Options{DataDirectory: dataDirectory(t), BinDirectory: "bin"})
	if !strings.Contains(said, "not an absolute path") {
		t.Error(said)
	}
}
