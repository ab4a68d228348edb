package mailbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	past := pop3test.Certificate{NotBefore: -48 * time.Hour, NotAfter: -24 * time.Hour}
	future := pop3test.Certificate{NotBefore: 24 * time.Hour, NotAfter: 48 * time.Hour}
	elsewhere := pop3test.Certificate{Names: []string{"mail.old.example"}}
	tests := []struct {
		name        string
		certificate pop3test.Certificate
		newest      uint16
		change      func(*mailbox.Account)
		want        error
		hint        string // a part of the hint
	}{
		{name: "a certificate of one's own authority is accepted"},
		{name: "a certificate for another name is refused", certificate: elsewhere,
			want: mailbox.ErrCertificate, hint: "for mail.old.example"},
		{name: "the name that counts is that of the account", certificate: elsewhere,
			change: func(a *mailbox.Account) { a.Server = "mail.old.example" }},
		{name: "a certificate that expired is refused", certificate: past,
			want: mailbox.ErrCertificate, hint: "expired on"},
		{name: "a certificate that is not valid yet is refused", certificate: future,
			want: mailbox.ErrCertificate, hint: "not valid before"},
		{name: "a certificate of an unknown authority is refused",
			change: func(a *mailbox.Account) { a.Roots = x509.NewCertPool() },
			want:   mailbox.ErrCertificate, hint: "TrustedCertificate"},
		{name: "a certificate that the system does not know is refused",
			change: func(a *mailbox.Account) { a.Roots = nil },
			want:   mailbox.ErrCertificate, hint: "TrustedCertificate"},
		{name: "TLS 1.1 is refused", newest: tls.VersionTLS11, want: mailbox.ErrTLS, hint: "1.2"},
		{name: "TLS 1.2 is accepted", newest: tls.VersionTLS12},
	}
	modes := []struct {
		security mailbox.Security
		server   pop3test.TLSMode
	}{{mailbox.StartTLS, pop3test.STLS}, {mailbox.SslOnConnect, pop3test.ImplicitTLS}}
	for _, mode := range modes {
		for _, tt := range tests {
			t.Run(string(mode.security)+": "+tt.name, func(t *testing.T) {
				t.Parallel()
				srv := pop3test.Run(t, pop3test.Options{TLS: mode.server, Certificate: tt.certificate, MaxTLS: tt.newest})
				srv.Add("helpdesk", mail(1))
				a := account(srv, "helpdesk", mode.security)
				a.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, srv.Addr())
				}
				if tt.change != nil {
					tt.change(&a)
				}
				messages, err := walk(t.Context(), a)
				if tt.want == nil {
					if err != nil || len(messages) != 1 {
						t.Errorf("%d messages, %v", len(messages), err)
					}
					return
				}
				if !errors.Is(err, tt.want) || !mailbox.IsPermanentForMailbox(err) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if hint := mailbox.Hint(err); !strings.Contains(hint, tt.hint) {
					t.Errorf("the hint is %q", hint)
				}
				if log := strings.Join(srv.Log(), "\n"); strings.Contains(log, "USER") {
					t.Errorf("credentials were sent: %s", log)
				}
			})
		}
	}
}

func TestNoCredentialsAreSentWithoutTheConfiguredTLS(t *testing.T) {
	t.Parallel()
	offering := goodScript().with("CAPA", "+OK\r\nSTLS\r\nUIDL\r\n.\r\n")
	for _, tt := range []struct {
		name   string
		script script
		want   error
	}{
		{"a server that does not offer STLS", goodScript(), mailbox.ErrTLSRefused},
		{"a server without CAPA and STLS",
			goodScript().with("CAPA", "-ERR what?\r\n").with("STLS", "-ERR what?\r\n"), mailbox.ErrTLSRefused},
		{"a server that offers and refuses STLS", offering.with("STLS", "-ERR not now\r\n"), mailbox.ErrTLSRefused},
		{"plain text after the consent", offering.with("STLS", "+OK\r\n+OK injected\r\n"), mailbox.ErrProtocol},
		{"plain text and no TLS after the consent", offering.with("STLS", "+OK\r\n").with("\x16", "+OK\r\n"), nil},
		{"a connection that ends with the consent", offering.with("STLS", "+OK\r\n"+hangUp), mailbox.ErrConnection},
		{"an offer that an attacker removed from CAPA", goodScript().with("STLS", "+OK\r\n"), mailbox.ErrTLSRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, h := tt.script.account()
				a.Security = mailbox.StartTLS
				_, err := mailbox.Open(t.Context(), a)
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !isClassified(err) || !mailbox.SessionBroken(err) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if strings.Contains(h.commands(), "USER") || strings.Contains(h.commands(), secret) {
					t.Errorf("credentials were sent: %s", h.commands())
				}
				<-h.ended
			})
		})
	}
}

func TestCapabilitiesFromBeforeTLSAreDiscarded(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
	srv.Add("helpdesk", mail(1))
	s := open(t, account(srv, "helpdesk", mailbox.StartTLS))
	if _, err := s.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"CAPA", "STLS", "CAPA", "USER helpdesk", "PASS ***", "STAT", "CAPA", "LIST", "UIDL"}
	if log := srv.Log(); !slices.Equal(log, want) {
		t.Errorf("sent %q, want %q", log, want)
	}
	if s.Capabilities().Has("STLS") {
		t.Error("the capabilities are those from before TLS")
	}
}

func TestTheWrongKindOfTLSGivesAHint(t *testing.T) {
	t.Parallel()
	t.Run("SslOnConnect to a server that speaks plain text", func(t *testing.T) {
		t.Parallel()
		srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
		_, err := mailbox.Open(t.Context(), account(srv, "helpdesk", mailbox.SslOnConnect))
		if !errors.Is(err, mailbox.ErrTLS) || !strings.Contains(mailbox.Hint(err), "StartTLS") {
			t.Errorf("%v, hint %q", err, mailbox.Hint(err))
		}
	})
	t.Run("None to port 995", func(t *testing.T) {
		t.Parallel()
		a, _ := script{}.account()
		a.Port, a.StepTimeout = 995, 50*time.Millisecond
		_, err := mailbox.Open(t.Context(), a)
		if !errors.Is(err, mailbox.ErrTimeout) || !strings.Contains(mailbox.Hint(err), "SslOnConnect") {
			t.Errorf("%v, hint %q", err, mailbox.Hint(err))
		}
	})
}
