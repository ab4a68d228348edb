//go:build !windows

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOnlyARefusalToSyncADirectoryIsNoError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := SyncDirectory(dir); err != nil {
		t.Error(err)
	}
	if err := SyncDirectory(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a directory that does not exist: %v", err)
	}
	for errno, fails := range map[syscall.Errno]bool{syscall.EINVAL: false, syscall.ENOTSUP: false, syscall.EIO: true, syscall.ENOSPC: true} {
		if err := refusal(&os.PathError{Op: "sync", Path: dir, Err: errno}); (err != nil) != fails {
			t.Errorf("%v gives %v", errno, err)
		}
	}
}
