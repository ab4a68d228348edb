package mailbox_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
)

// servers are what the session tests run against.
var servers = []struct {
	name  string
	start func(*testing.T) server
}{
	{"pop3test", newFake},
	{"dovecot", newDovecot},
}

// TestSession is the suite of what a session does with a server that works.
func TestSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		run  func(t *testing.T, srv server, user string)
	}{
		{"reads and deletes what is there", readsAndDeletes},
		{"deletes nothing without QUIT", deletesNothingWithoutQuit},
		{"refuses a wrong password and says so", refusesWrongPassword},
		{"finds the maildrop locked by another session", findsMaildropLocked},
		{"speaks STLS", func(t *testing.T, srv server, user string) { readsOver(t, srv, user, mailbox.StartTLS) }},
		{"speaks implicit TLS", func(t *testing.T, srv server, user string) { readsOver(t, srv, user, mailbox.SslOnConnect) }},
		{"keeps every octet of a message of megabytes", keepsEveryOctet},
		{"skips a message that the server does not give and goes on", skipsRefusedMessage},
		{"finds an empty maildrop empty", findsEmpty},
	}
	for _, srv := range servers {
		t.Run(srv.name, func(t *testing.T) {
			t.Parallel()
			running := srv.start(t)
			for i, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, running, "user"+strconv.Itoa(i))
				})
			}
		})
	}
}

func readsAndDeletes(t *testing.T, srv server, user string) {
	want := map[string]bool{}
	for n := range 3 {
		srv.deliver(user, mail(n))
		want[string(mail(n))] = true
	}
	s := open(t, srv.account(user, mailbox.None))
	items, err := s.List(t.Context())
	if err != nil || len(items) != 3 {
		t.Fatalf("List: %v, %v", items, err)
	}
	got := map[string]bool{}
	for i, it := range items {
		if it.Number != i+1 || it.UIDL == "" || it.Octets == 0 {
			t.Errorf("item %d is %+v", i, it)
		}
		spool, err := s.Retrieve(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		got[string(octetsOf(t, spool))] = true
		if err := s.Delete(t.Context(), it); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := srv.count(user); n != 3 {
		t.Errorf("%d messages are left before QUIT", n)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := srv.count(user); n != 0 {
		t.Errorf("%d messages are left after QUIT", n)
	}
	if _, err := s.List(t.Context()); !errors.Is(err, mailbox.ErrClosed) {
		t.Errorf("List after Quit: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close after Quit: %v", err)
	}
}

func deletesNothingWithoutQuit(t *testing.T, srv server, user string) {
	srv.deliver(user, mail(1))
	s := open(t, srv.account(user, mailbox.None))
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), items[0]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	again, err := reopen(t, srv.account(user, mailbox.None)).List(t.Context())
	if n := srv.count(user); n != 1 {
		t.Errorf("%d messages are left", n)
	}
	if diff := cmp.Diff(items, again); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func refusesWrongPassword(t *testing.T, srv server, user string) {
	srv.deliver(user, mail(1))
	a := srv.account(user, mailbox.None)
	a.Password = "wrong"
	_, err := mailbox.Open(t.Context(), a)
	if !errors.Is(err, mailbox.ErrCredentials) || !mailbox.IsPermanentForMailbox(err) || mailbox.IsTransient(err) {
		t.Errorf("Open: %v", err)
	}
}

func findsMaildropLocked(t *testing.T, srv server, user string) {
	srv.deliver(user, mail(1))
	first := open(t, srv.account(user, mailbox.None))
	_, err := mailbox.Open(t.Context(), srv.account(user, mailbox.None))
	if !errors.Is(err, mailbox.ErrMaildropLocked) || !mailbox.IsTransient(err) {
		t.Errorf("Open: %v", err)
	}
	if err := first.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

func readsOver(t *testing.T, srv server, user string, security mailbox.Security) {
	srv.deliver(user, mail(1))
	s := open(t, srv.account(user, security))
	state, ok := s.TLS()
	if !ok || len(state.PeerCertificates) == 0 {
		t.Error("there is no TLS")
	}
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spool, err := s.Retrieve(t.Context(), items[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(mail(1)), string(octetsOf(t, spool))); diff != "" {
		t.Error(diff)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

func keepsEveryOctet(t *testing.T, srv server, user string) {
	big := bigMail(3 << 20)
	srv.deliver(user, big)
	a := srv.account(user, mailbox.None)
	a.SpoolDirectory = t.TempDir()
	s := open(t, a)
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spool, err := s.Retrieve(t.Context(), items[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := octetsOf(t, spool); string(got) != string(big) {
		t.Errorf("%d octets became %d, or others", len(big), len(got))
	}
}

func skipsRefusedMessage(t *testing.T, srv server, user string) {
	srv.deliver(user, mail(1))
	s := open(t, srv.account(user, mailbox.None))
	_, err := s.Retrieve(t.Context(), mailbox.Item{Number: 7})
	if !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) || !mailbox.IsTransient(err) {
		t.Fatalf("RETR 7: %v", err)
	}
	if err := s.Delete(t.Context(), mailbox.Item{Number: 7}); mailbox.SessionBroken(err) || err == nil {
		t.Fatalf("DELE 7: %v", err)
	}
	spool, err := s.Retrieve(t.Context(), mailbox.Item{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	octetsOf(t, spool)
}

func findsEmpty(t *testing.T, srv server, user string) {
	srv.deliver(user, mail(1))
	for range 2 {
		s := open(t, srv.account(user, mailbox.None))
		items, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if err := s.Delete(t.Context(), it); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Quit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := srv.count(user); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}
