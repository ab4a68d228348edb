//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes the lock at once or returns errLocked.
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
