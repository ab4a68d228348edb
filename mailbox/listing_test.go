package mailbox_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
)

func TestAListingThatContradictsItselfEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, command, answer string }{
		{"STAT says more than LIST", "STAT", "+OK 3 40\r\n"},
		{"STAT says fewer than LIST", "STAT", "+OK 1 40\r\n"},
		{"STAT says nothing", "STAT", "+OK\r\n"},
		{"STAT says one number only", "STAT", "+OK 2\r\n"},
		{"STAT says a negative number", "STAT", "+OK -2 40\r\n"},
		{"STAT says words", "STAT", "+OK two messages\r\n"},
		{"STAT says more than any maildrop holds", "STAT", "+OK 99999999999999999999 40\r\n"},
		{"LIST has an invalid line", "LIST", "+OK\r\n1 20\r\nnonsense\r\n.\r\n"},
		{"LIST has a line without its size", "LIST", "+OK\r\n1 20\r\n2\r\n.\r\n"},
		{"LIST has an empty line", "LIST", "+OK\r\n1 20\r\n\r\n.\r\n"},
		{"LIST has a negative size", "LIST", "+OK\r\n1 20\r\n2 -20\r\n.\r\n"},
		{"LIST has a size that is too large", "LIST", "+OK\r\n1 20\r\n2 99999999999999999999\r\n.\r\n"},
		{"LIST has the message-number 0", "LIST", "+OK\r\n0 20\r\n2 20\r\n.\r\n"},
		{"LIST has a message-number twice", "LIST", "+OK\r\n1 20\r\n1 20\r\n.\r\n"},
		{"LIST has a message-number with a sign", "LIST", "+OK\r\n+1 20\r\n2 20\r\n.\r\n"},
		{"LIST has a line without end", "LIST", "+OK\r\n1 20 " + strings.Repeat("x", 10_000) + "\r\n.\r\n"},
		{"LIST has a bare LF", "LIST", "+OK\r\n1 20\n2 20\r\n.\r\n"},
		{"LIST has no end", "LIST", "+OK\r\n1 " + strings.Repeat("1", 4000) + "\r\n" + forEver},
		{"UIDL has fewer lines than LIST", "UIDL", "+OK\r\n1 a\r\n.\r\n"},
		{"UIDL has more lines than LIST", "UIDL", "+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n"},
		{"UIDL names a message that LIST lacks", "UIDL", "+OK\r\n1 a\r\n3 b\r\n.\r\n"},
		{"UIDL names a message twice", "UIDL", "+OK\r\n1 a\r\n1 b\r\n.\r\n"},
		{"UIDL has an invalid line", "UIDL", "+OK\r\n1 a\r\nnonsense\r\n.\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := goodScript().with(tt.command, tt.answer).opened(t)
			_, err := s.List(t.Context())
			if !errors.Is(err, mailbox.ErrProtocol) || !mailbox.SessionBroken(err) || !mailbox.IsTransient(err) {
				t.Errorf("got %v, want ErrProtocol", err)
			}
		})
	}
}

