package daemon

import (
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
)

// A message comes short when the server sends far less than LIST says.
func TestAMessageThatComesShortStaysOnTheServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		octets int // that the server gives
	}{{"empty", 0}, {"its header only", len(largeHeader) + 10}, {"a third of it", 8000}} {
		for which, o := range map[string]pop3test.Options{"": {}, ", one at a time": {Without: []string{"PIPELINING"}}, ", where QUIT deletes": {DeletesRetrieved: true}} {
			t.Run(tt.name+which, func(t *testing.T) {
				t.Parallel()
				w := newWorldOn(t, o)
				now := time.Now()
				w.options.Now = func() time.Time { return now }
				w.mail()
				w.add(large())
				uidl := w.maildrops.Messages(helpdesk)[1].UIDL
				w.mail()
				w.maildrops.AtMessage("RETR", uidl).Truncate(tt.octets)
				for n := 1; n < maxAttempts; n++ {
					w.poll()
					w.idle()
					w.wantRecorded(2)
				}
				for range 3 {
					w.poll()
					w.idle()
				}
				w.wantRecorded(3)
				if left := w.maildrops.Messages(helpdesk); len(left) != 1 || left[0].UIDL != uidl {
					t.Errorf("%d messages are left, want the one of which the server gave only a part", len(left))
				}
				if n := strings.Count(strings.Join(w.maildrops.Log(), "\n"), "RETR"); n > 2*maxAttempts+3 {
					t.Errorf("RETR was sent %d times", n)
				}
				w.maildrops.Heal()
				now = now.Add(retryKeptAfter + time.Hour)
				w.pollUntilGood()
				w.idle()
				w.wantEachOnce(4) // the part that came first, and the three messages
			})
		}
	}
}
