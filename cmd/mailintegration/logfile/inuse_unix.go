//go:build unix

package logfile

import (
	"errors"
	"os"
	"syscall"
)

// canBeMoved says that another program can move or remove a file while it is open.
const canBeMoved = true

// lock marks a file as used until unlock, or until its process ends, also when that is killed. A file system without locks is no error.
func lock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) }

// unlock ends the mark. Closing the file would not be enough: a child that was forked this very moment has it open, too.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// isLocked reports whether a process has marked a file as used, and whether that is known.
func isLocked(path string) (used, known bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false, os.IsNotExist(err)
	}
	defer func() {
		unlock(f)
		f.Close()
	}()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, true
	}
	return false, err == nil
}
