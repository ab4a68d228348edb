package oauth

import (
	"context"
	"errors"
	"os"
	"time"
)

// errLocked says that another process uses a mailbox's authorization just now.
var errLocked = errors.New("locked by another process")

// lockInterval is how long it is waited before a lock is tried again. A refresh takes about as long.
const lockInterval = 100 * time.Millisecond

// lock keeps other processes from using the mailbox's authorization: the daemon and check may run at the same time, and
// a refresh token may be good for one exchange only. The operating system lets go when the holder ends, however it ends.
func (s *Store) lock(ctx context.Context, mailbox string) (unlock func(), err error) {
	if err := trust(s.dir); err != nil {
		return nil, err
	}
	path := s.path(mailbox) + ".lock"
	for {
		f, err := lockFile(path)
		if err == nil {
			_ = inherit(path) // another account that cannot open it says so itself
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		timer := time.NewTimer(lockInterval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// openLock opens a file to lock.
func openLock(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }
