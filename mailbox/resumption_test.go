package mailbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// pollOnce opens a session, lists the maildrop and quits.
func pollOnce(t *testing.T, a mailbox.Account) {
	t.Helper()
	s, err := mailbox.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// empty runs a server whose maildrops are empty.
func empty(t *testing.T, o pop3test.Options) *pop3test.Server {
	t.Helper()
	srv := pop3test.Run(t, o)
	for _, user := range []string{"helpdesk", "hr"} {
		srv.SetPassword(user, pop3test.DefaultPassword)
	}
	return srv
}

// wantHandshakes fails the test unless the server has seen that many handshakes.
func wantHandshakes(t *testing.T, srv *pop3test.Server, all, resumed int) {
	t.Helper()
	if a, r := srv.Handshakes(); a != all || r != resumed {
		t.Errorf("%d handshakes, %d of them resumed a session; want %d and %d", a, r, all, resumed)
	}
}

func TestTheNextSessionResumesTheTLSSession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		security mailbox.Security
		mode     pop3test.TLSMode
		version  uint16
	}{
		{"with implicit TLS 1.3", mailbox.SslOnConnect, pop3test.ImplicitTLS, tls.VersionTLS13},
		{"with implicit TLS 1.2", mailbox.SslOnConnect, pop3test.ImplicitTLS, tls.VersionTLS12},
		{"after STLS with TLS 1.3", mailbox.StartTLS, pop3test.STLS, tls.VersionTLS13},
		{"after STLS with TLS 1.2", mailbox.StartTLS, pop3test.STLS, tls.VersionTLS12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := empty(t, pop3test.Options{TLS: tt.mode, MaxTLS: tt.version})
			a := account(srv, "helpdesk", tt.security)
			a.TLSSessions = &mailbox.TLSSessions{}
			for range 3 {
				pollOnce(t, a)
			}
			wantHandshakes(t, srv, 3, 2)
			srv.ForgetTLSSessions()
			pollOnce(t, a)
			wantHandshakes(t, srv, 4, 2)
			pollOnce(t, a)
			wantHandshakes(t, srv, 5, 3)
		})
	}
}

func TestEverySessionTellsWhenTheCertificateEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		security mailbox.Security
		options  pop3test.Options
	}{
		{"with implicit TLS 1.3", mailbox.SslOnConnect, pop3test.Options{TLS: pop3test.ImplicitTLS, MaxTLS: tls.VersionTLS13}},
		{"with implicit TLS 1.2", mailbox.SslOnConnect, pop3test.Options{TLS: pop3test.ImplicitTLS, MaxTLS: tls.VersionTLS12}},
		{"after STLS", mailbox.StartTLS, pop3test.Options{TLS: pop3test.STLS}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.Certificate.NotAfter = 13 * 24 * time.Hour
			srv := empty(t, tt.options)
			a := account(srv, "helpdesk", tt.security)
			a.TLSSessions = &mailbox.TLSSessions{}
			for range 2 {
				s := open(t, a)
				if left := time.Until(s.CertificateExpires()); left < 12*24*time.Hour || left > 13*24*time.Hour {
					t.Errorf("the certificate ends in %s, want almost 13 days", left)
				}
				if err := s.Quit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			wantHandshakes(t, srv, 2, 1)
		})
	}
	t.Run("and without TLS there is none", func(t *testing.T) {
		t.Parallel()
		if got := open(t, account(empty(t, pop3test.Options{}), "helpdesk", mailbox.None)).CertificateExpires(); !got.IsZero() {
			t.Errorf("it ends at %s", got)
		}
	})
}

func TestWithoutTLSSessionsEveryHandshakeIsAFullOne(t *testing.T) {
	t.Parallel()
	srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
	for range 2 {
		pollOnce(t, account(srv, "helpdesk", mailbox.SslOnConnect))
	}
	wantHandshakes(t, srv, 2, 0)
}

