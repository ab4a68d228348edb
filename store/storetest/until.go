package storetest

import (
	"testing"
	"time"
)

// patience limits what a test waits for.
const patience = 3 * time.Minute

// Until waits until done returns true, for the work of another process that sends no signal. It fails the test after
// three minutes; what completes "waited in vain until".
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Await waits for a signal of another goroutine, which may end without sending it, and returns the signal. It fails the test after
// three minutes; what completes "waited in vain until".
func Await[T any](t testing.TB, what string, signal <-chan T) T {
	t.Helper()
	select {
	case got := <-signal:
		return got
	case <-time.After(patience):
		t.Fatalf("waited in vain until %s", what)
		panic("unreachable: Fatalf ends the goroutine")
	}
}
