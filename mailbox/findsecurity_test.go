package mailbox_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

func TestFindSecurityTellsWhatAServerWants(t *testing.T) {
	t.Parallel()
	real := dovecottest.Start(t, dovecottest.Options{})
	fake := func(o pop3test.Options) func(*testing.T) (string, int, mailbox.FindOptions) {
		return func(t *testing.T) (string, int, mailbox.FindOptions) {
			srv := pop3test.Run(t, o)
			return srv.Host(), srv.Port(), mailbox.FindOptions{Roots: srv.Roots(), StepTimeout: stepTimeout}
		}
	}
	dovecot := func(port int) func(*testing.T) (string, int, mailbox.FindOptions) {
		return func(*testing.T) (string, int, mailbox.FindOptions) {
			return real.Host, port, mailbox.FindOptions{Roots: real.Roots(), StepTimeout: stepTimeout}
		}
	}
	for _, tt := range []struct {
		name   string
		server func(*testing.T) (string, int, mailbox.FindOptions)
		want   mailbox.Security
	}{
		{"TLS from the first octet", fake(pop3test.Options{TLS: pop3test.ImplicitTLS}), mailbox.SslOnConnect},
		{"STLS", fake(pop3test.Options{TLS: pop3test.STLS}), mailbox.StartTLS},
		{"no TLS", fake(pop3test.Options{}), mailbox.None},
		{"STLS that CAPA does not list, as there is no CAPA", fake(pop3test.Options{TLS: pop3test.STLS, NoCAPA: true}), mailbox.StartTLS},
		{"neither CAPA nor STLS", fake(pop3test.Options{NoCAPA: true}), mailbox.None},
		{"STLS with a version of TLS that no session accepts", fake(pop3test.Options{TLS: pop3test.STLS, MaxTLS: tls.VersionTLS11}), mailbox.None},
		{"Dovecot on its port for TLS", dovecot(real.TLSPort), mailbox.SslOnConnect},
		{"Dovecot on its other port", dovecot(real.Port), mailbox.StartTLS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, port, o := tt.server(t)
			found, err := mailbox.FindSecurity(t.Context(), server, port, o)
			if err != nil || found.Security != tt.want || found.Untrusted != nil {
				t.Errorf("found %+v, %v; want %s", found, err, tt.want)
			}
			if (found.WithoutTLS != nil) != (tt.want == mailbox.None) {
				t.Errorf("no TLS because of %v", found.WithoutTLS)
			}
		})
	}
}

func TestFindSecuritySendsNoCredentials(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
	if _, err := mailbox.FindSecurity(t.Context(), srv.Host(), srv.Port(), mailbox.FindOptions{StepTimeout: stepTimeout}); err != nil {
		t.Fatal(err)
	}
	for _, command := range srv.Log() {
		if slices.Contains([]string{"USER", "PASS", "AUTH", "APOP"}, strings.ToUpper(strings.Fields(command + " -")[0])) {
			t.Errorf("sent %q", command)
		}
	}
}

func TestFindSecurityTellsOfACertificateThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	elsewhere := pop3test.Certificate{Names: []string{"mail.old.example"}}
	past := pop3test.Certificate{NotBefore: -48 * time.Hour, NotAfter: -24 * time.Hour}
	for _, tt := range []struct {
		name        string
		mode        pop3test.TLSMode
		certificate pop3test.Certificate
		trusted     bool // its issuer
		want        mailbox.Security
		hint        string
	}{
		{"of an issuer unknown here", pop3test.ImplicitTLS, pop3test.Certificate{}, false, mailbox.SslOnConnect, "TrustedCertificate"},
		{"of an issuer unknown here, after STLS", pop3test.STLS, pop3test.Certificate{}, false, mailbox.StartTLS, "TrustedCertificate"},
		{"for another name", pop3test.ImplicitTLS, elsewhere, true, mailbox.SslOnConnect, "mail.old.example"},
		{"that has expired", pop3test.STLS, past, true, mailbox.StartTLS, "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{TLS: tt.mode, Certificate: tt.certificate})
			o := mailbox.FindOptions{StepTimeout: stepTimeout}
			if tt.trusted {
				o.Roots = srv.Roots()
			}
			found, err := mailbox.FindSecurity(t.Context(), srv.Host(), srv.Port(), o)
			if err != nil || found.Security != tt.want {
				t.Fatalf("found %+v, %v", found, err)
			}
			if !errors.Is(found.Untrusted, mailbox.ErrCertificate) || !strings.Contains(mailbox.Hint(found.Untrusted), tt.hint) {
				t.Errorf("not trusted because of %v, hint %q", found.Untrusted, mailbox.Hint(found.Untrusted))
			}
		})
	}
}

