//go:build unix

package backup

import (
	"errors"
	"os"
	"syscall"
)

// markWritten marks a file as being written until it is closed, also when its process is killed. A file system without locks is no error.
func markWritten(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// removeUnwritten removes a file, or returns errWritten if a process has marked it.
func removeUnwritten(name string) error {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close() // after the removal: whoever writes it notices that the name is gone
	if errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return errWritten
	}
	return os.Remove(name)
}

// isOurs reports whether a file belongs to the account of this process.
func isOurs(info os.FileInfo) bool {
	stat, is := info.Sys().(*syscall.Stat_t)
	return is && int(stat.Uid) == os.Geteuid()
}
