package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// System error codes: https://learn.microsoft.com/windows/win32/debug/system-error-codes
const (
	errorWriteProtect   syscall.Errno = 19
	errorHandleDiskFull syscall.Errno = 39
	errorDiskFull       syscall.Errno = 112
	errorDiskQuota      syscall.Errno = 1295
)

// isNoSpace reports whether a file system or an account's share of it is full.
func isNoSpace(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull) || errors.Is(err, errorDiskQuota)
}

// isReadOnly reports whether a file system takes no changes.
func isReadOnly(err error) bool { return errors.Is(err, errorWriteProtect) }

// isBelowFile reports whether a part of the path is a file, not a directory. Windows has one error for that and for a directory
// that is missing.
func isBelowFile(err error, path string) bool {
	if !errors.Is(err, syscall.ENOTDIR) {
		return false
	}
	for above := filepath.Dir(path); ; above = filepath.Dir(above) {
		info, err := os.Stat(above)
		if err == nil || above == filepath.Dir(above) {
			return err == nil && !info.IsDir()
		}
	}
}
