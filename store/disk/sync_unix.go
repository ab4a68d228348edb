//go:build !windows

package disk

import (
	"errors"
	"os"
	"syscall"
)

// SyncDirectory makes the names in a directory durable. Some network file systems refuse the call; their names are
// durable once the call that made them has returned.
func SyncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(refusal(d.Sync()), d.Close())
}

// refusal returns nil for the error of a file system that cannot sync a directory, and any other error as it is.
func refusal(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
