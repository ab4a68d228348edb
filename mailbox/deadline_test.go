package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// stepTimeout is the deadline of the tests whose clock is synctest's.
const stepTimeout = time.Minute

// steps are all steps of a session with two messages over STLS, as pop3test names them.
var steps = []string{
	"greeting", "CAPA", "STLS", "USER helpdesk", "PASS", "STAT", "LIST", "UIDL",
	"RETR 1", "DELE 1", "RETR 2", "DELE 2", "QUIT",
}

// pipe starts a server of two messages without a socket, for a synctest bubble, and an account on it.
func pipe(t *testing.T, o pop3test.Options, security mailbox.Security) (*pop3test.Server, mailbox.Account) {
	o.NoListener = true
	srv := pop3test.Run(t, o)
	for n := range 2 {
		srv.Add("helpdesk", mail(n))
	}
	a := account(srv, "helpdesk", security)
	a.Dial, a.StepTimeout = srv.Dial, stepTimeout
	return srv, a
}

// drain reads and deletes all messages as a poll does; the messages are what it read before an error.
func drain(ctx context.Context, a mailbox.Account) (messages [][]byte, err error) {
	s, err := mailbox.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer s.Close() //nolint:errcheck // it is always nil
	items, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		spool, err := s.Retrieve(ctx, it)
		if err != nil {
			return messages, err
		}
		b := make([]byte, spool.Size())
		_, err = spool.ReadAt(b, 0)
		if err := errors.Join(err, spool.Close()); err != nil {
			return messages, err
		}
		messages = append(messages, b)
		if err := s.Delete(ctx, it); err != nil {
			return messages, err
		}
	}
	return messages, s.Quit(ctx)
}

// TestSilentServer has the server fall silent at each step.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, a := pipe(t, pop3test.Options{TLS: pop3test.STLS}, mailbox.StartTLS)
				srv.At(step).Stall()
				start := time.Now()
				_, err := drain(t.Context(), a)
				if !errors.Is(err, mailbox.ErrTimeout) || !mailbox.IsTransient(err) || !mailbox.SessionBroken(err) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != stepTimeout {
					t.Errorf("it took %v", took)
				}
				if n := srv.Count("helpdesk"); n != 2 {
					t.Errorf("%d messages are left", n)
				}
			})
		})
	}
}

// TestSilentHandshake has the server fall silent before TLS.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, a := pipe(t, pop3test.Options{TLS: pop3test.ImplicitTLS}, mailbox.SslOnConnect)
		srv.At("connect").Stall()
		if _, err := drain(t.Context(), a); !errors.Is(err, mailbox.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	})
}

// TestSilentNetwork has the connection never come about.
func TestSilentNetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, a := pipe(t, pop3test.Options{}, mailbox.None)
		a.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		start := time.Now()
		_, err := drain(t.Context(), a)
		if !errors.Is(err, mailbox.ErrUnreachable) || time.Since(start) != stepTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestCancel cancels the context while the server is silent at each step.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, a := pipe(t, pop3test.Options{TLS: pop3test.STLS}, mailbox.StartTLS)
				ctx, cancel := context.WithCancel(t.Context())
				srv.At(step).Call(cancel)
				srv.At(step).Stall()
				start := time.Now()
				_, err := drain(ctx, a)
				if !errors.Is(err, context.Canceled) || !mailbox.IsTransient(err) || mailbox.Hint(err) != "" {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// TestCancelledBefore has the context end before anything is sent: the session goes on with another one.
func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", mail(1))
	s := open(t, account(srv, "helpdesk", mailbox.None))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.List(over); !errors.Is(err, context.Canceled) || mailbox.SessionBroken(err) {
		t.Errorf("List: %v", err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestClosedByAnother closes the session from another goroutine while it waits.
func TestClosedByAnother(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", mail(1))
	s := open(t, account(srv, "helpdesk", mailbox.None))
	srv.At("STAT").Call(func() { _ = s.Close() })
	srv.At("STAT").Stall()
	if _, err := s.List(t.Context()); !errors.Is(err, mailbox.ErrConnection) || !mailbox.SessionBroken(err) {
		t.Errorf("List: %v", err)
	}
}

// TestSlowServer has the server send an octet a second, without end: neither a status line, nor a listing, nor a
// message may last.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, step, start string }{
		{"a status line", "STAT", "+OK 2 "},
		{"a listing", "LIST", "+OK\r\n"},
		{"a message", "RETR 1", "+OK\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, a := pipe(t, pop3test.Options{}, mailbox.None)
				srv.At(tt.step).Garbage(fmt.Appendf(nil, "%s%01000000d", tt.start, 0))
				a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := srv.Dial(ctx, network, address)
					return &slowConn{Conn: conn, context: t.Context(), after: tt.step}, err
				}
				start := time.Now()
				_, err := drain(t.Context(), a)
				if !errors.Is(err, mailbox.ErrTimeout) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took < stepTimeout || took > 2*stepTimeout {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// TestSlowLine has a message come at a bearable rate, for many times the deadline of a step.
func TestSlowLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, a := pipe(t, pop3test.Options{}, mailbox.None)
		big := bigMail(1000 * 4096)
		srv.Add("slow", big)
		a.UserName = "slow"
		a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := srv.Dial(ctx, network, address)
			return &slowConn{Conn: conn, context: t.Context(), octets: 4096}, err
		}
		start := time.Now()
		messages, err := drain(t.Context(), a)
		if err != nil || len(messages) != 1 || string(messages[0]) != string(big) {
			t.Errorf("%d messages, %v", len(messages), err)
		}
		if took := time.Since(start); took < 10*stepTimeout {
			t.Errorf("it took only %v", took)
		}
	})
}
