//go:build !windows

package store

import (
	"errors"
	"syscall"
)

// isNoSpace reports whether a file system or an account's share of it is full.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isReadOnly reports whether a file system takes no changes.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// isBelowFile reports whether a part of the path is a file, not a directory.
func isBelowFile(err error, _ string) bool { return errors.Is(err, syscall.ENOTDIR) }
