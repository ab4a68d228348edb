package mailbox_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// canned is a connection to a server whose answers are fixed: the greeting, and one for each command.
type canned struct {
	net.Conn
	answers [][]byte
}

// Write implements net.Conn: a command calls for the next answer.
func (c *canned) Write(p []byte) (int, error) {
	c.answers = c.answers[min(1, len(c.answers)):]
	return len(p), nil
}

// Read implements net.Conn.
func (c *canned) Read(p []byte) (int, error) {
	if len(c.answers) == 0 || len(c.answers[0]) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.answers[0])
	c.answers[0] = c.answers[0][n:]
	return n, nil
}

func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// FuzzSession has a server send arbitrary octets to a whole session. It must end, in an error of a known class if not
// in success, and what it takes for a message must have been sent as one.
func FuzzSession(f *testing.F) {
	const head = "+OK hi\r\n|-ERR\r\n|+OK\r\n|+OK\r\n|"
	f.Add([]byte(head + "+OK 1 10\r\n|+OK\r\n1 10\r\n.\r\n|+OK\r\n1 a\r\n.\r\n|+OK\r\nx\r\n..\r\n.\r\n|+OK\r\n|+OK\r\n"))
	f.Add([]byte(head + "+OK 1 10\r\n|+OK\r\n1 10\r\n.\r\n|-ERR\r\n|-ERR [SYS/TEMP] x\r\n"))
	f.Add([]byte("+OK\r\n|+OK\r\nSTLS\r\nUIDL\r\n.\r\n|+OK\r\n|-ERR [AUTH] no\r\n"))
	f.Add([]byte("-ERR [IN-USE]\r\n"))
	f.Add([]byte(head + "+OK 2 2\r\n|+OK\r\n1 1\r\n2 1\r\n.\r\n|+OK\r\n1 a\r\n2 a\r\n.\r\n|+OK\r\n.\n\n.\r\n\r\n.\r\n|+OK\r\n"))
	directory := f.TempDir()
	f.Fuzz(func(t *testing.T, answers []byte) {
		a := mailbox.Account{
			Server: "fuzz", Port: 110, Security: mailbox.None, UserName: "u", Password: "hunter2",
			SpoolMemory: 64, SpoolDirectory: directory, MaxOctets: 4096,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return &canned{answers: bytes.Split(bytes.Clone(answers), []byte("|"))}, nil
			},
		}
		messages, err := drain(t.Context(), a)
		for _, m := range messages {
			if len(m) > 4096 || len(m) > len(answers) {
				t.Errorf("a message has %d octets", len(m))
			}
			if len(m) > 0 && !bytes.HasSuffix(m, []byte("\r\n")) {
				t.Errorf("a message ends in %q", m)
			}
		}
		var e *mailbox.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is of no class", err)
		}
	})
}

// FuzzUnstuff stuffs a message, sends it and expects it back.
func FuzzUnstuff(f *testing.F) {
	f.Add([]byte("a\r\n.b\r\n"), uint8(3))
	f.Add([]byte("\n.\r\n..\r\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, message []byte, size uint8) {
		message = message[:min(len(message), 10_000)]
		if len(message) > 0 && !bytes.HasSuffix(message, []byte("\r\n")) {
			message = append(message, "\r\n"...)
		}
		srv := pop3test.Run(t, pop3test.Options{NoListener: true})
		srv.Add("helpdesk", message)
		a := account(srv, "helpdesk", mailbox.None)
		a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := srv.Dial(ctx, network, address)
			return pieces{conn, 1 + int(size)}, err
		}
		messages, err := drain(t.Context(), a)
		if err != nil || len(messages) != 1 || sha256.Sum256(messages[0]) != sha256.Sum256(message) {
			t.Errorf("%q became %q, %v", message, messages, err)
		}
	})
}
