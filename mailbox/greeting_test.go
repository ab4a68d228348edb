package mailbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestAPortForImplicitTLSIsRecognisedQuickly makes the most common mistake: client and server wait for each other.
func TestAPortForImplicitTLSIsRecognisedQuickly(t *testing.T) {
	t.Parallel()
	for _, security := range []mailbox.Security{mailbox.None, mailbox.StartTLS} {
		for name, o := range map[string]pop3test.Options{
			"": {}, " of another name": {Certificate: pop3test.Certificate{Names: []string{"mail.old.example"}}},
		} {
			t.Run(string(security)+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := o
					o.TLS, o.NoListener = pop3test.ImplicitTLS, true
					srv := pop3test.Run(t, o)
					defer srv.Close()
					a := account(srv, "helpdesk", security)
					a.Roots, a.Dial, a.GreetingPatience = nil, srv.Dial, time.Second
					started := time.Now()
					_, err := mailbox.Open(t.Context(), a)
					if took := time.Since(started); took != time.Second {
						t.Errorf("it took %v", took)
					}
					if !errors.Is(err, mailbox.ErrTLS) || !mailbox.IsPermanentForMailbox(err) || !mailbox.SessionBroken(err) ||
						!strings.Contains(mailbox.Hint(err), "SslOnConnect") || strings.Contains(err.Error(), "deadline") {
						t.Errorf("%v, hint %q", err, mailbox.Hint(err))
					}
					if log := srv.Log(); len(log) != 0 {
						t.Errorf("sent were %q", log)
					}
				})
			})
		}
	}
}

// TestASlowServerIsNotTakenForOneWithImplicitTLS: its greeting comes after the session has tried TLS.
func TestASlowServerIsNotTakenForOneWithImplicitTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		second script // the server of the second connection
	}{
		{"that is as slow on the second connection", script{}},
		{"that greets on the second connection", goodScript()},
		{"that refuses a second connection", goodScript().with("greeting", "-ERR too many connections\r\n"+hangUp)},
		{"that drops a second connection", goodScript().with("greeting", hangUp)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, h := goodScript().account()
				a.GreetingPatience = 0
				first := &late{script: goodScript(), after: 30 * time.Second, h: h}
				second := &late{script: tt.second, h: &heard{ended: make(chan struct{})}}
				var dials atomic.Int32
				a.Dial = func(context.Context, string, string) (net.Conn, error) {
					if dials.Add(1) == 1 {
						return first.dial(), nil
					}
					return second.dial(), nil
				}
				started := time.Now()
				messages, err := walk(t.Context(), a)
				if err != nil || len(messages) != 2 || dials.Load() != 2 {
					t.Errorf("%d messages over %d connections, %v", len(messages), dials.Load(), err)
				}
				if took := time.Since(started); took != 30*time.Second {
					t.Errorf("it took %v", took)
				}
				<-h.ended
				<-second.h.ended
			})
		})
	}
}

// late is a server that greets late.
type late struct {
	script script
	after  time.Duration
	h      *heard
}

// dial connects to the server.
func (l *late) dial() net.Conn {
	client, server := pop3test.Pipe()
	go func() {
		<-time.After(l.after)
		l.script.serve(server, l.h)
	}()
	return client
}

func TestAServerThatGreetsInTimeGetsOneConnection(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	a := account(srv, "helpdesk", mailbox.None)
	srv.Add("helpdesk", mail(1))
	dials := 0
	a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return srv.Dial(ctx, network, address)
	}
	if _, err := walk(t.Context(), a); err != nil || dials != 1 {
		t.Errorf("%d connections, %v", dials, err)
	}
}

// TestUTF8IsEnabledBeforeLogIn: the command belongs to the AUTHORIZATION state (RFC 6856 §2), after TLS.
func TestUTF8IsEnabledBeforeLogIn(t *testing.T) {
	t.Parallel()
	offering := goodScript().with("CAPA", "+OK\r\nUTF8 USER\r\nUIDL\r\nUSER\r\n.\r\n")
	for _, tt := range []struct {
		name   string
		script script
		sent   string // a part of the commands sent
	}{
		{"where it is offered", offering.with("UTF8", "+OK\r\n"), "CAPA\nUTF8\nUSER"},
		{"where it is offered and refused", offering.with("UTF8", "-ERR\r\n"), "CAPA\nUTF8\nUSER"},
		{"not where it is not offered", goodScript(), "CAPA\nUSER"},
		{"not where there is no CAPA", goodScript().with("CAPA", "-ERR\r\n"), "CAPA\nUSER"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, h := tt.script.account()
			messages, err := walk(t.Context(), a)
			if err != nil || len(messages) != 2 || !strings.Contains(h.commands(), tt.sent) {
				t.Errorf("%d messages, %v\n%s", len(messages), err, h.commands())
			}
		})
	}
}

func TestAMessageThatNeedsUTF8GivesAHint(t *testing.T) {
	t.Parallel()
	s, items := goodScript().with("RETR 1", "-ERR [UTF8] needs UTF8\r\n").listed(t)
	_, err := s.Retrieve(t.Context(), items[0])
	if !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) || !strings.Contains(mailbox.Hint(err), "RFC 6856") {
		t.Errorf("%v, hint %q", err, mailbox.Hint(err))
	}
}
