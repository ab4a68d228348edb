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

// When and how long a server that does not greet is asked whether it speaks TLS.
const (
	defaultPatience = 700 * time.Millisecond
	maxTLSQuestion  = 3 * time.Second
)

// errImplicitTLS says that the client waits for a greeting and the server for the ClientHello.
var errImplicitTLS = fmt.Errorf("%w: the port speaks TLS from the first octet (RFC 8314 §3.3)", ErrTLS)

// greeting waits for the server's first line. On a port that speaks TLS from the first octet none comes, as the server
// waits too; when the greeting is late a second connection finds that out.
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

// suspectTLS asks the server whether it speaks TLS once the greeting is late, and gives up the connection that waits for
// it when the server does. The first connection goes on waiting otherwise: many servers are slow to greet. end ends the
// question, and reports whether TLS was the answer.
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

// speaksTLS reports whether the server answers a ClientHello on a connection of its own. Neither certificate nor version
// matters, and nothing else is sent.
func (a Account) speaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(maxTLSQuestion, a.StepTimeout))
	defer cancel()
	conn, err := a.Dial(ctx, "tcp", a.dialAddress())
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // the answer is had
	err = tls.Client(conn, &tls.Config{
		ServerName:         a.tlsName(),
		InsecureSkipVerify: true,             //nolint:gosec // nothing is sent, only the kind of the answer counts
		MinVersion:         tls.VersionTLS10, //nolint:gosec // likewise
	}).HandshakeContext(ctx)
	var op *net.OpError
	return err == nil || errors.As(err, &op) && op.Op == "remote error" // an alert of the server's
}
