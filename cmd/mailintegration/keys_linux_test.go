package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAKeyFileIsPublishedWithoutLinksAndOverwritesNone lets the file system refuse links in each way.
func TestAKeyFileIsPublishedWithoutLinksAndOverwritesNone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		refusal error
		exists  bool
		want    error
		content string
	}{
		{"without links", unix.EPERM, false, nil, "ours"},
		{"without links, as a network file system says it", unix.ENOTSUP, false, nil, "ours"},
		{"without links, and another run was first", unix.EPERM, true, fs.ErrExist, "theirs"},
		{"with links, and another run was first", unix.EEXIST, true, fs.ErrExist, "theirs"},
		{"on a disk that fails", unix.EIO, false, unix.EIO, ""},
	} {
		folder := t.TempDir()
		fresh, path := filepath.Join(folder, "fresh"), filepath.Join(folder, "key")
		if err := os.WriteFile(fresh, []byte("ours"), 0o600); err != nil {
			t.Fatal(err)
		}
		if tc.exists {
			if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := publish(fresh, path, func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: tc.refusal} })
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got, _ := os.ReadFile(path); string(got) != tc.content { // "" for none
			t.Errorf("%s: the file holds %q", tc.name, got)
		}
	}
}
