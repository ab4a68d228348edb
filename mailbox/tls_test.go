package mailbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestTLS has TLS fail in every way; each ends in its class, with a hint that says what to do, and no password is
// ever sent.
func TestTLS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		options  pop3test.Options
		security mailbox.Security
		change   func(*mailbox.Account, *pop3test.Server)
		class    error
		hint     string
	}{
		{
			name:     "STLS is not in CAPA",
			options:  pop3test.Options{TLS: pop3test.STLS, Without: []string{"STLS"}},
			security: mailbox.StartTLS, class: mailbox.ErrTLSRefused,
			hint: "the server does not offer STLS; use SslOnConnect with port 995",
		},
		{
			name:    "STLS is refused by a server without CAPA",
			options: pop3test.Options{NoCAPA: true}, security: mailbox.StartTLS, class: mailbox.ErrTLSRefused,
			hint: "the server does not offer STLS; use SslOnConnect with port 995",
		},
		{
			name:     "STLS is in CAPA but refused",
			options:  pop3test.Options{TLS: pop3test.STLS},
			security: mailbox.StartTLS, class: mailbox.ErrTLSRefused,
			change: func(_ *mailbox.Account, srv *pop3test.Server) { srv.At("STLS").Reply("-ERR [SYS/TEMP] not now") },
			hint:   "the server does not offer STLS; use SslOnConnect with port 995",
		},
		{
			name:     "plain text follows the consent to STLS",
			options:  pop3test.Options{TLS: pop3test.STLS},
			security: mailbox.StartTLS, class: mailbox.ErrProtocol,
			change: func(_ *mailbox.Account, srv *pop3test.Server) {
				srv.At("STLS").Garbage([]byte("+OK begin\r\n+OK injected\r\n"))
			},
			hint: "the server's answers make no sense as POP3",
		},
		{
			name:     "the certificate is for another name",
			options:  pop3test.Options{TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"mail.old.example"}}},
			security: mailbox.SslOnConnect, class: mailbox.ErrCertificate,
			hint: "the certificate is for mail.old.example; set ServerName to that name or renew it",
		},
		{
			name:     "the certificate is for another name, over STLS",
			options:  pop3test.Options{TLS: pop3test.STLS, Certificate: pop3test.Certificate{Names: []string{"mail.old.example"}}},
			security: mailbox.StartTLS, class: mailbox.ErrCertificate,
			hint: "the certificate is for mail.old.example; set ServerName to that name or renew it",
		},
		{
			name:     "the certificate has expired",
			options:  pop3test.Options{TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{NotAfter: -time.Minute}},
			security: mailbox.SslOnConnect, class: mailbox.ErrCertificate,
			hint: "the certificate expired on " + time.Now().UTC().Format("2006"),
		},
		{
			name:     "the certificate is not valid yet",
			options:  pop3test.Options{TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{NotBefore: 10 * time.Hour}},
			security: mailbox.SslOnConnect, class: mailbox.ErrCertificate,
			hint: "check this machine's clock",
		},
		{
			name:     "the certificate's issuer is not known",
			options:  pop3test.Options{TLS: pop3test.ImplicitTLS},
			security: mailbox.SslOnConnect, class: mailbox.ErrCertificate,
			change: func(a *mailbox.Account, _ *pop3test.Server) { a.Roots = x509.NewCertPool() },
			hint:   "TrustedCertificate",
		},
		{
			name:     "the server knows only TLS 1.1",
			options:  pop3test.Options{TLS: pop3test.STLS, MaxTLS: tls.VersionTLS11},
			security: mailbox.StartTLS, class: mailbox.ErrTLS,
			hint: "update it",
		},
		{
			name:    "the port does not begin with TLS",
			options: pop3test.Options{}, security: mailbox.SslOnConnect, class: mailbox.ErrTLS,
			hint: "use StartTLS (usually port 110), or the port for TLS (usually 995)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, tt.options)
			srv.Add("helpdesk", mail(1))
			a := account(srv, "helpdesk", tt.security)
			if tt.change != nil {
				tt.change(&a, srv)
			}
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, tt.class) {
				t.Errorf("Open: %v", err)
			}
			if permanent := tt.class != mailbox.ErrProtocol; mailbox.IsPermanentForMailbox(err) != permanent {
				t.Errorf("it is not told whether waiting helps: %v", err)
			}
			if hint := mailbox.Hint(err); !strings.Contains(hint, tt.hint) {
				t.Errorf("the hint is %q", hint)
			}
			if log := srv.Log(); slices.ContainsFunc(log, func(c string) bool { return c != "CAPA" && c != "STLS" }) {
				t.Errorf("the server was sent %q", log)
			}
		})
	}
}

// TestPlainTextToTLSPort waits for a greeting on a port where the server waits for TLS.
func TestPlainTextToTLSPort(t *testing.T) {
	t.Parallel()
	for _, port := range []int{110, 995} {
		synctest.Test(t, func(t *testing.T) {
			_, a := pipe(t, pop3test.Options{TLS: pop3test.ImplicitTLS}, mailbox.None)
			a.Port = port
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, mailbox.ErrTimeout) || !strings.Contains(mailbox.Hint(err), "SslOnConnect") {
				t.Errorf("Open: %v (%s)", err, mailbox.Hint(err))
			}
		})
	}
}

// TestCapabilitiesAfterTLS forgets what the server said before TLS (RFC 2595 §4).
func TestCapabilitiesAfterTLS(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
	srv.Add("helpdesk", mail(1))
	srv.At("CAPA").Times(1).Garbage([]byte("+OK\r\nSTLS\r\nX-EVIL\r\n.\r\n"))
	s := open(t, account(srv, "helpdesk", mailbox.StartTLS))
	if c := s.Capabilities(); c.Has("X-EVIL") || !c.Has("UIDL") || c.Has("STLS") {
		t.Errorf("the capabilities are %v", c)
	}
}

// TestTLSState shows what was agreed on.
func TestTLSState(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
	srv.Add("helpdesk", mail(1))
	if _, ok := open(t, account(srv, "helpdesk", mailbox.None)).TLS(); ok {
		t.Error("there is TLS without TLS")
	}
	srv.Add("other", mail(1))
	state, ok := open(t, account(srv, "other", mailbox.StartTLS)).TLS()
	if !ok || state.Version < tls.VersionTLS12 || state.PeerCertificates[0].NotAfter.Before(time.Now()) {
		t.Errorf("%v, %+v", ok, state)
	}
}