func TestNoTLSSessionIsResumedForAnotherAccountOrTrust(t *testing.T) {
	t.Parallel()
	_, other, err := pop3test.Issue(pop3test.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*mailbox.Account)
	}{
		{"another user", func(a *mailbox.Account) { a.UserName = "hr" }},
		{"another name of the server", func(a *mailbox.Account) { a.Server = "localhost" }},
		{"more trusted certificates", func(a *mailbox.Account) {
			a.Roots = a.Roots.Clone()
			a.Roots.AddCert(other)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
			a := account(srv, "helpdesk", mailbox.SslOnConnect)
			a.Dial = srv.Dial
			a.TLSSessions = &mailbox.TLSSessions{}
			pollOnce(t, a)
			changed := a
			tt.change(&changed)
			pollOnce(t, changed)
			pollOnce(t, a) // the first account's session is forgotten, too
			wantHandshakes(t, srv, 3, 0)
		})
	}
}

func TestTheSameCertificatesReadAgainResumeTheTLSSession(t *testing.T) {
	t.Parallel()
	srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
	a := account(srv, "helpdesk", mailbox.SslOnConnect)
	a.TLSSessions = &mailbox.TLSSessions{}
	pollOnce(t, a)
	a.Roots = srv.Roots()
	pollOnce(t, a)
	wantHandshakes(t, srv, 2, 1)
}

func TestAServerThatIsNotTrustedAnyMoreIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, roots := range []*x509.CertPool{nil, x509.NewCertPool()} {
		srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
		a := account(srv, "helpdesk", mailbox.SslOnConnect)
		a.TLSSessions = &mailbox.TLSSessions{}
		pollOnce(t, a)
		a.Roots = roots
		if _, err := mailbox.Open(t.Context(), a); !errors.Is(err, mailbox.ErrCertificate) {
			t.Errorf("got %v, want ErrCertificate", err)
		}
	}
}

func TestAPoolOfCertificatesThatGrowsLaterGrantsNothing(t *testing.T) {
	t.Parallel()
	srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
	_, other, err := pop3test.Issue(pop3test.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	a := account(srv, "helpdesk", mailbox.SslOnConnect)
	a.TLSSessions = &mailbox.TLSSessions{}
	pollOnce(t, a)
	a.Roots.AddCert(other)
	pollOnce(t, a)
	wantHandshakes(t, srv, 2, 0)
}

func TestAFullHandshakeVerifiesTheServerEveryHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := empty(t, pop3test.Options{TLS: pop3test.ImplicitTLS, NoListener: true})
		defer srv.Close()
		a := account(srv, "helpdesk", mailbox.SslOnConnect)
		a.Dial, a.TLSSessions = srv.Dial, &mailbox.TLSSessions{}
		for range 9 {
			pollOnce(t, a)
			time.Sleep(20 * time.Minute) // within a synctest bubble: takes no real time
		}
		wantHandshakes(t, srv, 9, 6)
	})
}

// TestDovecotResumesTheTLSSession uses one process for all log-ins, as large sites do: with a process for each
// connection, Dovecot's default, the processes do not know each other's sessions.
func TestDovecotResumesTheTLSSession(t *testing.T) {
	t.Parallel()
	srv := dovecottest.Start(t, dovecottest.Options{
		Extra: "service pop3-login {\n  service_count = 0\n  process_limit = 1\n}\n",
	})
	for _, security := range []mailbox.Security{mailbox.SslOnConnect, mailbox.StartTLS} {
		a := (&dovecot{t, srv, security}).account("helpdesk")
		a.TLSSessions = &mailbox.TLSSessions{}
		pollOnce(t, a)
		s := open(t, a)
		if state, ok := s.TLS(); !ok || !state.DidResume || len(state.PeerCertificates) == 0 {
			t.Errorf("%s: the second session resumes nothing", security)
		}
		if _, err := s.List(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Quit(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestADovecotThatDoesNotResumeIsPolledAllTheSame(t *testing.T) {
	t.Parallel()
	srv := dovecottest.Start(t, dovecottest.Options{})
	a := (&dovecot{t, srv, mailbox.SslOnConnect}).account("helpdesk")
	a.TLSSessions = &mailbox.TLSSessions{}
	for range 3 {
		pollOnce(t, a)
	}
}
