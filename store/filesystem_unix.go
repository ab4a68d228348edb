//go:build !windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// syncDirectory makes the names in a directory durable. Some network file systems refuse the call; their names are durable
// once the call that made them has returned.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// isNoSpace reports whether a file system or an account's share of it is full.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isReadOnly reports whether a file system takes no changes.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
