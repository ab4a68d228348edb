package store_test

import (
	"context"
	"errors"
	"testing"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestTheLockOfAMailboxHasOneHolder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.open(t, d.url)
	release := lock(t, d.store, "helpdesk", true)
	lock(t, other, "HelpDesk", false)
	lock(t, d.store, "helpdesk", false)
	lock(t, other, "another one", true)
	release()
	release()
	again := lock(t, other, "helpdesk", true)
	release() // does nothing: the other store holds the lock now
	lock(t, d.store, "helpdesk", false)
	again()
}

// lock tries to lock a mailbox, and fails the test when the result is not want.
func lock(t *testing.T, s *store.Store, name string, want bool) (release func()) {
	t.Helper()
	release, held, err := s.LockMailbox(t.Context(), name)
	if err != nil || held != want {
		t.Fatalf("lock of %s: held %t, %v", name, held, err)
	}
	t.Cleanup(release)
	return release
}

func TestALockEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	release := lock(t, d.open(t, proxy.URL), "helpdesk", true)
	// The server notices the lost connection in its own time; the test waits for the lock until then.
	waited := make(chan error, 1)
	go func() {
		_, err := d.pool.Exec(context.WithoutCancel(t.Context()), `SELECT pg_advisory_lock(hashtextextended('mailintegration mailbox helpdesk', 0))`)
		waited <- err
	}()
	proxy.Refuse()
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	release()
}

func TestALockCannotBeTakenWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s := d.open(t, proxy.URL)
	proxy.Refuse()
	if _, held, err := s.LockMailbox(t.Context(), "helpdesk"); held || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("held %t, %v", held, err)
	}
}
