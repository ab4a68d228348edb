//go:build interop

package interop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/interop"
)

// TestSession runs the same suite against every server.
func TestSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		run  func(*testing.T, *interop.Server)
	}{
		{"lists, retrieves and deletes all messages", readsAndDeletes},
		{"finds an empty maildrop empty", findsEmpty},
		{"deletes nothing without QUIT", deletesNothingWithoutQuit},
		{"keeps every octet of a message of megabytes", keepsEveryOctet},
		{"keeps lines that begin with dots", keepsDots},
		{"skips a message that does not exist and goes on", skipsMissingMessage},
		{"refuses a wrong password and says so", refusesWrongPassword},
		{"finds the maildrop locked by another session", findsMaildropLocked},
		{"gives a message the same unique-id in each session", keepsUniqueIDs},
	}
	for _, name := range interop.Chosen(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, interop.Start(t, name))
				})
			}
		})
	}
}

// mail returns a small, unique message.
func mail(n int) []byte {
	return fmt.Appendf(nil, "From: ann@acme.example\r\nTo: helpdesk@acme.example\r\nSubject: Nr. %d\r\n"+
		"Message-ID: <%d@acme.example>\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n\r\nbody %d\r\n", n, n, n)
}

// list lists the maildrop and fails unless n messages are there.
func list(t *testing.T, session *mailbox.Session, n int) []mailbox.Item {
	t.Helper()
	items, err := session.List(t.Context())
	if err != nil || len(items) != n {
		t.Fatalf("List: %v, %v; want %d messages", items, err, n)
	}
	return items
}

// retrieve reads one message.
func retrieve(t *testing.T, session *mailbox.Session, it mailbox.Item) []byte {
	t.Helper()
	spool, err := session.Retrieve(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := io.ReadAll(io.NewSectionReader(spool, 0, spool.Size()))
	if err := errors.Join(err, spool.Close()); err != nil {
		t.Fatal(err)
	}
	return octets
}

// quit ends a session with QUIT.
func quit(t *testing.T, session *mailbox.Session) {
	t.Helper()
	if err := session.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wantOctets compares the delivered with the retrieved message: completely, or, where the server adds header fields,
// the body and the original header fields.
func wantOctets(t *testing.T, srv *interop.Server, want, got []byte) {
	t.Helper()
	if srv.Rewrites {
		header, body, _ := bytes.Cut(want, []byte("\r\n\r\n"))
		gotHeader, gotBody, _ := bytes.Cut(got, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(header, []byte("\r\n")) {
			if !bytes.Contains(gotHeader, line) {
				t.Errorf("the header has lost %q", line)
			}
		}
		want, got = body, gotBody
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%d octets became %d:\n%s", len(want), len(got), cmp.Diff(shortened(want), shortened(got)))
	}
}

// shortened returns the beginning of a message for a test's output.
func shortened(octets []byte) string { return string(octets[:min(len(octets), 2000)]) }

func readsAndDeletes(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1), mail(2), mail(3))
	session := srv.Open()
	for i, it := range list(t, session, 3) {
		if it.Number != i+1 || it.UIDL == "" || it.Octets == 0 {
			t.Errorf("item %d is %+v", i, it)
		}
		octets := retrieve(t, session, it)
		wantOctets(t, srv, mail(it.Number), octets)
		if got := int64(len(octets)); got != it.Octets && !srv.Growing {
			t.Errorf("LIST says %d octets, RETR sent %d", it.Octets, got)
		}
		if it.Number == 2 {
			continue
		}
		if err := session.Delete(t.Context(), it); err != nil {
			t.Fatal(err)
		}
	}
	quit(t, session)
	again := srv.Open()
	wantOctets(t, srv, mail(2), retrieve(t, again, list(t, again, 1)[0]))
	quit(t, again)
}

func findsEmpty(t *testing.T, srv *interop.Server) {
	session := srv.Open()
	list(t, session, 0)
	quit(t, session)
}

func deletesNothingWithoutQuit(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1))
	session := srv.Open()
	if err := session.Delete(t.Context(), list(t, session, 1)[0]); err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
	if n := srv.Count(); n != 1 {
		t.Errorf("%d messages are left", n)
	}
}

func keepsEveryOctet(t *testing.T, srv *interop.Server) {
	big := bytes.NewBuffer(mail(1))
	for i := 0; big.Len() < 5<<20; i++ {
		fmt.Fprintf(big, "%08d %s\r\n", i, strings.Repeat("0123456789", 1+i%7))
	}
	srv.Deliver(big.Bytes())
	session := srv.Open()
	wantOctets(t, srv, big.Bytes(), retrieve(t, session, list(t, session, 1)[0]))
	quit(t, session)
}

func keepsDots(t *testing.T, srv *interop.Server) {
	octets := append(mail(1), ".\r\n..\r\n...\r\n.dot\r\n. \r\ndot.\r\n.\r\n\r\n.\r\nlast\r\n"...)
	srv.Deliver(octets, mail(2))
	session := srv.Open()
	items := list(t, session, 2)
	wantOctets(t, srv, octets, retrieve(t, session, items[0]))
	wantOctets(t, srv, mail(2), retrieve(t, session, items[1]))
	quit(t, session)
}

func skipsMissingMessage(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1))
	session := srv.Open()
	it := list(t, session, 1)[0]
	_, err := session.Retrieve(t.Context(), mailbox.Item{Number: 7})
	if !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) || !mailbox.IsTransient(err) {
		t.Fatalf("RETR 7: %v", err)
	}
	if err := session.Delete(t.Context(), mailbox.Item{Number: 7}); err == nil || mailbox.SessionBroken(err) {
		t.Fatalf("DELE 7: %v", err)
	}
	wantOctets(t, srv, mail(1), retrieve(t, session, it))
	quit(t, session)
}

func refusesWrongPassword(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1))
	wrong := srv.Account
	wrong.Password = "not-the-one"
	_, err := mailbox.Open(t.Context(), wrong)
	if !errors.Is(err, mailbox.ErrCredentials) || !mailbox.IsPermanentForMailbox(err) {
		t.Errorf("Open: %v", err)
	}
	if strings.Contains(fmt.Sprint(err), wrong.Password) {
		t.Errorf("the password is in %v", err)
	}
}

// findsMaildropLocked expects the exclusive lock of RFC 1939 §4. Courier, Cyrus and popa3d have none.
func findsMaildropLocked(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1))
	first := srv.Open()
	list(t, first, 1)
	second, err := mailbox.Open(t.Context(), srv.Account)
	if err == nil {
		defer second.Close()
	}
	if !errors.Is(err, srv.Locked) || (err == nil) != (srv.Locked == nil) {
		t.Errorf("Open: %v, want %v", err, srv.Locked)
	}
	if err != nil && !mailbox.IsTransient(err) {
		t.Errorf("waiting would help with %v", err)
	}
	quit(t, first)
}

func keepsUniqueIDs(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1), mail(2))
	ids := func() (all []string) {
		session := srv.Open()
		for _, it := range list(t, session, 2) {
			retrieve(t, session, it)
			all = append(all, it.UIDL)
		}
		quit(t, session)
		return all
	}
	first := ids()
	if diff := cmp.Diff(first, ids()); diff != "" || first[0] == first[1] {
		t.Errorf("the unique-ids of %q changed: %s", first, diff)
	}
}
