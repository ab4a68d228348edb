package mailbox_test

import (
	"bytes"
	"context"
	"net"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// pieces returns at most size octets from a read.
type pieces struct {
	net.Conn
	size int
}

// Read implements net.Conn.
func (p pieces) Read(b []byte) (int, error) { return p.Conn.Read(b[:min(len(b), p.size)]) }

// inPieces returns an account on a server without a socket, whose answers arrive in pieces.
func inPieces(srv *pop3test.Server, size int) mailbox.Account {
	a := account(srv, "helpdesk", mailbox.None)
	a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := srv.Dial(ctx, network, address)
		return pieces{conn, size}, err
	}
	return a
}

// TestAMessageMayArriveInPiecesOfAnySize splits a message into reads of every size.
func TestAMessageMayArriveInPiecesOfAnySize(t *testing.T) {
	t.Parallel()
	const sent, want = "a\r\n..b\r\n\n.c\r\r\n..\r\n\r\n...\r\n", "a\r\n.b\r\n\n.c\r\r\n.\r\n\r\n..\r\n"
	for size := 1; size <= len(sent); size++ {
		srv := pop3test.Run(t, pop3test.Options{NoListener: true})
		srv.Add("helpdesk", mail(1))
		srv.At("RETR 1").Garbage([]byte("+OK\r\n" + sent + ".\r\n"))
		messages, err := walk(t.Context(), inPieces(srv, size))
		if err != nil || len(messages) != 1 || messages[0] != want {
			t.Errorf("in pieces of %d: %q, %v", size, messages, err)
		}
	}
}

// FuzzStuffing stuffs a message, sends it in pieces and expects it back.
func FuzzStuffing(f *testing.F) {
	f.Add([]byte("a\r\n.b\r\n"), uint8(3))
	f.Add([]byte("\n.\r\n..\r\r\n"), uint8(1))
	f.Add([]byte(""), uint8(0))
	f.Fuzz(func(t *testing.T, message []byte, size uint8) {
		message = message[:min(len(message), 10_000)]
		if len(message) > 0 && !bytes.HasSuffix(message, []byte("\r\n")) {
			message = append(message, "\r\n"...)
		}
		srv := pop3test.Run(t, pop3test.Options{NoListener: true})
		srv.Add("helpdesk", message)
		messages, err := walk(t.Context(), inPieces(srv, 1+int(size)))
		if err != nil || len(messages) != 1 || messages[0] != string(message) {
			t.Errorf("%q became %q, %v", message, messages, err)
		}
	})
}
