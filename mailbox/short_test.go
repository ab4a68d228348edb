package mailbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestAMessageFarShorterThanListedIsNotTakenForTheMessage uses servers with and without PIPELINING.
func TestAMessageFarShorterThanListedIsNotTakenForTheMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		listed, octets int
		short          bool
	}{
		{"an empty message", 3, 0, true},
		{"an empty message that LIST calls empty", 0, 0, false},
		{"an empty message that LIST counts as CRLF", 2, 0, false},
		{"a message with just under half missing", 10_000, 4743, true},
		{"a message that LIST estimates far too large", 10_000, 4744, false},
		{"a small message that LIST estimates too large", 530, 10, false},
		{"a small message that is cut", 5300, 10, true},
		{"a message that is larger than listed", 10, 5000, false},
	} {
		for what, good := range bothScripts() {
			t.Run(tt.name+what, func(t *testing.T) {
				t.Parallel()
				text := strings.Repeat("x", max(0, tt.octets-2)) + "\r\n"
				if tt.octets == 0 {
					text = ""
				}
				s, items := good.with("LIST", fmt.Sprintf("+OK\r\n1 %d\r\n2 20\r\n.\r\n", tt.listed)).
					with("RETR 1", "+OK\r\n"+text+".\r\n").listed(t)
				s.Prefetch(items)
				spool, err := s.Retrieve(t.Context(), items[0])
				if spool == nil || string(octetsOf(t, spool)) != text {
					t.Fatalf("the spool does not contain the received octets: %v", err)
				}
				var e *mailbox.Error
				if errors.Is(err, mailbox.ErrShort) != tt.short || err != nil && !tt.short {
					t.Fatalf("got %v", err)
				}
				if tt.short && (!errors.As(err, &e) || e.Op != "RETR 1" || e.Number != 1 || mailbox.SessionBroken(err) ||
					!mailbox.IsTransient(err) || mailbox.IsPermanentForMessage(err) || mailbox.Hint(err) == "") {
					t.Errorf("got %+v", err)
				}
				if _, err := s.Retrieve(t.Context(), items[1]); err != nil {
					t.Errorf("the next message: %v", err)
				}
				if err := s.Quit(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestAnIncompleteMessageIsShort uses a server that counts octets as in RFC 1939.
func TestAnIncompleteMessageIsShort(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", bigMail(24_000))
	srv.At("RETR 1").Times(1).Truncate(40)
	s := open(t, account(srv, "helpdesk", mailbox.None))
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spool, err := s.Retrieve(t.Context(), items[0])
	if !errors.Is(err, mailbox.ErrShort) || spool == nil {
		t.Fatalf("got %v", err)
	}
	octetsOf(t, spool)
	if spool, err = s.Retrieve(t.Context(), items[0]); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	octetsOf(t, spool)
}
