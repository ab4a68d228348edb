package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"

	client "github.com/wneessen/go-mail/smtp"

	"mailintegration/mailbox"
)

// Session is one connection to a server, on which several messages are sent. Only one goroutine at a time may use it.
type Session struct {
	account Account // with its defaults
	conn    *connection
	stream  net.Conn // conn, or the TLS over it from the first octet
	client  *client.Client
	token   string // the access token, "" when the password is used
	broken  bool
}

// Open connects to the account's server and logs in. It closes the connection on any error.
func Open(ctx context.Context, a Account) (*Session, error) {
	s, err := begin(ctx, a)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// begin does what Open does, and returns the session also where a step failed.
func begin(ctx context.Context, a Account) (*Session, error) {
	s := &Session{account: a.withDefaults()}
	if err := s.account.check(); err != nil {
		return s, s.breaking(s.failure("open", err, false))
	}
	for _, step := range []func(context.Context) error{s.fetchToken, s.connect, s.secure, s.greeting, s.hello, s.startTLS, s.logIn} {
		if err := step(ctx); err != nil {
			return s, s.breaking(err)
		}
	}
	return s, nil
}

// Check logs in, says MAIL FROM with the account's address and RSET, and sends nothing. It returns what the server has
// shown, also where a step failed.
func Check(ctx context.Context, a Account) (Shown, error) {
	s, err := begin(ctx, a)
	if err == nil {
		defer s.Close(ctx)
		err = s.tryFrom(ctx)
	}
	return s.shown(), err
}

// tryFrom finds out whether the server accepts mail from the account's address.
func (s *Session) tryFrom(ctx context.Context) error {
	from, err := mailPath(s.account.From.Address)
	if err != nil {
		return s.failure("MAIL", fmt.Errorf("%w: %w", ErrNoSender, err), false)
	}
	if err := s.mailFrom(ctx, from, false); err != nil {
		return err
	}
	return s.reset(ctx)
}

// Shown holds the properties that a server has shown.
type Shown struct {
	TLS        *tls.ConnectionState // with the server's certificates; nil without TLS
	Mechanisms []string             // with which one can log in, as the server announced them
}

// shown returns what the server has shown until now.
func (s *Session) shown() Shown {
	shown := Shown{TLS: s.TLS()}
	if t, is := s.stream.(*tls.Conn); is && shown.TLS == nil {
		if state := t.ConnectionState(); state.HandshakeComplete {
			shown.TLS = &state
		}
	}
	if s.offers("AUTH") {
		_, list := s.client.Extension("AUTH")
		shown.Mechanisms = strings.Fields(mailbox.Presentable(list))
	}
	return shown
}

// breaking closes the connection and marks err as the session's last.
func (s *Session) breaking(err error) error {
	s.broken = true
	if s.conn != nil {
		_ = s.conn.Close()
	}
	var e *Error
	if errors.As(err, &e) {
		e.broken = true
	}
	return err
}

// connect opens the connection.
func (s *Session) connect(ctx context.Context) error {
	dialing, cancel := context.WithTimeoutCause(ctx, s.account.StepTimeout, mailbox.ErrTimeout)
	defer cancel()
	conn, err := s.account.Dial(dialing, "tcp", net.JoinHostPort(s.account.host(), fmt.Sprint(s.account.Port)))
	if err != nil {
		if ctx.Err() != nil {
			return s.failure("connect", ctx.Err(), false)
		}
		return s.failure("connect", fmt.Errorf("%w: %w", mailbox.ErrUnreachable, err), false)
	}
	s.conn = &connection{Conn: conn}
	s.stream = s.conn
	return nil
}

// secure starts TLS at once where the account is configured for it.
func (s *Session) secure(ctx context.Context) error {
	if s.account.Security != mailbox.SslOnConnect {
		return nil
	}
	return s.step(ctx, "TLS", s.account.StepTimeout, func() error {
		stream := tls.Client(s.conn, s.tlsConfig())
		if err := stream.Handshake(); err != nil {
			return err
		}
		s.stream = stream
		return nil
	})
}

// tlsConfig returns the settings of a handshake.
func (s *Session) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.account.tlsName(), RootCAs: s.account.Roots, MinVersion: tls.VersionTLS12}
}

