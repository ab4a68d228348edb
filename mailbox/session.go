package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/knadh/go-pop3"
)

// Session is one RFC 1939 session. It is used by one goroutine at a time; only Close may be called by others.
type Session struct {
	account      Account // with its defaults
	conn         *connection
	pop          *pop3.Conn
	capabilities Capabilities
	token        string // the access token, "" when the password counts
	listed       int    // messages of the maildrop, as STAT said
	requests
}

// Open connects to the account's server and logs in. It closes the connection on any error.
func Open(ctx context.Context, a Account) (*Session, error) {
	a = a.withDefaults()
	s := &Session{account: a}
	if err := a.check(); err != nil {
		return nil, s.failure("open", err)
	}
	if err := s.authorize(ctx); err != nil {
		_ = s.Close()
		return nil, markBroken(err)
	}
	return s, nil
}

// authorize goes through the AUTHORIZATION state.
func (s *Session) authorize(ctx context.Context) error {
	steps := []func(context.Context) error{
		s.fetchToken, s.connect, s.greeting, s.askCapabilities, s.startTLS, s.enableUTF8, s.logIn,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if s.capabilities == nil || s.isPipelining() { // List asks together with what it needs to know besides
		return nil
	}
	return s.askCapabilities(ctx) // RFC 2449 §3: they may differ once the user is known
}

// connect makes the connection and, for SslOnConnect, TLS over it.
func (s *Session) connect(ctx context.Context) error {
	dialing, cancel := context.WithTimeoutCause(ctx, s.account.StepTimeout, ErrTimeout)
	defer cancel()
	conn, err := s.account.Dial(dialing, "tcp", s.account.dialAddress())
	if err != nil {
		if ctx.Err() != nil {
			return s.failure("connect", ctx.Err())
		}
		return s.failure("connect", fmt.Errorf("%w: %w", ErrUnreachable, err))
	}
	s.conn = newConnection(conn, s.account.StepTimeout, s.secrets())
	if s.account.Security != SslOnConnect {
		return nil
	}
	return s.secure(ctx)
}

// secure puts TLS over the connection and verifies the server's certificate.
func (s *Session) secure(ctx context.Context) error {
	return s.run(ctx, "TLS", func() error {
		return s.conn.startTLS(&tls.Config{
			ServerName: s.account.tlsName(),
			RootCAs:    s.account.Roots,
			MinVersion: tls.VersionTLS12,
		})
	})
}

// dialer hands go-pop3 a connection that exists already, so that its own address and TLS do not matter.
type dialer struct{ conn net.Conn }

// Dial implements pop3.Dialer.
func (d dialer) Dial(string, string) (net.Conn, error) { return d.conn, nil }

// startTLS does STLS when it is asked for. A server that has CAPA must list it; one without CAPA is asked.
func (s *Session) startTLS(ctx context.Context) error {
	if s.account.Security != StartTLS {
		return nil
	}
	if s.capabilities != nil && !s.capabilities.Has("STLS") {
		return s.failure("STLS", ErrTLSRefused)
	}
	err := s.command(ctx, "STLS", expectation{}, func() error { return discard(s.pop.Cmd("STLS", false)) })
	if err != nil {
		return err
	}
	if err := s.secure(ctx); err != nil {
		return err
	}
	return s.askCapabilities(ctx) // RFC 2595 §4: what was learnt before TLS does not count
}

// enableUTF8 asks for UTF-8 mode where the server has it. A message with UTF-8 in its header would be refused without, and
// later is too late: the command belongs to the AUTHORIZATION state, behind STLS (RFC 6856 §2). ASCII messages are the
// same in both modes. A refusal leaves the session as it is.
func (s *Session) enableUTF8(ctx context.Context) error {
	if !s.capabilities.Has("UTF8") {
		return nil
	}
	err := s.command(ctx, "UTF8", expectation{}, func() error { return discard(s.pop.Cmd("UTF8", false)) })
	if err != nil && SessionBroken(err) {
		return err
	}
	return nil
}

// markBroken marks an error as the session's last, also when the server only refused a command.
func markBroken(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.broken = true
	}
	return err
}

// Close drops the connection without QUIT, so that nothing is deleted. It may be called twice and after Quit; its
// error is always nil.
func (s *Session) Close() error {
	if s.conn != nil {
		s.conn.close()
	}
	s.closeSpools()
	return nil
}

// TLS returns what was agreed on with the server, its certificates among it; false when there is no TLS.
func (s *Session) TLS() (*tls.ConnectionState, bool) {
	t, ok := s.conn.stream.(*tls.Conn)
	if !ok {
		return nil, false
	}
	state := t.ConnectionState()
	return &state, true
}

// Capabilities returns what the server said that it can do, nil when it has no CAPA. What depends on the user is known
// after List.
func (s *Session) Capabilities() Capabilities { return s.capabilities }

// command runs f, which sends one command and reads its reply.
func (s *Session) command(ctx context.Context, op string, e expectation, f func() error) error {
	return s.run(ctx, op, func() error {
		if err := s.conn.expect(e); err != nil {
			return err
		}
		return f()
	})
}

// run runs one step and turns its error into an *Error. A refusal leaves the session as it is; everything else
// closes it.
func (s *Session) run(ctx context.Context, op string, f func() error) error {
	if s.conn.isClosed() {
		return s.failure(op, ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		e := s.failure(op, err)
		e.broken = false
		return e
	}
	err := s.conn.step(ctx, f)
	switch {
	case err == nil:
		return nil
	case isContext(err) && ctx.Err() != nil:
		return s.failure(op, err)
	case s.conn.err == nil && !s.conn.last.ok:
		return s.refusal(op, s.conn.last)
	}
	s.conn.close()
	return s.failure(op, err)
}

// discard drops the result of a go-pop3 call.
func discard(_ any, err error) error { return err }
