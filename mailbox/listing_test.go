package mailbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestList holds the three listings of a maildrop with two messages against each other.
func TestList(t *testing.T) {
	t.Parallel()
	const (
		stat = "+OK 2 300\r\n"
		scan = "+OK\r\n1 100\r\n2 200\r\n.\r\n"
		uidl = "+OK\r\n1 a\r\n2 b\r\n.\r\n"
	)
	long := strings.Repeat("u", 1000)
	items := func(one, two string) []mailbox.Item {
		return []mailbox.Item{{Number: 1, UIDL: one, Octets: 100}, {Number: 2, UIDL: two, Octets: 200}}
	}
	tests := []struct {
		name             string
		stat, scan, uidl string
		want             []mailbox.Item // nil means ErrProtocol
	}{
		{"all agree", stat, scan, uidl, items("a", "b")},
		{"more follows the numbers", "+OK 2 300 and so on\r\n", "+OK 2 messages\r\n1 100 x\r\n2 200 y\r\n.\r\n", uidl, items("a", "b")},
		{"the lines are out of order", stat, "+OK\r\n2 200\r\n1 100\r\n.\r\n", "+OK\r\n2 b\r\n1 a\r\n.\r\n", items("a", "b")},
		{"numbers have gaps", stat, "+OK\r\n3 200\r\n7 100\r\n.\r\n", "+OK\r\n7 b\r\n3 a\r\n.\r\n",
			[]mailbox.Item{{Number: 3, UIDL: "a", Octets: 200}, {Number: 7, UIDL: "b", Octets: 100}}},
		{"a unique-id begins with a dot", stat, scan, "+OK\r\n1 .a\r\n2 b\r\n.\r\n", items(".a", "b")},
		{"a unique-id of 1,000 characters", stat, scan, "+OK\r\n1 " + long + "\r\n2 b\r\n.\r\n", items(long, "b")},
		{"a unique-id of 1,001 characters", stat, scan, "+OK\r\n1 " + long + "u\r\n2 b\r\n.\r\n", items("", "b")},
		{"a unique-id with a blank", stat, scan, "+OK\r\n1 a a\r\n2 b\r\n.\r\n", items("", "b")},
		{"a unique-id with a control character", stat, scan, "+OK\r\n1 a\x07\r\n2 b\r\n.\r\n", items("", "b")},
		{"a unique-id with an 8-bit octet", stat, scan, "+OK\r\n1 a\xe9\r\n2 b\r\n.\r\n", items("", "b")},
		{"a unique-id with NUL", stat, scan, "+OK\r\n1 a\x00\r\n2 b\r\n.\r\n", items("", "b")},
		{"no unique-id on a line", stat, scan, "+OK\r\n1\r\n2 b\r\n.\r\n", items("", "b")},
		{"two messages with one unique-id", stat, scan, "+OK\r\n1 a\r\n2 a\r\n.\r\n", items("", "")},

		{"STAT says more", "+OK 3 300\r\n", scan, uidl, nil},
		{"STAT says fewer", "+OK 1 300\r\n", scan, uidl, nil},
		{"STAT says none", "+OK 0 0\r\n", scan, uidl, nil},
		{"STAT without a number", "+OK\r\n", scan, uidl, nil},
		{"STAT with one number", "+OK 2\r\n", scan, uidl, nil},
		{"STAT with a sign", "+OK +2 300\r\n", scan, uidl, nil},
		{"STAT with words", "+OK two messages\r\n", scan, uidl, nil},
		{"STAT beyond all numbers", "+OK 99999999999999999999 300\r\n", scan, uidl, nil},
		{"LIST has a line that is none", stat, "+OK\r\n1 100\r\nwhat?\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has an empty line", stat, "+OK\r\n1 100\r\n\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has a negative number", stat, "+OK\r\n-1 100\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has message 0", stat, "+OK\r\n0 100\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has a number in hexadecimal", stat, "+OK\r\n0x1 100\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has a negative size", stat, "+OK\r\n1 -100\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has a size beyond all numbers", stat, "+OK\r\n1 99999999999999999999\r\n2 200\r\n.\r\n", uidl, nil},
		{"LIST has a number twice", stat, "+OK\r\n1 100\r\n1 200\r\n.\r\n", uidl, nil},
		{"LIST has a bare LF", stat, "+OK\r\n1 100\n2 200\r\n.\r\n", uidl, nil},
		{"LIST ends in a bare LF", stat, "+OK\r\n1 100\r\n2 200\r\n.\n", uidl, nil},
		{"UIDL has one line too few", stat, scan, "+OK\r\n1 a\r\n.\r\n", nil},
		{"UIDL has one line too many", stat, scan, "+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n", nil},
		{"UIDL names another message", stat, scan, "+OK\r\n1 a\r\n3 c\r\n.\r\n", nil},
		{"UIDL names a message twice", stat, scan, "+OK\r\n1 a\r\n1 b\r\n.\r\n", nil},
		{"UIDL has a line that is none", stat, scan, "+OK\r\n1 a\r\nb\r\n.\r\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			srv.At("STAT").Garbage([]byte(tt.stat))
			srv.At("LIST").Garbage([]byte(tt.scan))
			srv.At("UIDL").Garbage([]byte(tt.uidl))
			s := open(t, account(srv, "helpdesk", mailbox.None))
			got, err := s.List(t.Context())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if broken := tt.want == nil; errors.Is(err, mailbox.ErrProtocol) != broken || mailbox.SessionBroken(err) != broken {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestListWithout reads maildrops of servers that lack what RFC 1939 leaves open.
func TestListWithout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options pop3test.Options
		change  func(*pop3test.Server)
	}{
		{"UIDL", pop3test.Options{NoUIDL: true}, nil},
		{"CAPA and UIDL", pop3test.Options{NoCAPA: true, NoUIDL: true}, nil},
		{"CAPA that tells of UIDL", pop3test.Options{Without: []string{"UIDL"}}, func(srv *pop3test.Server) {
			srv.At("UIDL").Reply("-ERR what?")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, tt.options)
			srv.Add("helpdesk", mail(1))
			if tt.change != nil {
				tt.change(srv)
			}
			items, err := open(t, account(srv, "helpdesk", mailbox.None)).List(t.Context())
			want := []mailbox.Item{{Number: 1, Octets: int64(len(mail(1)))}}
			if diff := cmp.Diff(want, items); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

// TestListNothing reads an empty maildrop of a server that refuses to list nothing.
func TestListNothing(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", pop3test.DefaultPassword)
	srv.At("LIST").Reply("-ERR no messages")
	items, err := open(t, account(srv, "helpdesk", mailbox.None)).List(t.Context())
	if err != nil || len(items) != 0 {
		t.Errorf("%v, %v", items, err)
	}
}

// TestEndlessListing stops a listing that would fill the memory.
func TestEndlessListing(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", mail(1))
	srv.At("LIST").Garbage([]byte("+OK\r\n" + strings.Repeat("1 100"+strings.Repeat(" ", 4000)+"\r\n", 9000)))
	_, err := open(t, account(srv, "helpdesk", mailbox.None)).List(t.Context())
	if !errors.Is(err, mailbox.ErrProtocol) {
		t.Errorf("got %v", err)
	}
}

// TestSizesThatLie takes what RETR sends, whatever LIST said.
func TestSizesThatLie(t *testing.T) {
	t.Parallel()
	for _, lie := range []int64{0, 1, 1 << 40} {
		t.Run(fmt.Sprint(lie), func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			srv.LieAboutSizes(func(int64) int64 { return lie })
			messages, err := drain(t.Context(), account(srv, "helpdesk", mailbox.None))
			if err != nil || len(messages) != 1 || string(messages[0]) != string(mail(1)) {
				t.Errorf("%q, %v", messages, err)
			}
		})
	}
}
