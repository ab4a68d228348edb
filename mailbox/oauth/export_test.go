package oauth

import "context"

// At makes Save call f at each step.
func (s *Store) At(f func(step string)) { s.at = f }

// Lock takes the lock like another process.
func (s *Store) Lock(ctx context.Context, mailbox string) (unlock func(), err error) {
	return s.lock(ctx, mailbox)
}

// Path returns the path of a mailbox's authorization.
func (s *Store) Path(mailbox string) string { return s.path(mailbox) }

// Unsafe says why an account cannot trust a file of the store.
var Unsafe = whyUnsafe
