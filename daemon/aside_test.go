package daemon

import (
	"fmt"
	"testing"
	"time"

	"mailintegration/store/storetest"
)

// TestDatabaseLostWhileMessagesAreSetAside cuts the connection at every message of the protocol of a poll in which
// PostgreSQL refuses one message, with the same fault each time.
func TestDatabaseLostWhileMessagesAreSetAside(t *testing.T) {
	t.Parallel()
	for what, cut := range map[string]func(*storetest.Proxy, int){
		"before the answer to a command": (*storetest.Proxy).CutBeforeComplete,
		"after the answer to a command":  (*storetest.Proxy).CutAfterComplete,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var proxy *storetest.Proxy
			w := newWorldVia(t, func(url string) string {
				proxy = storetest.NewProxy(t, url)
				return proxy.URL
			})
			w.refuseSubject("poison", "23514")
			n := 0
			for cuts := 1; cuts > 0; {
				n++
				w.add(fmt.Sprintf("From: ann@acme.example\nSubject: poison\n\n%d\n", n))
				w.mail()
				cut(proxy, n)
				w.poll()
				cuts = proxy.Cuts()
				proxy.Pass()
				w.pollUntilGood()
				w.wantEachOnce(2 * n) // as requests, the event among them, and activities
				if aside := w.count(`SELECT count(*) FROM set_aside WHERE state = 'waiting'`); aside != n {
					t.Errorf("%d messages are set aside, want %d", aside, n)
				}
				if events := w.count(`SELECT count(*) FROM request WHERE kind = 'event'`); events != 1 {
					t.Errorf("%d events for one fault", events)
				}
				if kept := w.count(`SELECT count(*) FROM attachment WHERE raw`); kept != n {
					t.Errorf("%d originals are attached, want %d", kept, n)
				}
				if t.Failed() {
					t.Fatalf("cut %s, at the %d.", what, n)
				}
			}
			if n < 20 {
				t.Errorf("a poll takes %d steps in the database, want at least 20", n)
			}
		})
	}
}

// TestTheDiagnosisLeavesAnEventOfSetAsideMessagesOpen has the mailbox polled well for hours after a message was set aside, by
// two daemons that report troubles.
func TestTheDiagnosisLeavesAnEventOfSetAsideMessagesOpen(t *testing.T) {
	t.Parallel()
	c, _ := newReporting(t, 2, 2)
	c.refuseSubject("poison", "23514")
	c.maildrops.Add("m00", []byte("From: ann@acme.example\r\nSubject: poison\r\n\r\n1\r\n"))
	c.pass(90 * time.Minute)
	c.wantEvents("new: Message set aside: poison, 0 activities")
	c.maildrops.Add("m00", []byte("From: ann@acme.example\r\nSubject: poison\r\n\r\n2\r\n"))
	c.maildrops.Add("m01", []byte("From: ann@acme.example\r\nSubject: poison\r\n\r\n1\r\n"))
	c.pass(2 * time.Minute)
	c.wantEvents("new: Message set aside: poison, 1 activities", "new: Message set aside: poison, 0 activities")
}
