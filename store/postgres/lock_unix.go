//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes a lock, or returns errLocked at once.
func (d directory) lock(name string, mode lockMode) (*lockFile, error) {
	f, err := d.open(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_SH
	if mode == exclusive {
		how = syscall.LOCK_EX
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if err == nil {
		return &lockFile{f}, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock %s: %w", d.file(name), err)
}

// unlock releases the lock. Closing the file is not enough: a child forked this very moment may still have it open too.
func (l *lockFile) unlock() { _ = syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN) }
