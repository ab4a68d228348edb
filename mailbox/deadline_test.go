package mailbox_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// commands are the steps of a session with goodScript, in order.
var commands = []string{
	"greeting", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "RETR 1", "DELE", "RETR 2", "QUIT",
}

// bothScripts returns the scripts of a server without PIPELINING and of one with it.
func bothScripts() map[string]script {
	return map[string]script{"": goodScript(), " of a pipeline": goodScript().pipelining()}
}

func TestASilentServerEndsTheStepInTime(t *testing.T) {
	t.Parallel()
	for what, good := range bothScripts() {
		for _, step := range commands {
			t.Run("at "+step+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a, h := good.without(step).account()
					a.StepTimeout = time.Minute
					started := time.Now()
					_, err := walk(t.Context(), a)
					if !errors.Is(err, mailbox.ErrTimeout) || !mailbox.IsTransient(err) || mailbox.Hint(err) == "" {
						t.Errorf("got %v, want ErrTimeout", err)
					}
					if took := time.Since(started); took != time.Minute {
						t.Errorf("it took %v", took)
					}
					<-h.ended
				})
			})
		}
	}
}

func TestAServerThatFallsSilentWithinAnAnswerEndsTheStepInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, step, answer string }{
		{"a status line", "USER", "+OK and th"},
		{"a listing", "LIST", "+OK\r\n1 20\r\n"},
		{"a line of a listing", "UIDL", "+OK\r\n1 a"},
		{"a message", "RETR 1", "+OK\r\nSubject: one\r\n"},
		{"the end of a message", "RETR 1", "+OK\r\nSubject: one\r\n."},
		{"an empty message", "RETR 2", "+OK\r\n"},
	} {
		t.Run("within "+tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, h := goodScript().with(tt.step, tt.answer).account()
				a.StepTimeout = time.Minute
				started := time.Now()
				_, err := walk(t.Context(), a)
				if took := time.Since(started); !errors.Is(err, mailbox.ErrTimeout) || took > 2*time.Minute {
					t.Errorf("got %v after %v, want ErrTimeout", err, took)
				}
				<-h.ended
			})
		})
	}
}

func TestACancelledContextEndsTheStepAtOnce(t *testing.T) {
	t.Parallel()
	for what, good := range bothScripts() {
		for _, step := range commands {
			t.Run("at "+step+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					a, h := good.without(step).account()
					a.StepTimeout = time.Minute
					time.AfterFunc(time.Second, cancel)
					started := time.Now()
					_, err := walk(ctx, a)
					if !errors.Is(err, context.Canceled) || !mailbox.SessionBroken(err) {
						t.Errorf("got %v, want context.Canceled", err)
					}
					if took := time.Since(started); took != time.Second {
						t.Errorf("it took %v", took)
					}
					<-h.ended
				})
			})
		}
	}
}

func TestTheContextsDeadlineEndsTheStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		a, h := goodScript().without("PASS").account()
		if _, err := walk(ctx, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		<-h.ended
	})
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	s, items := goodScript().listed(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Retrieve(ctx, items[0])
	if !errors.Is(err, context.Canceled) || mailbox.SessionBroken(err) {
		t.Errorf("Retrieve: %v", err)
	}
	spool, err := s.Retrieve(t.Context(), items[0])
	if err != nil {
		t.Fatalf("the session did not go on: %v", err)
	}
	octetsOf(t, spool)
}

func TestADialThatHangsEndsInTime(t *testing.T) {
	t.Parallel()
	for _, security := range []mailbox.Security{mailbox.None, mailbox.SslOnConnect} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _ := goodScript().account()
				a.Security, a.StepTimeout = security, time.Minute
				a.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				started := time.Now()
				_, err := mailbox.Open(t.Context(), a)
				if !errors.Is(err, mailbox.ErrUnreachable) || time.Since(started) != time.Minute {
					t.Errorf("%v after %v", err, time.Since(started))
				}
			})
		})
	}
}

// TestATLSHandshakeThatHangsEndsInTime uses a server that accepts the connection and sends nothing.
func TestATLSHandshakeThatHangsEndsInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		security mailbox.Security
		script   script
	}{
		{mailbox.SslOnConnect, script{}},
		{mailbox.StartTLS, goodScript().with("CAPA", "+OK\r\nSTLS\r\n.\r\n").with("STLS", "+OK\r\n")},
	} {
		t.Run(string(tt.security), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, h := tt.script.account()
				a.Security, a.StepTimeout = tt.security, time.Minute
				started := time.Now()
				_, err := mailbox.Open(t.Context(), a)
				if !errors.Is(err, mailbox.ErrTimeout) || time.Since(started) != time.Minute {
					t.Errorf("%v after %v", err, time.Since(started))
				}
				<-h.ended
			})
		})
	}
}

// TestAnOctetASecondIsTooSlow uses a server that would renew a mere silence deadline for ever.
func TestAnOctetASecondIsTooSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, ended := slowly(script{"greeting": "+OK\r\n"}, time.Second)
		a.StepTimeout = time.Minute
		started := time.Now()
		_, err := mailbox.Open(t.Context(), a)
		if took := time.Since(started); !errors.Is(err, mailbox.ErrTimeout) || took > 2*time.Minute {
			t.Errorf("got %v after %v, want ErrTimeout", err, took)
		}
		<-ended
	})
}

// TestASlowLineIsNotTooSlow uses a line as slow as a modem: the message takes longer than StepTimeout, but arrives.
func TestASlowLineIsNotTooSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		big := string(bigMail(1 << 20))
		s := goodScript().with("RETR 1", "+OK\r\n"+big+".\r\n")
		a, ended := slowly(s, time.Second/(16<<10))
		a.StepTimeout = 10 * time.Second
		started := time.Now()
		messages, err := walk(t.Context(), a)
		if err != nil || len(messages) != 2 {
			t.Errorf("%d messages, %v", len(messages), err)
		}
		if took := time.Since(started); took < 30*time.Second {
			t.Errorf("it took only %v: the test proves nothing", took)
		}
		<-ended
	})
}

// slowly returns an account on the script's server, over a line that takes the given time for each octet. If the script
// has nothing but a greeting, endless octets follow it.
func slowly(s script, octet time.Duration) (mailbox.Account, <-chan struct{}) {
	if len(s) == 1 {
		s = s.with("greeting", "+OK "+forEver)
	}
	a, h := s.account()
	a.Dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := pop3test.Pipe()
		go s.serve(&slowConn{server, octet}, h)
		return client, nil
	}
	return a, h.ended
}

// slowConn sends a thousand octets at once, or one if octets take long, and then waits for their time.
type slowConn struct {
	net.Conn
	octet time.Duration
}

// Write implements io.Writer.
func (c *slowConn) Write(p []byte) (n int, err error) {
	chunk := 1
	if c.octet < time.Millisecond {
		chunk = 1000
	}
	for len(p) > 0 && err == nil {
		var m int
		m, err = c.Conn.Write(p[:min(chunk, len(p))])
		n, p = n+m, p[m:]
		time.Sleep(time.Duration(m) * c.octet) // within a synctest bubble: takes no real time
	}
	return n, err
}
