package mailbox_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"mailintegration/mailbox"
)

// FuzzSession runs a session with arbitrary octets from the server. It must end soon, with a classified error or none,
// and its messages must not have more octets than the server sent.
func FuzzSession(f *testing.F) {
	for _, good := range bothScripts() {
		whole := ""
		for _, command := range []string{"greeting", "CAPA", "USER", "PASS", "CAPA", "STAT", "LIST", "UIDL",
			"RETR 1", "DELE", "RETR 2", "DELE"} {
			whole += good[command]
			f.Add([]byte(whole))
		}
		f.Add([]byte(whole + "+OK\r\n"))
	}
	f.Add([]byte("+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK 1 1\r\n+OK\r\n1 1\r\n.\r\n-ERR\r\n+OK\r\n.\n.\r\n..\r\n.\r\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		a := mailbox.Account{
			Server: "mail.example.com", Port: 110, Security: mailbox.None, UserName: "helpdesk", Password: secret,
			StepTimeout: 5 * time.Second, MaxOctets: 1 << 20, SpoolMemory: 2 << 20,
			Dial: func(context.Context, string, string) (net.Conn, error) { return &replay{octets: octets}, nil },
		}
		messages, err := walk(t.Context(), a)
		if err != nil && !isClassified(err) {
			t.Errorf("an error without a class: %v", err)
		}
		total := 0
		for _, m := range messages {
			total += len(m)
		}
		if total > len(octets) {
			t.Errorf("%d octets of messages in %d", total, len(octets))
		}
	})
}

// replay is a connection whose server sends given octets in pieces, whatever it receives, and then closes it.
type replay struct {
	octets []byte
	closed bool
}

// Read returns the next piece.
func (r *replay) Read(p []byte) (int, error) {
	if len(r.octets) == 0 || r.closed {
		return 0, io.EOF
	}
	n := copy(p, r.octets[:answerLength(r.octets)])
	r.octets = r.octets[n:]
	return n, nil
}

// Write accepts everything.
func (r *replay) Write(p []byte) (int, error) {
	if r.closed {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

func (r *replay) Close() error                     { r.closed = true; return nil }
func (r *replay) LocalAddr() net.Addr              { return nil }
func (r *replay) RemoteAddr() net.Addr             { return nil }
func (r *replay) SetDeadline(time.Time) error      { return nil }
func (r *replay) SetReadDeadline(time.Time) error  { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }

// answerLength returns how many octets to send at once: up to the end of a line that is followed by a status line, or
// by nothing.
func answerLength(octets []byte) int {
	for i, c := range octets {
		if c == '\n' && (i+1 == len(octets) || octets[i+1] == '+' || octets[i+1] == '-') {
			return i + 1
		}
	}
	return len(octets)
}
