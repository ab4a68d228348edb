package smtp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
)

// dialTo returns a Dial that connects to an address, whatever it is asked for, and notes what that was.
func dialTo(address string, asked *string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, wanted string) (net.Conn, error) {
		*asked = wanted
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

func TestARefusalHasAClassAndASession(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		step, answer string
		class        error
		ofMessage    bool // the next message may be sent all the same
		broken       bool
	}{
		{"MAIL", "421 4.3.2 shutting down", smtp.ErrTemporary, false, true},
		{"MAIL", "450 4.7.1 try later", smtp.ErrTemporary, true, false},
		{"MAIL", "451 4.4.62 mail sent to the wrong region", smtp.ErrTemporary, true, false},
		{"MAIL", "500 what?", smtp.ErrSenderRefused, false, false},
		{"MAIL", "530 5.7.57 Client not authenticated to send mail", mailbox.ErrCredentials, false, false},
		{"MAIL", "550 5.7.60 SendAsDenied", smtp.ErrSenderRefused, false, false},
		{"MAIL", "550 5.7.30 Basic authentication is not supported", mailbox.ErrCredentials, false, false},
		{"RCPT", "421 4.7.0 too many errors", smtp.ErrTemporary, false, true},
		{"RCPT", "450 4.2.0 greylisted", smtp.ErrTemporary, true, false},
		{"RCPT", "500 what?", smtp.ErrRecipient, true, false},
		{"RCPT", "550 5.1.1 no such user", smtp.ErrRecipient, true, false},
		{"RCPT", "552 5.2.2 mailbox full", smtp.ErrTemporary, true, false},
		{"RCPT", "554 5.7.1 <ann@example.org>: Relay access denied", smtp.ErrSenderRefused, false, false},
		{"RCPT", "550 5.7.30 Basic authentication is not supported", mailbox.ErrCredentials, false, false},
		{"DATA", "421 4.3.0 bye", smtp.ErrTemporary, false, true},
		{"DATA", "451 4.3.0 no space", smtp.ErrTemporary, true, false},
		{"DATA", "554 5.5.1 no valid recipients", smtp.ErrMessage, true, false},
		{".", "421 4.3.0 bye", smtp.ErrTemporary, false, true},
		{".", "450 4.7.0 scanning", smtp.ErrTemporary, true, false},
		{".", "500 what?", smtp.ErrMessage, true, false},
		{".", "554 5.6.0 content rejected", smtp.ErrMessage, true, false},
		{".", "554 5.2.252 SendAsDenied; desk@example.com not allowed to send as it@example.com", smtp.ErrSenderRefused, false, false},
		{".", "550 5.7.30 Basic authentication is not supported", mailbox.ErrCredentials, false, false},
		{".", "550 5.1.8 Access denied, bad outbound sender", smtp.ErrSenderRefused, false, false},
		{".", "299 hm", mailbox.ErrProtocol, false, true},
	} {
		t.Run(test.step+" "+test.answer, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, smtptest.Options{})
			srv.At(test.step).Times(1).Reply(test.answer)
			s := mustOpen(t, accountOf(srv, mailbox.None))
			err := s.Send(t.Context(), reply())
			if !errors.Is(err, test.class) || !strings.Contains(err.Error(), strings.Fields(test.answer)[0]) {
				t.Errorf("%v is not %v", err, test.class)
			}
			if smtp.IsOfMessage(err) != test.ofMessage || smtp.SessionBroken(err) != test.broken {
				t.Errorf("%v: of the message %v, broken %v", err, smtp.IsOfMessage(err), smtp.SessionBroken(err))
			}
			again := s.Send(t.Context(), reply())
			if test.broken != (again != nil) {
				t.Errorf("the next message: %v", again)
			}
			if want := 1; !test.broken && len(srv.Messages()) != want || test.broken && len(srv.Messages()) != 0 {
				t.Errorf("%d messages", len(srv.Messages()))
			}
		})
	}
}

