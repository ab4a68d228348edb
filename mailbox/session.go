package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/knadh/go-pop3"
)

// Session is one RFC 1939 session. Only one goroutine at a time may use it; Close may be called by any.
type Session struct {
	account      Account // with its defaults
	conn         *connection
	pop          *pop3.Conn
	capabilities Capabilities
	token        string // the access token, "" when the password is used
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

// authorize takes the session through the AUTHORIZATION state.
func (s *Session) authorize(ctx context.Context) error {
	steps := []func(context.Context) error{
		s.fetchToken, s.connect, s.greeting, s.AskCapabilities, s.startTLS, s.enableUTF8, s.logIn,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connect opens the connection and, for SslOnConnect, starts TLS on it.
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

// secure starts TLS on the connection and verifies the server's certificate.
func (s *Session) secure(ctx context.Context) error {
	return s.run(ctx, "TLS", func() error {
		return s.conn.startTLS(s.account.tlsConfig())
	})
}

// dialer gives go-pop3 an open connection, so that go-pop3's own address and TLS settings do not matter.
type dialer struct{ conn net.Conn }

// Dial implements pop3.Dialer.
func (d dialer) Dial(string, string) (net.Conn, error) { return d.conn, nil }

// startTLS sends STLS when the account is configured for it. A server that has CAPA must list STLS there; a server
// without CAPA gets the command all the same.
func (s *Session) startTLS(ctx context.Context) error {
	if s.account.Security != StartTLS {
		return nil
	}
	if err := s.sendSTLS(ctx); err != nil {
		return err
	}
	if err := s.secure(ctx); err != nil {
		return err
	}
	return s.AskCapabilities(ctx) // RFC 2595 §4: capabilities listed before TLS must be discarded
}

// sendSTLS asks the server to start TLS.
func (s *Session) sendSTLS(ctx context.Context) error {
	if s.capabilities != nil && !s.capabilities.Has("STLS") {
		return s.failure("STLS", ErrTLSRefused)
	}
	return s.command(ctx, "STLS", expectation{}, func() error { return discard(s.pop.Cmd("STLS", false)) })
}

// enableUTF8 enables UTF-8 mode where the server offers it: without it, the server would refuse a message with UTF-8 in
// its header. The command belongs to the AUTHORIZATION state, after STLS (RFC 6856 §2). ASCII messages are the same in
// both modes, and a refusal leaves the session as it is.
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

// Close drops the connection without QUIT, so that the server deletes nothing. It may be called twice and after Quit;
// its error is always nil.
func (s *Session) Close() error {
	if s.conn != nil {
		s.conn.close()
	}
	s.closeSpools()
	return nil
}

// TLS returns the state of the TLS connection, with the server's certificates, and false when there is no TLS.
func (s *Session) TLS() (*tls.ConnectionState, bool) {
	if s.conn == nil {
		return nil, false // the connection did not come about
	}
	t, ok := s.conn.stream.(*tls.Conn)
	if !ok {
		return nil, false
	}
	state := t.ConnectionState()
	return &state, true
}

// CertificateExpires returns when the server's own certificate ends, the zero time without TLS. A session that was resumed
// has the certificate of the full handshake before it, which is at most resumptionTime old.
func (s *Session) CertificateExpires() time.Time {
	state, ok := s.TLS()
	if !ok || len(state.PeerCertificates) == 0 {
		return time.Time{}
	}
	return state.PeerCertificates[0].NotAfter
}

// Capabilities returns the server's capabilities, nil when it has no CAPA. Those that depend on the user (RFC 2449 §3) are
// known after a List that found messages, or after AskCapabilities.
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

// run runs one step and turns its error into an *Error. A refusal leaves the session open; every other error of the
// step closes it.
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

// discard ignores the result of a go-pop3 call.
func discard(_ any, err error) error { return err }
