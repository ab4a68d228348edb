package mailbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

func TestANonASCIIHostNameIsDialledInItsALabelForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ server, dialled string }{
		{"pöst.example", "xn--pst-sna.example:110"},
		{"PÖST.example", "xn--pst-sna.example:110"},
		{"メール.example", "xn--4dkua4c.example:110"},
		{"mail_1.example", "mail_1.example:110"},
	} {
		t.Run(tt.server, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.Server = tt.server
			a.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
				if address != tt.dialled {
					t.Errorf("dialled %q", address)
				}
				return nil, errors.New("not now")
			}
			if _, err := mailbox.Open(t.Context(), a); !strings.Contains(err.Error(), tt.server) {
				t.Errorf("the error does not name the server as the account does: %v", err)
			}
		})
	}
}

func TestACertificateForANonASCIIHostNameIsAccepted(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{
		TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"xn--pst-sna.example"}},
	})
	a := account(srv, "helpdesk", mailbox.SslOnConnect)
	a.Server, a.Dial = "pöst.example", srv.Dial
	srv.Add("helpdesk", mail(1))
	if messages, err := walk(t.Context(), a); err != nil || len(messages) != 1 {
		t.Errorf("%d messages, %v", len(messages), err)
	}
}

func TestACertificateWithoutNamesGivesAHint(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{}}})
	_, err := mailbox.Open(t.Context(), account(srv, "helpdesk", mailbox.SslOnConnect))
	if hint := mailbox.Hint(err); !errors.Is(err, mailbox.ErrCertificate) ||
		!strings.Contains(hint, "subjectAltName") || !strings.Contains(hint, "have it reissued for 127.0.0.1") {
		t.Errorf("%v, hint %q", err, hint)
	}
}

// TestATokenIsNotSentInPlainText: anybody who reads a token can read the mailbox.
func TestATokenIsNotSentInPlainText(t *testing.T) {
	t.Parallel()
	for server, refused := range map[string]bool{
		"mail.example.com": true, "192.0.2.1": true, "localhost.example": true, "fe80::1%eth0": true,
		"localhost": false, "127.0.0.1": false, "127.9.9.9": false, "::1": false, "[::1]": false,
	} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.Server = server
			asked, dialled := false, false
			a.Token = func(context.Context) (string, error) { asked = true; return "t0ken", nil }
			a.Dial = func(context.Context, string, string) (net.Conn, error) {
				dialled = true
				return nil, errors.New("not now")
			}
			_, err := mailbox.Open(t.Context(), a)
			if refused && (!errors.Is(err, mailbox.ErrAccount) || asked || !strings.Contains(mailbox.Hint(err), "SecureSocketOption")) {
				t.Errorf("got %v, hint %q, asked for the token: %t", err, mailbox.Hint(err), asked)
			}
			if dialled == refused {
				t.Errorf("dialled: %t", dialled)
			}
			a.Security = mailbox.StartTLS
			if _, err := mailbox.Open(t.Context(), a); errors.Is(err, mailbox.ErrAccount) {
				t.Errorf("with TLS: %v", err)
			}
		})
	}
}
