//go:build interop

package daemon

import (
	"fmt"
	"testing"

	"mailintegration/mailbox/interop"
)

// TestPollOfRealServers polls each server in several sessions and batches: each message is recorded once, and then the
// maildrop is empty.
func TestPollOfRealServers(t *testing.T) {
	t.Parallel()
	const messages = 30
	for _, name := range interop.Chosen(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := interop.Start(t, name)
			w := newWorld(t)
			w.mailbox.Account = srv.Account
			w.options.MessagesPerSession = 20
			w.options.BatchMessages = 7
			for n := range messages {
				srv.Deliver(fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: Nr. %d\r\nMessage-ID: <%d@acme.example>\r\n\r\n"+
					"Help!\r\n.\r\n..\r\n", n, n))
			}
			r := w.poll()
			if r.Err != nil || r.Opened != messages || r.Failed != 0 {
				t.Errorf("the first poll: %+v", r)
			}
			w.wantRecorded(messages)
			if n := srv.Count(); n != 0 {
				t.Errorf("%d messages are left", n)
			}
			if r := w.poll(); r.Err != nil || r.Listed != 0 {
				t.Errorf("the second poll: %+v", r)
			}
			w.wantRecorded(messages)
			if n := w.count(`SELECT count(*) FROM request WHERE body LIKE '%Help!%.%..%'`); n != messages {
				t.Errorf("%d of %d bodies are whole", n, messages)
			}
		})
	}
}
