package smtp_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
)

const password = "pass word é"

// accountOf returns an account at a server, with a user whose password it knows.
func accountOf(srv *smtptest.Server, security mailbox.Security) smtp.Account {
	srv.SetPassword("desk", password)
	return smtp.Account{
		Server: "127.0.0.1", Port: srv.Port(), Security: security, UserName: "desk", Password: password, Roots: srv.Roots(),
		From: smtp.Address{Name: "Service Desk", Address: "desk@example.com"},
	}
}

// reply returns a message.
func reply() smtp.Message {
	return smtp.Message{
		MessageID: "<1@example.com>", To: smtp.Address{Name: "Ann", Address: "ann@example.org"},
		Subject: "[Incident] 4711 received", Text: "Good morning\n", Date: time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC),
		AutoSubmitted: smtp.AutoReplied,
	}
}

// mustOpen opens a session that ends with the test.
func mustOpen(t *testing.T, a smtp.Account) *smtp.Session {
	t.Helper()
	s, err := smtp.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// token returns a source of one token.
func token(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

func TestASessionLogsInAndSendsSeveralMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("t", 2500) // a token is far longer than a command line may be
	for _, test := range []struct {
		name     string
		options  smtptest.Options
		security mailbox.Security
		change   func(*smtp.Account)
		want     []string // of the log, up to the first MAIL
		user     string
	}{
		{"without TLS", smtptest.Options{}, mailbox.None, nil, []string{"EHLO", "AUTH PLAIN …"}, "desk"},
		{
			"STARTTLS", smtptest.Options{TLS: smtptest.StartTLS}, mailbox.StartTLS, nil,
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH PLAIN …"}, "desk",
		},
		{"TLS from the first octet", smtptest.Options{TLS: smtptest.ImplicitTLS}, mailbox.SslOnConnect, nil, []string{"EHLO", "AUTH PLAIN …"}, "desk"},
		{
			"LOGIN where there is no PLAIN", smtptest.Options{TLS: smtptest.StartTLS, Mechanisms: []string{"LOGIN", "XOAUTH2"}}, mailbox.StartTLS, nil,
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH LOGIN"}, "desk",
		},
		{
			"an access token", smtptest.Options{TLS: smtptest.StartTLS, Mechanisms: []string{"LOGIN", "XOAUTH2"}}, mailbox.StartTLS,
			func(a *smtp.Account) { a.Password, a.Token = "", token("short") },
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH XOAUTH2 …"}, "desk",
		},
		{
			"a long access token", smtptest.Options{TLS: smtptest.StartTLS, Mechanisms: []string{"XOAUTH2"}}, mailbox.StartTLS,
			func(a *smtp.Account) { a.Password, a.Token = "", token(long) },
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH XOAUTH2"}, "desk",
		},
		{
			"no log-in", smtptest.Options{NoAUTH: true}, mailbox.None,
			func(a *smtp.Account) { a.UserName, a.Password = "", "" },
			[]string{"EHLO"}, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, test.options)
			account := accountOf(srv, test.security)
			if test.change != nil {
				test.change(&account)
			}
			if account.Token != nil {
				text, _ := account.Token(t.Context())
				srv.SetToken("desk", text)
			}
			s := mustOpen(t, account)
			for range 3 {
				if err := s.Send(t.Context(), reply()); err != nil {
					t.Fatal(err)
				}
			}
			if (s.TLS() != nil) != (test.security != mailbox.None) {
				t.Errorf("TLS %v with %s", s.TLS() != nil, test.security)
			}
			s.Close(t.Context())
			var before []string
			for _, line := range srv.Log() {
				if verb, _, _ := strings.Cut(line, " "); verb == "MAIL" {
					break
				} else if verb == "EHLO" {
					line = verb
				}
				before = append(before, line)
			}
			if !slices.Equal(before, test.want) {
				t.Errorf("the client said %q, want %q", before, test.want)
			}
			if log := srv.Log(); log[len(log)-1] != "QUIT" {
				t.Errorf("the last command is %q, want QUIT", log[len(log)-1])
			}
			got := srv.Messages()
			if len(got) != 3 || srv.Sessions() != 1 {
				t.Fatalf("%d messages in %d sessions, want 3 in 1", len(got), srv.Sessions())
			}
			if m := got[2]; m.User != test.user || m.From != "desk@example.com" || m.To != "ann@example.org" {
				t.Errorf("sent by %q from %q to %q", m.User, m.From, m.To)
			}
		})
	}
}

func TestOpenSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	tls := smtptest.Options{TLS: smtptest.StartTLS}
	for _, test := range []struct {
		name     string
		options  smtptest.Options
		security mailbox.Security
		change   func(*smtp.Account)
		fault    func(*smtptest.Server)
		class    error
		hint     string
	}{
		{
			"the server offers no STARTTLS", smtptest.Options{}, mailbox.StartTLS, nil, nil,
			mailbox.ErrTLSRefused, "the server does not offer STARTTLS, and nothing is sent without TLS",
		},
		{
			"the server refuses STARTTLS", tls, mailbox.StartTLS, nil,
			func(s *smtptest.Server) { s.At("STARTTLS").Reply("502 5.5.1 no") },
			mailbox.ErrTLSRefused, "set SecureSocketOption in <Smtp> to SslOnConnect",
		},
		{
			"TLS where plain text is spoken", smtptest.Options{}, mailbox.SslOnConnect, nil, nil,
			mailbox.ErrTLS, "set SecureSocketOption in <Smtp> to StartTLS",
		},
		{
			"a certificate of an unknown authority", tls, mailbox.StartTLS, func(a *smtp.Account) { a.Roots = nil }, nil,
			mailbox.ErrCertificate, "put the issuer's certificate into the file that TrustedCertificate names",
		},
		{
			"a certificate for another name", smtptest.Options{TLS: smtptest.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"smtp.example.com"}}},
			mailbox.SslOnConnect, nil, nil, mailbox.ErrCertificate, "the certificate is for smtp.example.com; set ServerName",
		},
		{
			"a certificate that has expired", smtptest.Options{TLS: smtptest.StartTLS, Certificate: pop3test.Certificate{NotAfter: -time.Minute}},
			mailbox.StartTLS, nil, nil, mailbox.ErrCertificate, "renew it on the mail server",
		},
		{
			"a wrong password", tls, mailbox.StartTLS, func(a *smtp.Account) { a.Password = "wrong" }, nil,
			mailbox.ErrCredentials, "check UserName and Password in <Smtp>",
		},
		{
			"a refused token", smtptest.Options{TLS: smtptest.StartTLS, Mechanisms: []string{"XOAUTH2"}}, mailbox.StartTLS,
			func(a *smtp.Account) { a.Password, a.Token = "", token("wrong") }, nil,
			mailbox.ErrCredentials, "SMTP.Send or SMTP.SendAsApp",
		},
		{
			"a server without XOAUTH2", tls, mailbox.StartTLS,
			func(a *smtp.Account) { a.Password, a.Token = "", token("right") }, nil,
			mailbox.ErrMechanism, "does not accept access tokens",
		},
		{
			"no token", tls, mailbox.StartTLS, func(a *smtp.Account) {
				a.Token = func(context.Context) (string, error) { return "", mailbox.ErrNotAuthorized }
			}, nil, mailbox.ErrNotAuthorized, "mailbox authorize",
		},
		{
			"a token in clear to another machine", tls, mailbox.None, func(a *smtp.Account) {
				a.Server, a.Token = "smtp.example.com", token("right")
			}, nil, mailbox.ErrAccount, "others on the network could read the access token",
		},
		{
			"a password where the server wants TLS first", tls, mailbox.None, nil, nil,
			mailbox.ErrMechanism, "set SecureSocketOption in <Smtp> to StartTLS",
		},
		{
			"Basic authentication is disabled", tls, mailbox.StartTLS, nil,
			func(s *smtptest.Server) {
				s.At("AUTH").Reply("550 5.7.30 Basic authentication is not supported for Client Submission")
			},
			mailbox.ErrCredentials, "Exchange Online has ended Basic authentication",
		},
		{
			"Basic authentication is disabled for the mailbox", tls, mailbox.StartTLS, nil,
			func(s *smtptest.Server) {
				s.At("AUTH").Reply("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox")
			},
			mailbox.ErrCredentials, "Set-CASMailbox -SmtpClientAuthenticationDisabled $false",
		},
		{
			"the log-in is refused for the time being", tls, mailbox.StartTLS, nil,
			func(s *smtptest.Server) { s.At("AUTH").Reply("454 4.7.0 Temporary authentication failure") },
			smtp.ErrTemporary, "try again later",
		},
		{
			"the server is busy", smtptest.Options{}, mailbox.None, nil,
			func(s *smtptest.Server) { s.At("greeting").Reply("421 4.3.2 too many connections") },
			smtp.ErrTemporary, "try again later",
		},
		{
			"the server refuses this machine", smtptest.Options{}, mailbox.None, nil,
			func(s *smtptest.Server) { s.At("greeting").Reply("554 5.7.1 no service for you") },
			mailbox.ErrServerDefect, "does not accept mail from this machine",
		},
		{
			"the server does not speak SMTP", smtptest.Options{}, mailbox.None, nil,
			func(s *smtptest.Server) { s.At("greeting").Reply("+OK POP3 ready") },
			mailbox.ErrProtocol, "is not an SMTP server; check ServerName and Port in <Smtp>",
		},
		{
			"the server cuts the connection", smtptest.Options{}, mailbox.None, nil,
			func(s *smtptest.Server) { s.At("EHLO").Drop(); s.At("HELO").Drop() },
			mailbox.ErrConnection, "closed the connection",
		},
		{
			"the server does not end its answer", smtptest.Options{}, mailbox.None, nil,
			func(s *smtptest.Server) { s.At("EHLO").Reply(strings.Repeat("250-more\r\n", 40_000)) },
			mailbox.ErrProtocol, "",
		},
		{
			"a port where nobody listens", smtptest.Options{}, mailbox.None, nil, (*smtptest.Server).Close,
			mailbox.ErrUnreachable, "no program listens at",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, test.options)
			account := accountOf(srv, test.security)
			if test.change != nil {
				test.change(&account)
			}
			if test.fault != nil {
				test.fault(srv)
			}
			s, err := smtp.Open(t.Context(), account)
			if err == nil {
				s.Close(t.Context())
				t.Fatal("no error")
			}
			if !errors.Is(err, test.class) {
				t.Errorf("%v is not %v", err, test.class)
			}
			if hint := mailbox.Hint(err); !strings.Contains(hint, test.hint) || test.hint == "" != (hint == "") && test.hint != "" {
				t.Errorf("%v\nhint %q, want %q", err, hint, test.hint)
			}
			if smtp.IsMessageFault(err) || !smtp.SessionBroken(err) {
				t.Errorf("%v: a fault of a message, or a session that goes on", err)
			}
			for _, line := range srv.Log() {
				if strings.HasPrefix(line, "AUTH") && test.security != mailbox.None && !slices.Contains(srv.Log(), "STARTTLS") &&
					test.options.TLS != smtptest.ImplicitTLS {
					t.Errorf("credentials were sent in clear: %q", srv.Log())
				}
			}
		})
	}
}

