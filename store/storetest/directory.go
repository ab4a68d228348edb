package storetest

import (
	"errors"
	"os"
	"testing"
)

// Directory returns a new directory for a server's data, removed when the test ends. Unlike t.TempDir it lets every account
// pass, since PostgreSQL does not run as root, and it lies in memory where there is plenty.
func Directory(t testing.TB) string {
	t.Helper()
	dir, err := makeDirectory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func makeDirectory() (string, error) {
	dir, err := os.MkdirTemp(parentDirectory(), "mailintegration-test-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}
