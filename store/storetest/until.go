package storetest

import (
	"testing"
	"time"
)

// Until waits until done returns true, for the work of another process that sends no signal. It fails the test after
// three minutes; what completes "waited in vain until".
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(3 * time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
