package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// hasNoLinks reports whether the error of a link says that the file system has none.
func hasNoLinks(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS)
}

// renameNew renames a file, unless one has the new name.
func renameNew(from, to string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
