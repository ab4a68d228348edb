//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestWhatRootAdoptsCanBeReadByTheGroupOfTheFolder makes the folder of the service file as a package does.
func TestWhatRootAdoptsCanBeReadByTheGroupOfTheFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	const group = 4711
	folder := t.TempDir()
	if err := os.Chown(folder, 0, group); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "mailboxes", "helpdesk.xml")
	if err := createFile(path, []byte("<MailIntegration/>")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{path: 0o640, filepath.Dir(path): 0o750} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner, of := ownerOf(info); owner != 0 || of != group || info.Mode().Perm() != want {
			t.Errorf("%s belongs to %d:%d and has the mode %v, want 0:%d and %v", path, owner, of, info.Mode().Perm(), group, want)
		}
	}
	if err := createFile(path, []byte("other")); err == nil {
		t.Error("the file was overwritten")
	}
}

func TestWhatAnotherAccountAdoptsIsItsOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mailboxes", "helpdesk.xml") // of a folder whose group is root's, or that of the account
	if err := createFile(path, []byte("<MailIntegration/>")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
}

func TestAFileThatIsReplacedKeepsItsOwnerItsRightsAndItsLink(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, link := filepath.Join(folder, "helpdesk.xml"), filepath.Join(folder, "link.xml")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantOwner, wantGroup := os.Geteuid(), os.Getegid()
	if wantOwner == 0 {
		wantOwner, wantGroup = 4711, 4712
	}
	if err := errors.Join(os.Chown(path, wantOwner, wantGroup), os.Chmod(path, 0o640), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("before"), []byte("after")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if owner, group := ownerOf(info); owner != wantOwner || group != wantGroup || info.Mode() != 0o640 {
		t.Errorf("the file belongs to %d:%d and has the mode %v, want %d:%d", owner, group, info.Mode(), wantOwner, wantGroup)
	}
	if to, err := os.Readlink(link); to != path {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if got, err := os.ReadFile(path); string(got) != "after" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

// TestWhatRootWritesCanBeReadByTheDaemonWithoutAPackage makes folders that belong to root alone, and a data directory of the
// daemon's account.
func TestWhatRootWritesCanBeReadByTheDaemonWithoutAPackage(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	const user, group = 4711, 4712
	folder, data := t.TempDir(), t.TempDir()
	path := filepath.Join(folder, "mailboxes", "helpdesk.xml")
	if err := errors.Join(os.Chown(data, user, group), os.Chown(folder, 0, 0), createFile(path, []byte("<MailIntegration/>")), letDaemonFind(path, data)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{path: 0o640, filepath.Dir(path): 0o750} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner, of := ownerOf(info); owner != 0 || of != group || info.Mode().Perm() != want {
			t.Errorf("%s belongs to %d:%d and has the mode %v, want 0:%d and %v", path, owner, of, info.Mode().Perm(), group, want)
		}
	}
}
