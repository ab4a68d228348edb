//go:build unix

package main

import (
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
