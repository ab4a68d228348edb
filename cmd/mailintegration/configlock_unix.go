//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks a folder, or returns a *lockedError at once. Whoever may read the folder can lock it, so that root and the account
// of the daemon exclude each other, and no lock file is left behind.
func tryLock(folder string) (unlock func(), err error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return func() {
			_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // a child forked this very moment may have the folder open, too
			_ = f.Close()
		}, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = &lockedError{lockHolder(f)}
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOLCK),
		errors.Is(err, syscall.EBADF): // NFS locks only what is open for writing
		err = errNoLocks
	default:
		err = &os.PathError{Op: "lock", Path: folder, Err: err}
	}
	return nil, errors.Join(err, f.Close())
}
