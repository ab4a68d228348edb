package mailbox_test

import (
	"errors"
	"strings"
	"testing"

	"mailintegration/mailbox"
)

// TestTopKeepsTheHeaderWhenTheServerSendsTheWholeMessage keeps at most the octets of a header, and the session goes on.
func TestTopKeepsTheHeaderWhenTheServerSendsTheWholeMessage(t *testing.T) {
	t.Parallel()
	body := "Subject: one\r\n\r\n" + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 3<<10)
	for what, good := range bothScripts() {
		s, items := good.with("TOP", "+OK\r\n"+body+".\r\n").listed(t)
		head, err := s.Top(t.Context(), items[0])
		if err != nil {
			t.Fatalf("Top%s: %v", what, err)
		}
		if got := string(octetsOf(t, head)); got != body[:1<<20] {
			t.Errorf("%d octets are kept%s", len(got), what)
		}
		if err := s.Quit(t.Context()); err != nil {
			t.Errorf("Quit%s: %v", what, err)
		}
	}
}

// TestTopThatEndsTheSessionNamesItsMessage uses servers with and without PIPELINING.
func TestTopThatEndsTheSessionNamesItsMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"an endless header", "+OK\r\n" + strings.Repeat("x", 60_000) + "\r\n" + forEver, mailbox.ErrTooLarge},
		{"a connection that ends", hangUp, mailbox.ErrConnection},
		{"a connection that ends in the header", "+OK\r\nSubject: one\r\n" + hangUp, mailbox.ErrConnection},
		{"an invalid answer", "Subject: one\r\n", mailbox.ErrProtocol},
	} {
		for what, good := range bothScripts() {
			t.Run(tt.name+what, func(t *testing.T) {
				t.Parallel()
				s, items := good.with("TOP", tt.answer).listed(t)
				s.Prefetch(items[1:])
				if spool, err := s.Retrieve(t.Context(), items[1]); err != nil {
					t.Fatal(err)
				} else {
					octetsOf(t, spool)
				}
				_, err := s.Top(t.Context(), items[0])
				var e *mailbox.Error
				if !errors.Is(err, tt.want) || !errors.As(err, &e) || e.Op != "TOP 1 0" || e.Command != "TOP" ||
					e.Number != 1 || !mailbox.SessionBroken(err) {
					t.Errorf("got %+v", err)
				}
			})
		}
	}
}
