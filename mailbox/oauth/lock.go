package oauth

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// errLocked says that another process is using a mailbox's authorization.
var errLocked = errors.New("locked by another process")

// lockInterval is the time between two attempts to lock. A refresh takes about as long.
const lockInterval = 100 * time.Millisecond

// lock keeps other processes from using the mailbox's authorization: the daemon and check may run at the same time, and
// a refresh token may be valid for one exchange only. The operating system releases the lock when its holder ends,
// however that happens.
func (s *Store) lock(ctx context.Context, mailbox string) (unlock func(), err error) {
	root, err := s.openDirectory()
	if err != nil {
		return nil, err
	}
	defer root.Close() // the lock has its own file handle
	for {
		f, err := s.tryLock(root, filepath.Base(s.path(mailbox))+".lock")
		if err == nil {
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

// tryLock takes the lock, or returns errLocked at once.
func (s *Store) tryLock(root *os.Root, name string) (*os.File, error) {
	f, err := s.openLock(root, name)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// openLock opens the file to lock, and creates it if needed.
func (s *Store) openLock(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return s.openTrusted(root, name, os.O_RDWR)
	}
	if err != nil {
		return nil, err
	}
	if err := inheritOwner(root, name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
