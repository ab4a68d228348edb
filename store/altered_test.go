package store_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// left returns a delivery from a mailbox that leaves messages on the server.
func left(uidl, messageID, header, body string) store.Delivery {
	d := mail(uidl, header+"\r\n\r\n"+body, func(m *processor.Message) { m.MessageID = messageID })
	sum := sha256.Sum256([]byte(body))
	d.Body, d.Listed = sum[:], d.Raw.Size()
	return d
}

func TestAMessageWhoseHeaderTheServerChangedIsKnown(t *testing.T) {
	t.Parallel()
	seen := left("u1", "one@acme.example", "X-Scanned: 1", "Help")
	bare := seen
	bare.Body = nil
	tests := []struct {
		name    string
		again   store.Delivery
		known   bool
		without bool // the first was accepted while the mailbox deleted messages
	}{
		{"a header field changed", left("u1", "one@acme.example", "X-Scanned: 22", "Help"), true, false},
		{"the body changed", left("u1", "one@acme.example", "X-Scanned: 1", "Help me"), false, false},
		{"another unique-id", left("u2", "one@acme.example", "X-Scanned: 22", "Help"), false, false},
		{"another Message-ID, as two alerts with the same text have", left("u1", "two@acme.example", "X-Scanned: 22", "Help"), false, false},
		{"no Message-ID", left("u1", "", "X-Scanned: 22", "Help"), false, false},
		{"no unique-id", left("", "one@acme.example", "X-Scanned: 22", "Help"), false, false},
		{"the body of the first message is unknown", left("u1", "one@acme.example", "X-Scanned: 22", "Help"), false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			first := seen
			if test.without {
				first = bare
			}
			if test.again.Message.MessageID == "" {
				first = left("u1", "", "X-Scanned: 1", "Help")
			}
			d.accept(t, d.clerk(), first)
			d.exec(t, `UPDATE receipt SET last_seen_at = now() - interval '3 days', accepted_at = now() - interval '3 days'`)
			got := d.accept(t, d.clerk(), test.again)[0]
			if got.Known != test.known {
				t.Fatalf("known is %t, want %t", got.Known, test.known)
			}
			if !test.known {
				return
			}
			if age := time.Since(got.AcceptedAt).Round(time.Hour); age != 72*time.Hour || got.Request != 1 {
				t.Errorf("accepted %s ago as request %d", age, got.Request)
			}
			now := one[string](t, d, `SELECT concat_ws(' ', count(*), max(listed), max(times_seen),
				max(last_seen_at) > now() - interval '1 minute') FROM receipt`)
			if want := "1 21 2 t"; now != want {
				t.Errorf("receipts, octets listed, times and whether seen now are %s, want %s", now, want)
			}
			known, err := d.store.Known(t.Context(), d.mailbox, []string{"u1"})
			if err != nil || known["u1"].Listed != test.again.Listed {
				t.Errorf("known is %+v, %v", known, err)
			}
		})
	}
}

func TestAReceiptGetsTheBodyWhenItsMessageIsSeenAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := left("u1", "one@acme.example", "X-Scanned: 1", "Help")
	bare := first
	bare.Body, bare.Listed = nil, 0
	d.accept(t, d.clerk(), bare)
	d.accept(t, d.clerk(), first)
	d.accept(t, d.clerk(), bare) // has no body, and leaves the recorded one
	if got := d.accept(t, d.clerk(), left("u1", "one@acme.example", "X-Scanned: 22", "Help")); !got[0].Known {
		t.Error("the message with another header field is not known")
	}
}

func TestTheDatabasesClockTellsWhenAReceiptWasLastSeen(t *testing.T) {
	t.Parallel()
	d := newDesk(t) // the clock of its store stands still
	d.accept(t, d.clerk(), mail("1", "a"))
	fresh := func(what string) {
		t.Helper()
		if !one[bool](t, d, `SELECT last_seen_at > now() - interval '1 minute' FROM receipt`) {
			t.Errorf("%s: last_seen_at is not by the clock of the database", what)
		}
		d.exec(t, `UPDATE receipt SET last_seen_at = now() - interval '2 days'`)
	}
	fresh("recorded")
	d.accept(t, d.clerk(), mail("1", "a"))
	fresh("seen again")
	if _, err := d.store.Known(t.Context(), d.mailbox, []string{"1"}); err != nil {
		t.Fatal(err)
	}
	fresh("listed")
}