// timed is the connection of a client whose time for a step has passed when the test says so.
type timed struct {
	net.Conn
	mu     sync.Mutex
	passed bool
}

// dial connects, as the Dial of an account.
func (c *timed) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Conn = conn
	if c.passed {
		err = conn.SetDeadline(time.Unix(1, 0))
	}
	return c, err
}

// pass lets the time of this step pass, and of all later ones.
func (c *timed) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed = true
	if c.Conn != nil {
		_ = c.Conn.SetDeadline(time.Unix(1, 0)) // it fails when the connection has ended
	}
}

// SetDeadline implements net.Conn.
func (c *timed) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.passed {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

func TestOpenEndsWhenTheServerIsSilent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, step string
		options    smtptest.Options
		security   mailbox.Security
		hint       string
	}{
		{
			"since it waits for TLS itself", "connect", smtptest.Options{TLS: smtptest.ImplicitTLS}, mailbox.StartTLS,
			"set SecureSocketOption in <Smtp> to SslOnConnect",
		},
		{"at a command", "AUTH", smtptest.Options{}, mailbox.None, "the mail waits"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, test.options)
			account, conn := accountOf(srv, test.security), &timed{}
			account.Dial, account.StepTimeout = conn.dial, time.Hour
			srv.At(test.step).Call(conn.pass)
			if test.options.TLS != smtptest.ImplicitTLS {
				srv.At(test.step).Stall()
			}
			_, err := smtp.Open(t.Context(), account)
			if !errors.Is(err, mailbox.ErrTimeout) || smtp.IsMessageFault(err) || !smtp.SessionBroken(err) {
				t.Errorf("%v is not a time-out of the session", err)
			}
			if hint := mailbox.Hint(err); !strings.Contains(hint, test.hint) {
				t.Errorf("%v\nhint %q, want %q", err, hint, test.hint)
			}
		})
	}
}

