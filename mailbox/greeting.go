package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/knadh/go-pop3"
)

// When the session tries TLS with a server that does not greet, and for how long.
const (
	defaultPatience = 700 * time.Millisecond
	maxTLSQuestion  = 3 * time.Second
)

// errImplicitTLS says that the client waited for a greeting while the server waited for a ClientHello.
var errImplicitTLS = fmt.Errorf("%w: the port speaks TLS from the first octet (RFC 8314 §3.3)", ErrTLS)

// greeting waits for the server's first line. A port that expects TLS from the first octet sends none, as the server
// waits too; when the greeting is late, a second connection checks for that.
func (s *Session) greeting(ctx context.Context) error {
	end := func() bool { return false }
	if s.account.Security != SslOnConnect {
		end = s.suspectTLS(ctx)
	}
	err := s.command(ctx, "greeting", expectation{}, func() (err error) {
		s.pop, err = pop3.New(pop3.Opt{Dialer: dialer{s.conn}}).NewConn()
		return err
	})
	if end() && err != nil {
		return s.failure("greeting", errImplicitTLS)
	}
	return err
}

// suspectTLS checks whether the server speaks TLS once the greeting is late. If it does, suspectTLS closes the
// connection that waits for the greeting; otherwise that one goes on waiting, as many servers are slow to greet. end
// stops the check and reports whether the server speaks TLS.
func (s *Session) suspectTLS(ctx context.Context) (end func() bool) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var found atomic.Bool
	go func() {
		defer close(done)
		timer := time.NewTimer(s.account.GreetingPatience)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if s.account.speaksTLS(ctx) {
			found.Store(true)
			s.conn.close()
		}
	}()
	return func() bool {
		cancel()
		<-done
		return found.Load()
	}
}

// speaksTLS reports whether the server answers a ClientHello on a second connection. Neither certificate nor version
// matters, and nothing else is sent.
func (a Account) speaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(maxTLSQuestion, a.StepTimeout))
	defer cancel()
	conn, err := a.Dial(ctx, "tcp", a.dialAddress())
	if err != nil {
		return false
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{
		ServerName:         a.tlsName(),
		InsecureSkipVerify: true, // nothing secret is sent: only whether the server answers in TLS counts
		MinVersion:         tls.VersionTLS10,
	}).HandshakeContext(ctx)
	var op *net.OpError
	return err == nil || errors.As(err, &op) && op.Op == "remote error" // the server sent a TLS alert
}
