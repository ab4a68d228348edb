package mailbox_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// TestSession runs the same suite against servers without faults.
func TestSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		run  func(*testing.T, server)
	}{
		{"reads and deletes all messages", readsAndDeletes},
		{"deletes nothing without QUIT", deletesNothingWithoutQuit},
		{"refuses a wrong password and says so", refusesWrongPassword},
		{"returns the state of TLS", saysTLS},
		{"keeps every octet of a message of megabytes", keepsEveryOctet},
		{"skips a message that the server refuses and goes on", skipsRefusedMessage},
		{"reads a backlog ahead", readsABacklogAhead},
		{"finds an empty maildrop empty", findsEmpty},
	}
	real := dovecottest.Start(t, dovecottest.Options{})
	servers := []struct {
		name  string
		start func(*testing.T) server
	}{
		{"pop3test in plain text", newFake(mailbox.None, pop3test.Options{})},
		{"pop3test over STLS", newFake(mailbox.StartTLS, pop3test.Options{})},
		{"pop3test over implicit TLS", newFake(mailbox.SslOnConnect, pop3test.Options{})},
		{"pop3test without PIPELINING", newFake(mailbox.None, pop3test.Options{Without: []string{"PIPELINING"}})},
		{"pop3test without CAPA", newFake(mailbox.None, pop3test.Options{NoCAPA: true})},
		{"Dovecot in plain text", newDovecot(real, mailbox.None)},
		{"Dovecot over STLS", newDovecot(real, mailbox.StartTLS)},
		{"Dovecot over implicit TLS", newDovecot(real, mailbox.SslOnConnect)},
	}
	for _, srv := range servers {
		t.Run(srv.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, srv.start(t))
				})
			}
		})
	}
}

// TestALockedMaildrop does not use each kind of security: Dovecot waits ten seconds for the lock.
func TestALockedMaildrop(t *testing.T) {
	t.Parallel()
	t.Run("pop3test", func(t *testing.T) {
		t.Parallel()
		findsMaildropLocked(t, newFake(mailbox.None, pop3test.Options{})(t))
	})
	t.Run("Dovecot", func(t *testing.T) {
		t.Parallel()
		findsMaildropLocked(t, newDovecot(dovecottest.Start(t, dovecottest.Options{}), mailbox.None)(t))
	})
}

func readsAndDeletes(t *testing.T, srv server) {
	want := map[string]bool{}
	for n := range 3 {
		srv.deliver("helpdesk", mail(n))
		want[string(mail(n))] = true
	}
	s := open(t, srv.account("helpdesk"))
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
	if n := srv.count("helpdesk"); n != 3 {
		t.Errorf("%d messages are left before QUIT", n)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := srv.count("helpdesk"); n != 0 {
		t.Errorf("%d messages are left after QUIT", n)
	}
	if _, err := s.List(t.Context()); !errors.Is(err, mailbox.ErrClosed) {
		t.Errorf("List after Quit: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close after Quit: %v", err)
	}
}

func deletesNothingWithoutQuit(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	s := open(t, srv.account("helpdesk"))
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
	srv.idle()
	if n := srv.count("helpdesk"); n != 1 {
		t.Errorf("%d messages are left", n)
	}
	again, err := open(t, srv.account("helpdesk")).List(t.Context())
	if diff := cmp.Diff(items, again); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func refusesWrongPassword(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	a := srv.account("helpdesk")
	a.Password = "wrong"
	_, err := mailbox.Open(t.Context(), a)
	if !errors.Is(err, mailbox.ErrCredentials) || !mailbox.IsPermanentForMailbox(err) || mailbox.IsTransient(err) {
		t.Errorf("Open: %v", err)
	}
}

func findsMaildropLocked(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	first := open(t, srv.account("helpdesk"))
	_, err := mailbox.Open(t.Context(), srv.account("helpdesk"))
	if !errors.Is(err, mailbox.ErrMaildropLocked) || !mailbox.IsTransient(err) {
		t.Errorf("Open: %v", err)
	}
	if err := first.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

func saysTLS(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	a := srv.account("helpdesk")
	s := open(t, a)
	state, ok := s.TLS()
	if ok != (a.Security != mailbox.None) || ok && (len(state.PeerCertificates) == 0 || state.Version < tls.VersionTLS12) {
		t.Errorf("TLS is %t", ok)
	}
}

func keepsEveryOctet(t *testing.T, srv server) {
	big := bigMail(3 << 20)
	srv.deliver("helpdesk", big)
	a := srv.account("helpdesk")
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

func skipsRefusedMessage(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	s := open(t, srv.account("helpdesk"))
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

func findsEmpty(t *testing.T, srv server) {
	srv.deliver("helpdesk", mail(1))
	for range 2 {
		s := open(t, srv.account("helpdesk"))
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
	if n := srv.count("helpdesk"); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}