func TestFindSecurityFindsNothing(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	addressOf := func(s *httptest.Server) *net.TCPAddr { return s.Listener.Addr().(*net.TCPAddr) }
	for _, tt := range []struct {
		name string
		step time.Duration
		port func(*testing.T) int
		want []error // one of them
	}{
		{"at a port where nobody listens", stepTimeout, func(t *testing.T) int { return dovecottest.ClosedPort(t) }, []error{mailbox.ErrUnreachable}},
		{"at a web server", time.Second, func(t *testing.T) int {
			s := httptest.NewServer(page)
			t.Cleanup(s.Close)
			return addressOf(s).Port
		}, []error{mailbox.ErrTimeout, mailbox.ErrConnection}},
		{"at a web server with TLS", time.Second, func(t *testing.T) int {
			s := httptest.NewTLSServer(page)
			t.Cleanup(s.Close)
			return addressOf(s).Port
		}, []error{mailbox.ErrTimeout, mailbox.ErrConnection}},
		{"at a server that greets with HTML", stepTimeout, func(t *testing.T) int {
			srv := pop3test.Run(t, pop3test.Options{})
			srv.At("greeting").Reply("<html><body>Welcome</body></html>")
			return srv.Port()
		}, []error{mailbox.ErrProtocol}},
		{"at a server whose TLS is too old", stepTimeout, func(t *testing.T) int {
			return pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS, MaxTLS: tls.VersionTLS11}).Port()
		}, []error{mailbox.ErrTLS}},
		{"at a server that breaks off the STLS that it offers", stepTimeout, func(t *testing.T) int {
			srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
			srv.At("STLS").Drop()
			return srv.Port()
		}, []error{mailbox.ErrConnection}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, err := mailbox.FindSecurity(t.Context(), "127.0.0.1", tt.port(t), mailbox.FindOptions{StepTimeout: tt.step})
			if found.Security != "" || !isOneOf(err, tt.want) {
				t.Errorf("found %+v, %v", found, err)
			}
			if mailbox.Hint(err) == "" {
				t.Error("there is no hint")
			}
		})
	}
}

// isOneOf reports whether err has one of the classes.
func isOneOf(err error, classes []error) bool {
	for _, class := range classes {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

func TestFindSecurityEndsWhenAServerNeverAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, step string
		mode       pop3test.TLSMode
	}{
		{"the handshake", "connect", pop3test.ImplicitTLS},
		{"the greeting within TLS", "greeting", pop3test.ImplicitTLS},
		{"the greeting", "greeting", pop3test.NoTLS},
		{"CAPA", "CAPA", pop3test.NoTLS},
		{"STLS", "STLS", pop3test.STLS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pop3test.Run(t, pop3test.Options{NoListener: true, TLS: tt.mode})
				srv.At(tt.step).Stall()
				began := time.Now()
				found, err := mailbox.FindSecurity(t.Context(), "mail.example.com", 110, mailbox.FindOptions{Dial: srv.Dial})
				if found.Security != "" || !errors.Is(err, mailbox.ErrTimeout) {
					t.Errorf("found %+v, %v", found, err)
				}
				if took := time.Since(began); took > 50*time.Second {
					t.Errorf("it took %s of the bubble's time", took)
				}
			})
		})
	}
	t.Run("a connection that never comes about", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			began := time.Now()
			_, err := mailbox.FindSecurity(t.Context(), "mail.example.com", 110, mailbox.FindOptions{Dial: silent})
			if took := time.Since(began); !errors.Is(err, mailbox.ErrUnreachable) || took > 50*time.Second {
				t.Errorf("%v after %s", err, took)
			}
		})
	})
	t.Run("a handshake after STLS", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			silent := goodScript().with("CAPA", "+OK\r\nSTLS\r\n.\r\n").with("STLS", "+OK\r\n")
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				a, _ := silent.account()
				return a.Dial(ctx, network, address)
			}
			_, err := mailbox.FindSecurity(t.Context(), "mail.example.com", 110, mailbox.FindOptions{Dial: dial})
			if !errors.Is(err, mailbox.ErrTimeout) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestFindSecurityEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := pop3test.Run(t, pop3test.Options{})
	srv.At("greeting").Call(cancel)
	srv.At("greeting").Stall()
	if _, err := mailbox.FindSecurity(ctx, srv.Host(), srv.Port(), mailbox.FindOptions{StepTimeout: stepTimeout}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFindSecurityRefusesWhatIsNoServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server string
		port   int
	}{{"", 110}, {"mail example", 110}, {"mail.example.com", 0}, {"mail.example.com", 70000}} {
		if _, err := mailbox.FindSecurity(t.Context(), tt.server, tt.port, mailbox.FindOptions{}); !errors.Is(err, mailbox.ErrAccount) {
			t.Errorf("%q, %d: %v", tt.server, tt.port, err)
		}
	}
}
