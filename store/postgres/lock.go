package postgres

import (
	"errors"
	"os"
)

// lockMode is how a lock file is held.
type lockMode int

const (
	shared lockMode = iota
	exclusive
)

// errLocked says that somebody else holds the lock in a way that excludes ours.
var errLocked = errors.New("locked by another process")

// lockFile is a lock that the operating system releases when its holder ends, however it ends.
type lockFile struct{ f *os.File }

// close releases the lock.
func (l *lockFile) close() {
	l.unlock()
	l.f.Close()
}
