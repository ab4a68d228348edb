//go:build !windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// syncDirectory makes the names in a directory durable. Some network file systems cannot do it and say so; theirs are
// durable when the call that made them returns.
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