// greeting reads the server's first line.
func (s *Session) greeting(ctx context.Context) error {
	return s.step(ctx, "greeting", s.account.StepTimeout, func() (err error) {
		s.client, err = client.NewClient(s.stream, s.account.tlsName())
		return err
	})
}

// hello says EHLO, or HELO where the server does not know that.
func (s *Session) hello(ctx context.Context) error {
	return s.step(ctx, "EHLO", s.account.StepTimeout, func() error { return s.client.Hello(s.localName()) })
}

// localName returns the name with which the session introduces itself: this machine's, if it is a full one, else its
// address (RFC 5321 §4.1.1.1).
func (s *Session) localName() string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && !strings.ContainsAny(name, "\r\n \x00") {
		if ascii, err := mailbox.ASCIIHost(name); err == nil {
			return ascii
		}
	}
	host, _, err := net.SplitHostPort(s.conn.LocalAddr().String())
	ip := net.ParseIP(host)
	switch {
	case err != nil || ip == nil:
		return "[127.0.0.1]"
	case ip.To4() == nil:
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// startTLS starts TLS by STARTTLS when the account is configured for it. Capabilities that were announced before TLS are
// forgotten (RFC 3207 §4.2), and so is text that somebody injected behind the server's consent.
func (s *Session) startTLS(ctx context.Context) error {
	if s.account.Security != mailbox.StartTLS {
		return nil
	}
	if !s.offers("STARTTLS") {
		return s.failure("STARTTLS", errTLSRefused, false)
	}
	return s.step(ctx, "STARTTLS", s.account.StepTimeout, func() error { return s.client.StartTLS(s.tlsConfig()) })
}

// offers reports whether the server announced an extension.
func (s *Session) offers(extension string) bool {
	if s.client == nil {
		return false
	}
	offered, _ := s.client.Extension(extension)
	return offered
}

// TLS returns the state of the TLS connection, with the server's certificates; nil without TLS.
func (s *Session) TLS() *tls.ConnectionState {
	if s.client == nil {
		return nil
	}
	state, err := s.client.GetTLSConnectionState()
	if err != nil {
		return nil
	}
	return state
}

// reset ends the mail transaction that is under way (RFC 5321 §4.1.1.5).
func (s *Session) reset(ctx context.Context) error {
	return s.step(ctx, "RSET", s.account.StepTimeout, s.client.Reset)
}

// quitPatience is how long Close waits for the answer to QUIT: every message is safe by then.
const quitPatience = 5 * time.Second

// Close says QUIT and closes the connection. It may be called twice, and after an error.
func (s *Session) Close(ctx context.Context) {
	if !s.broken {
		_ = s.step(ctx, "QUIT", min(quitPatience, s.account.StepTimeout), s.client.Quit) // nothing depends on it
	}
	s.broken = true
	_ = s.conn.Close()
}

// step runs f, which sends one command and reads its answer, and turns its error into an *Error. A refusal leaves the
// session open, unless the server says that it closes the connection; every other error closes it. If ctx ends first,
// step closes the connection.
func (s *Session) step(ctx context.Context, op string, timeout time.Duration, f func() error) error {
	if s.broken {
		return s.breaking(s.failure(op, mailbox.ErrClosed, false))
	}
	if err := ctx.Err(); err != nil {
		return s.failure(op, err, false)
	}
	conn := s.conn
	if err := conn.restart(timeout); err != nil {
		return s.breaking(s.failure(op, err, false))
	}
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		_ = conn.Close()
	})
	err := f()
	if !stop() {
		<-cut
		return s.breaking(s.failure(op, ctx.Err(), false))
	}
	var answer *textproto.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return s.breaking(s.failure(op, err, op == "TLS" || op == "STARTTLS"))
	}
	refusal := s.refusal(op, answer)
	if refusal.broken || errors.Is(refusal, errProtocol) {
		return s.breaking(refusal)
	}
	return refusal
}
