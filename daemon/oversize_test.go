package daemon

import (
	"strings"
	"testing"

	"go.uber.org/zap"

	"mailintegration/mailbox/pop3test"
)

const largeHeader = "From: ann@acme.example\nSubject: holiday pictures\nMessage-ID: <large@acme.example>\n\n"

// large returns a message of some 20 kB.
func large() string { return largeHeader + strings.Repeat("0123456789\n", 2000) }

// wantOversize fails the test unless the large message was recorded once, as an event with its header, and is still in
// the maildrop.
func (w *world) wantOversize() {
	w.Helper()
	if left := w.maildrops.Messages(helpdesk); len(left) != 1 || !strings.Contains(string(left[0].Octets), "holiday") {
		w.Errorf("%d messages are left, want the large one", len(left))
	}
	if n := w.count(`SELECT count(*) FROM request AS r JOIN attachment AS a ON a.request_id = r.number
		WHERE r.kind = 'event' AND r.subject = 'Message too large: holiday pictures' AND r.body LIKE '%MaxMessageSize%'
		AND r.body LIKE '%ann@acme.example%' AND a.name = 'header.txt' AND a.octets < 200`); n != 1 {
		w.Errorf("%d events, want 1", n)
	}
	if n := w.count(`SELECT count(*) FROM receipt WHERE reason = 'too_large' AND message_id = 'large@acme.example'`); n != 1 {
		w.Errorf("%d receipts, want 1", n)
	}
}

func TestAMessageThatIsTooLargeIsRecordedOnceAndStays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options pop3test.Options
		lie     bool
	}{
		{"as LIST says", pop3test.Options{}, false},
		{"on a server without PIPELINING", pop3test.Options{Without: []string{"PIPELINING"}}, false},
		{"on a server without unique-ids", pop3test.Options{NoUIDL: true}, false},
		{"and larger than LIST says", pop3test.Options{}, true},
		{"and larger than LIST says, on a server without PIPELINING", pop3test.Options{Without: []string{"PIPELINING"}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, tt.options)
			w.mailbox.Account.MaxOctets = 10_000
			if tt.lie {
				w.maildrops.LieAboutSizes(func(int64) int64 { return 100 })
			}
			for range 3 {
				w.mail()
				if w.added == 1 {
					w.add(large())
				}
				for range 2 {
					if r := w.poll(); r.Err != nil {
						t.Error(r.Err)
					}
					w.idle()
				}
			}
			w.wantOversize()
			w.wantRecorded(4)
		})
	}
}

func TestAWorkerReadsTheHeaderOfAMessageThatIsTooLargeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Account.MaxOctets = 10_000
	w.add(large())
	d := w.daemon()
	for range 3 {
		if _, err := d.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.idle()
	}
	w.wantOversize()
	if n := strings.Count(strings.Join(w.maildrops.Log(), "\n"), "TOP"); n != 1 {
		t.Errorf("TOP was sent %d times", n)
	}
}

func TestTheLogSaysNothingAtEveryPollOfAMailboxThatOnlyKeepsAMessageThatIsTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Account.MaxOctets = 10_000
	w.add(large())
	d := w.daemon()
	for i := range 11 {
		if _, err := d.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, line := range w.logged.TakeAll() {
			if i > 0 && line.Level > zap.DebugLevel {
				t.Errorf("poll %d logged %s %s %v", i+1, line.Level, line.Message, line.ContextMap())
			}
		}
		w.idle()
	}
	w.wantOversize()
}

func TestAMessageThatWasTooLargeIsRecordedAfterTheLimitIsRaised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Account.MaxOctets = 10_000
	w.add(large())
	w.poll()
	w.idle()
	w.mailbox.Account.MaxOctets = 100_000
	w.pollUntilGood()
	w.wantEachOnce(2) // the event, and the message
}

// A message whose header ends sessions is recorded without it.
func TestAHeaderThatEndsTheSessionHoldsUpNoOtherMessage(t *testing.T) {
	t.Parallel()
	huge := largeHeader + strings.Repeat("0123456789\n", 200_000)
	for _, tt := range []struct {
		name     string
		nameless bool
		fault    func(w *world, octets []byte)
		header   bool // the header is read all the same
	}{
		{"when the connection is cut", false, func(w *world, _ []byte) { w.maildrops.At("TOP").Drop() }, false},
		{"when the connection is cut, and there are no unique-ids", true, func(w *world, _ []byte) { w.maildrops.At("TOP").Drop() }, false},
		{"when the answer is garbage", false, func(w *world, _ []byte) { w.maildrops.At("TOP").Garbage([]byte("nonsense\r\n")) }, false},
		{"when the server sends the whole message", false, func(w *world, octets []byte) {
			w.maildrops.At("TOP").Garbage(append([]byte("+OK\r\n"), pop3test.Stuff(octets)...))
		}, true},
		{"when the server never stops sending", false, func(w *world, _ []byte) {
			w.maildrops.At("TOP").Endless([]byte("X-Endless: yes\r\n"))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, pop3test.Options{NoUIDL: tt.nameless})
			w.mailbox.Account.MaxOctets = 10_000
			w.mail()
			w.mail()
			w.add(huge)
			w.mail()
			w.mail()
			tt.fault(w, w.maildrops.Messages(helpdesk)[2].Octets)
			d := w.daemon()
			if r := once(t, d); r.Opened != 4 {
				t.Errorf("got %+v, want the four others recorded in the same poll", r)
			}
			w.idle()
			once(t, d)
			w.idle()
			if left := w.maildrops.Count(helpdesk); left != 1 {
				t.Errorf("%d messages are left, want the one that is too large", left)
			}
			subject := "Message too large: (no subject)"
			if tt.header {
				subject = "Message too large: holiday pictures"
			}
			if n := w.count(`SELECT count(*) FROM request WHERE kind = 'event' AND subject = $1`, subject); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

func TestAMessageThatIsTooLargeIsRecordedWithoutTOP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Account.MaxOctets = 10_000
	w.maildrops.At("TOP").Reply("-ERR unknown command")
	w.add(large())
	for range 2 {
		w.poll()
		w.idle()
	}
	if n := w.count(`SELECT count(*) FROM request WHERE kind = 'event' AND subject = 'Message too large: (no subject)'`); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	w.wantRecorded(1)
}
