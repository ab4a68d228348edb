package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
)

func TestMessagesStayOnTheServerForDays(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{}, {Without: []string{"PIPELINING"}}} {
		w := newWorldOn(t, o)
		w.mailbox.LeaveOnServer = 14
		now := time.Now()
		w.options.Now = func() time.Time { return now }
		for range 3 {
			w.mail()
			for range 2 {
				if r := w.poll(); r.Err != nil {
					t.Fatal(r.Err)
				}
				w.idle()
			}
		}
		if n := countPrefix(w.maildrops.Log(), "RETR"); n != 3 {
			t.Errorf("RETR was sent %d times for 3 messages", n)
		}
		if left := w.maildrops.Count(helpdesk); left != 3 {
			t.Errorf("%d messages are left", left)
		}
		w.wantRecorded(3)
		now = now.Add(13 * 24 * time.Hour)
		w.poll()
		w.idle()
		if left := w.maildrops.Count(helpdesk); left != 3 {
			t.Errorf("%d messages are left after 13 days", left)
		}
		now = now.Add(2 * 24 * time.Hour)
		w.poll()
		w.idle()
		w.wantEachOnce(3)
	}
}

func TestWithLeaveAlwaysMessagesAreNeverDeleted(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{}, {NoUIDL: true}, {Extra: []string{"EXPIRE 30"}}} {
		w := newWorldOn(t, o)
		w.mailbox.LeaveOnServer = LeaveAlways
		w.mail()
		w.mail()
		for range 3 {
			if r := w.poll(); r.Err != nil {
				t.Fatal(r.Err)
			}
			w.idle()
		}
		if left := w.maildrops.Count(helpdesk); left != 2 || countPrefix(w.maildrops.Log(), "DELE") != 0 {
			t.Errorf("%d messages are left", left)
		}
		w.wantRecorded(2)
		if warned := w.logged.FilterMessage("server deletes messages by itself").Len() > 0; warned != (o.Extra != nil) {
			t.Errorf("a warning of EXPIRE: %t", warned)
		}
	}
}

// RFC 1939 §7 allows a server to use a unique-id again once its message is gone.
func TestAnotherMessageUnderAnOldUniqueIDIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.maildrops.AddUIDL(helpdesk, "same", []byte("From: ann@acme.example\r\nSubject: short\r\n\r\n"))
	w.pollUntilGood() // deletes it
	w.mailbox.LeaveOnServer = LeaveAlways
	w.maildrops.AddUIDL(helpdesk, "same", []byte("From: ann@acme.example\r\nSubject: long\r\n\r\n"+large()))
	w.pollUntilGood()
	w.wantRecorded(2)
}

// The second message has the unique-id and the size of the first one, which was recorded.
func TestAMessageUnderAnOldUniqueIDIsNotDeletedUnrecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.maildrops.AddUIDL(helpdesk, "same", []byte("From: ann@acme.example\r\nSubject: first\r\n\r\n"))
	w.pollUntilGood() // deletes it
	w.maildrops.AddUIDL(helpdesk, "same", []byte("From: ann@acme.example\r\nSubject: other\r\n\r\n"))
	w.mailbox.LeaveOnServer = 14
	now := time.Now().Add(15 * 24 * time.Hour)
	w.options.Now = func() time.Time { return now }
	w.pollUntilGood()
	w.wantRecorded(2)
	if left := w.maildrops.Count(helpdesk); left != 1 {
		t.Errorf("%d messages are left", left)
	}
}

// A message that is much like the one before under its unique-id is another message all the same.
func TestASimilarMessageUnderAnOldUniqueIDIsRecorded(t *testing.T) {
	t.Parallel()
	first := "From: ann@acme.example\r\nSubject: first\r\n\r\nx\r\n"
	for _, tt := range []struct {
		name, second string
		between      bool // a poll finds the unique-id gone
	}{
		{"with a message of similar size", "From: bob@acme.example\r\nSubject: another\r\n\r\nHelp, the server room burns!\r\n", false},
		{"with a message of the same size, after it was gone", strings.Replace(first, "first", "other", 1), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mailbox.LeaveOnServer = LeaveAlways
			w.maildrops.AddUIDL(helpdesk, "1", []byte(first))
			w.maildrops.AddUIDL(helpdesk, "2", []byte("Subject: stays\r\n\r\n"))
			d := w.daemon()
			once(t, d)
			w.idle()
			w.maildrops.Replace(helpdesk, "1", nil)
			if tt.between {
				once(t, d)
				w.idle()
			}
			w.maildrops.AddUIDL(helpdesk, "1", []byte(tt.second))
			for range 2 {
				once(t, d)
				w.idle()
			}
			w.wantRecorded(3)
		})
	}
}

// Virus scanners and status fields change the headers of messages that stay on a server.
func TestAMessageWhoseHeaderTheServerChangesIsRecordedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.LeaveOnServer = 1
	now := time.Now()
	w.options.Now = func() time.Time { return now }
	version := func(n int, body string) []byte {
		return fmt.Appendf(nil, "From: ann@acme.example\r\nMessage-ID: <one@acme.example>\r\nSubject: one message\r\n"+
			"X-Scanned: %04d\r\n\r\n%s\r\n", n, body)
	}
	w.maildrops.AddUIDL(helpdesk, "u1", version(0, "Help!"))
	for n := range 3 {
		w.maildrops.Replace(helpdesk, "u1", version(n, "Help!"))
		w.poll()
		w.idle()
		w.wantRecorded(1)
		now = now.Add(10 * time.Hour)
	}
	w.poll()
	w.idle()
	w.wantEachOnce(1)
	// The same unique-id and Message-ID with another body is another message (RFC 1939 §7).
	w.maildrops.AddUIDL(helpdesk, "u1", version(0, "Something else."))
	w.poll()
	w.wantRecorded(2)
}

func TestMessagesWithoutUniqueIDsStayOnTheServerForDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		options   pop3test.Options
		noTOP     bool
		retrieved int // how often RETR may be sent for two messages in five polls
	}{
		{"recognised by their headers", pop3test.Options{NoUIDL: true}, false, 4},
		{"where there is no TOP either", pop3test.Options{NoUIDL: true}, true, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, tt.options)
			w.mailbox.LeaveOnServer = 2
			now := time.Now()
			w.options.Now = func() time.Time { return now }
			if tt.noTOP {
				w.maildrops.At("TOP").Reply("-ERR unknown command")
			}
			w.mail()
			w.mail()
			for range 4 {
				w.poll()
				w.idle()
			}
			w.wantRecorded(2)
			if left := w.maildrops.Count(helpdesk); left != 2 {
				t.Errorf("%d messages are left, want both", left)
			}
			now = now.Add(49 * time.Hour)
			w.poll()
			w.idle()
			w.wantEachOnce(2)
			if n := countPrefix(w.maildrops.Log(), "RETR"); n > tt.retrieved {
				t.Errorf("RETR was sent %d times", n)
			}
		})
	}
}