func TestValidListings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("u", 1000)
	one, two := mailbox.Item{Number: 1, Octets: 20, UIDL: "a"}, mailbox.Item{Number: 2, Octets: 20, UIDL: "b"}
	for _, tt := range []struct {
		name string
		with map[string]string
		want []mailbox.Item
	}{
		{"as in RFC 1939", nil, []mailbox.Item{one, two}},
		{"with more after the numbers (RFC 1939 §5)",
			map[string]string{"STAT": "+OK 2 40 and more\r\n", "LIST": "+OK 2 messages\r\n1 20 x\r\n2 20 y\r\n.\r\n"},
			[]mailbox.Item{one, two}},
		{"in another order", map[string]string{"LIST": "+OK\r\n2 20\r\n1 20\r\n.\r\n"}, []mailbox.Item{one, two}},
		{"with gaps between message-numbers",
			map[string]string{"LIST": "+OK\r\n1 20\r\n7 20\r\n.\r\n", "UIDL": "+OK\r\n1 a\r\n7 b\r\n.\r\n"},
			[]mailbox.Item{one, {Number: 7, Octets: 20, UIDL: "b"}}},
		{"with sizes that differ from STAT's sum (mailutils)", map[string]string{"STAT": "+OK 2 357\r\n"}, []mailbox.Item{one, two}},
		{"with no message", map[string]string{"STAT": "+OK 0 0\r\n", "LIST": "+OK\r\n.\r\n"}, nil},
		{"with unique-ids that are not unique", map[string]string{"UIDL": "+OK\r\n1 a\r\n2 a\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, {Number: 2, Octets: 20}}},
		{"with a unique-id of 1,000 characters", map[string]string{"UIDL": "+OK\r\n1 " + long + "\r\n2 b\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20, UIDL: long}, two}},
		{"with a unique-id of 1,001 characters", map[string]string{"UIDL": "+OK\r\n1 u" + long + "\r\n2 b\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, two}},
		{"with a unique-id of other octets than RFC 1939 §7 has",
			map[string]string{"UIDL": "+OK\r\n1 a\x00b\r\n2 caf\xc3\xa9\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, {Number: 2, Octets: 20}}},
		{"with a unique-id that begins with a dot", map[string]string{"UIDL": "+OK\r\n1 ..a\r\n2 b\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20, UIDL: "..a"}, two}},
		{"with a blank in a unique-id", map[string]string{"UIDL": "+OK\r\n1 a a\r\n2 b\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, two}},
		{"of a server that refuses LIST for an empty maildrop",
			map[string]string{"STAT": "+OK 0 0\r\n", "LIST": "-ERR no messages\r\n"}, nil},
		{"with an empty unique-id", map[string]string{"UIDL": "+OK\r\n1 \r\n2 b\r\n.\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, two}},
		{"of a server without CAPA and UIDL", map[string]string{"CAPA": "-ERR what?\r\n", "UIDL": "-ERR what?\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, {Number: 2, Octets: 20}}},
		{"of a server whose CAPA omits UIDL", map[string]string{"CAPA": "+OK\r\nUSER\r\n.\r\n", "UIDL": "-ERR what?\r\n"},
			[]mailbox.Item{{Number: 1, Octets: 20}, {Number: 2, Octets: 20}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := goodScript()
			for command, answer := range tt.with {
				s = s.with(command, answer)
			}
			items, err := s.opened(t).List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, items); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAFailedUIDLIsNotTakenForAMissingOne: without unique-ids every message would be read again.
func TestAFailedUIDLIsNotTakenForAMissingOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, capa, answer string }{
		{"where CAPA lists it", "+OK\r\nUIDL\r\n.\r\n", "-ERR no\r\n"},
		{"where it has a temporary problem", "-ERR\r\n", "-ERR [SYS/TEMP] busy\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := goodScript().with("CAPA", tt.capa).with("UIDL", tt.answer).opened(t)
			if items, err := s.List(t.Context()); !errors.Is(err, mailbox.ErrRefused) {
				t.Errorf("%v, %v", items, err)
			}
		})
	}
}

func TestALargeListingIsRead(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var list, ids strings.Builder
	for i := range n {
		list.WriteString(strconv.Itoa(i+1) + " 20\r\n")
		ids.WriteString(strconv.Itoa(i+1) + " id" + strconv.Itoa(i) + "\r\n")
	}
	s := goodScript().with("STAT", "+OK 100000 2000000\r\n").
		with("LIST", "+OK\r\n"+list.String()+".\r\n").with("UIDL", "+OK\r\n"+ids.String()+".\r\n").opened(t)
	items, err := s.List(t.Context())
	if err != nil || len(items) != n || items[n-1] != (mailbox.Item{Number: n, Octets: 20, UIDL: "id99999"}) {
		t.Errorf("%d items, %v", len(items), err)
	}
}
