package postgres

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errSharingViolation is ERROR_SHARING_VIOLATION.
const errSharingViolation = syscall.Errno(32)

// lock takes a lock, or returns errLocked at once. A file that is open for shared reading excludes a file that is open
// without sharing, and the other way round.
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
		syscall.FILE_ATTRIBUTE_NORMAL|syscall.FILE_FLAG_OPEN_REPARSE_POINT, 0) // does not follow a link
	if errors.Is(err, errSharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", d.file(name), err)
	}
	return &lockFile{os.NewFile(uintptr(h), d.file(name))}, nil
}

// unlock does nothing: the open file is the lock.
func (l *lockFile) unlock() {}
