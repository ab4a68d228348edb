package postgres

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errSharingViolation is ERROR_SHARING_VIOLATION.
const errSharingViolation = syscall.Errno(32)

// lock takes the lock at once or returns errLocked. A file that is open for reading and shared for reading
// excludes one that is open without sharing, and the other way round.
func (d directory) lock(name string, mode lockMode) (*lockFile, error) {
	path, err := syscall.UTF16PtrFromString(d.file(name))
	if err != nil {
		return nil, err
	}
	var share uint32
	if mode == shared {
		share = syscall.FILE_SHARE_READ
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ, share, nil, syscall.OPEN_ALWAYS,
		syscall.FILE_ATTRIBUTE_NORMAL|syscall.FILE_FLAG_OPEN_REPARSE_POINT, 0) // a link is not followed
	if errors.Is(err, errSharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", d.file(name), err)
	}
	return &lockFile{os.NewFile(uintptr(h), d.file(name))}, nil
}

// unlock has nothing to do: the lock is the open file.
func (l *lockFile) unlock() {}
