package postgres

import (
	"errors"
	"os"
)

// lockMode says whether a lock excludes every other lock, or only exclusive ones.
type lockMode int

const (
	shared lockMode = iota
	exclusive
)

// errLocked is the error when another process holds a lock that excludes ours.
var errLocked = errors.New("locked by another process")

// lockFile is a lock on a file. The operating system releases it when its holder ends, even when killed.
type lockFile struct{ f *os.File }

// close releases the lock.
func (l *lockFile) close() {
	l.unlock()
	l.f.Close()
}
