package oauth

import "context"

// At has f called at each step of Save.
func (s *Store) At(f func(step string)) { s.at = f }

// Lock is what another process would take.
func (s *Store) Lock(ctx context.Context, mailbox string) (unlock func(), err error) {
	return s.lock(ctx, mailbox)
}

// Path is where a mailbox's authorization lies.
func (s *Store) Path(mailbox string) string { return s.path(mailbox) }

// Unsafe says why an account may not use a file of the store.
var Unsafe = whyUnsafe