func TestARefusedTokenIsForgotten(t *testing.T) {
	t.Parallel()
	srv := smtptest.Run(t, smtptest.Options{Mechanisms: []string{"XOAUTH2"}})
	account := accountOf(srv, mailbox.None)
	forgotten := 0
	account.Password, account.Token, account.TokenRefused = "", token("old"), func() { forgotten++ }
	if _, err := smtp.Open(t.Context(), account); !errors.Is(err, mailbox.ErrCredentials) {
		t.Error(err)
	}
	if forgotten != 1 {
		t.Errorf("the token was forgotten %d times", forgotten)
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{password, "AGRlc2sAcGFzcyB3b3JkIMOp"} { // the second: what PLAIN sends
		srv := smtptest.Run(t, smtptest.Options{})
		srv.At("AUTH").Reply("535 5.7.8 I do not know " + secret + " \x1b[31m")
		_, err := smtp.Open(t.Context(), accountOf(srv, mailbox.None))
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%v", err)
		}
	}
}

func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()
	srv := smtptest.Run(t, smtptest.Options{TLS: smtptest.StartTLS})
	shown, err := smtp.Check(t.Context(), accountOf(srv, mailbox.StartTLS))
	if err != nil || shown.TLS == nil || len(shown.TLS.PeerCertificates) == 0 || !slices.Contains(shown.Mechanisms, "PLAIN") {
		t.Fatalf("%+v, %v", shown, err)
	}
	log := srv.Log()
	if want := []string{"MAIL FROM:<desk@example.com> BODY=8BITMIME", "RSET", "QUIT"}; !slices.Equal(log[len(log)-3:], want) {
		t.Errorf("%q, want %q", log, want)
	}
	if len(srv.Messages()) != 0 {
		t.Error("a message was sent")
	}
	srv.At("MAIL").Reply("550 5.7.60 SMTP; Client does not have permissions to send as this sender")
	if _, err = smtp.Check(t.Context(), accountOf(srv, mailbox.StartTLS)); !errors.Is(err, smtp.ErrSenderRefused) ||
		!strings.Contains(mailbox.Hint(err), "SendAs") {
		t.Errorf("%v; %s", err, mailbox.Hint(err))
	}
}

func TestASessionWithAServerThatNeverAnswersEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"connect", "greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, smtptest.Options{TLS: smtptest.StartTLS})
			ctx, cancel := context.WithCancel(t.Context())
			srv.At(step).Call(cancel)
			srv.At(step).Stall()
			s, err := smtp.Open(ctx, accountOf(srv, mailbox.StartTLS))
			if err == nil {
				err = s.Send(ctx, reply())
				s.Close(t.Context())
			}
			if !errors.Is(err, context.Canceled) || mailbox.Hint(err) != "" {
				t.Errorf("%v; %s", err, mailbox.Hint(err))
			}
			if len(srv.Messages()) != 0 {
				t.Error("a message was taken over")
			}
		})
	}
}

func TestANameWithNonASCIILettersIsLookedUpInItsASCIIForm(t *testing.T) {
	t.Parallel()
	srv := smtptest.Run(t, smtptest.Options{TLS: smtptest.StartTLS, Certificate: pop3test.Certificate{Names: []string{"xn--bcher-kva.example"}}})
	account := accountOf(srv, mailbox.StartTLS)
	account.Server = "bücher.example"
	var dialled string
	account.Dial = dialTo(srv.Address(), &dialled)
	mustOpen(t, account)
	if !strings.HasPrefix(dialled, "xn--bcher-kva.example:") {
		t.Errorf("dialled %s", dialled)
	}
}