func TestTheConnectionEndsDuringAMessage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault func(*smtptest.Server, *timed)
		class error
		taken int
	}{
		{"at MAIL", func(s *smtptest.Server, _ *timed) { s.At("MAIL").Drop() }, mailbox.ErrConnection, 0},
		{"at RCPT", func(s *smtptest.Server, _ *timed) { s.At("RCPT").Drop() }, mailbox.ErrConnection, 0},
		{"at DATA", func(s *smtptest.Server, _ *timed) { s.At("DATA").Drop() }, mailbox.ErrConnection, 0},
		{"at the end of the message", func(s *smtptest.Server, _ *timed) { s.At(".").Drop() }, mailbox.ErrConnection, 0},
		{"after the server took the message", func(s *smtptest.Server, _ *timed) { s.At(".").DropReply() }, mailbox.ErrConnection, 1},
		{"silence at MAIL", func(s *smtptest.Server, c *timed) { s.At("MAIL").Call(c.pass); s.At("MAIL").Stall() }, mailbox.ErrTimeout, 0},
		{"silence at the end of the message", func(s *smtptest.Server, c *timed) { s.At(".").Call(c.pass); s.At(".").Stall() }, mailbox.ErrTimeout, 0},
		{"silence at RSET", func(s *smtptest.Server, c *timed) {
			s.At("RCPT").Reply("550 5.1.1 no")
			s.At("RSET").Call(c.pass)
			s.At("RSET").Stall()
		}, smtp.ErrRecipient, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := smtptest.Run(t, smtptest.Options{})
			account, conn := accountOf(srv, mailbox.None), &timed{}
			account.Dial, account.StepTimeout = conn.dial, time.Hour
			test.fault(srv, conn)
			s := mustOpen(t, account)
			err := s.Send(t.Context(), reply())
			if !errors.Is(err, test.class) || !smtp.SessionBroken(err) {
				t.Errorf("%v, broken %v", err, smtp.SessionBroken(err))
			}
			if len(srv.Messages()) != test.taken {
				t.Errorf("the server took %d messages, want %d", len(srv.Messages()), test.taken)
			}
			if err := s.Send(t.Context(), reply()); !errors.Is(err, mailbox.ErrClosed) {
				t.Errorf("the next message: %v", err)
			}
		})
	}
}

func TestAnAddressThatCannotBeSentToIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	srv := smtptest.Run(t, smtptest.Options{})
	s := mustOpen(t, accountOf(srv, mailbox.None))
	for _, address := range []string{
		"", "ann", "ann@", "ann@example.org>\r\nRCPT TO:<eve@example.net", "ann@example.org\nDATA", "ann@example.org\x00", "Ann <ann@example.org>",
		"ann@example.org, eve@example.net", "ünal@example.org",
	} {
		m := reply()
		m.To.Address = address
		if err := s.Send(t.Context(), m); !errors.Is(err, smtp.ErrRecipient) || smtp.SessionBroken(err) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, line := range srv.Log() {
		if strings.HasPrefix(line, "RCPT") || strings.HasPrefix(line, "DATA") {
			t.Errorf("sent %q", line)
		}
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	t.Parallel()
	srv := smtptest.Run(t, smtptest.Options{SMTPUTF8: true})
	s := mustOpen(t, accountOf(srv, mailbox.None))
	for _, to := range []string{"ann@bücher.example", "ünal@example.org", `"ann b"@example.org`} {
		m := reply()
		m.To.Address = to
		if err := s.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	log := strings.Join(srv.Log(), "\n")
	for _, want := range []string{
		"MAIL FROM:<desk@example.com> BODY=8BITMIME\nRCPT TO:<ann@xn--bcher-kva.example>\n",
		"MAIL FROM:<desk@example.com> BODY=8BITMIME SMTPUTF8\nRCPT TO:<ünal@example.org>\n",
		"MAIL FROM:<desk@example.com> BODY=8BITMIME\nRCPT TO:<\"ann b\"@example.org>\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
}
