package mailbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// closeWatch is a connection that tells when it is closed.
type closeWatch struct {
	net.Conn
	closed bool
}

// Close implements net.Conn.
func (c *closeWatch) Close() error {
	c.closed = true
	return c.Conn.Close()
}

// TestOpenClosesOnError refuses each step of log-in; no connection may be left. go-pop3 alone leaks the one whose
// greeting is -ERR.
func TestOpenClosesOnError(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"greeting", "STLS", "USER", "PASS"} {
		for _, answer := range []string{"-ERR no", "", "+OKAY", "hello", "-ERRNO"} {
			t.Run(fmt.Sprintf("%s answered %q", step, answer), func(t *testing.T) {
				t.Parallel()
				srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
				srv.Add("helpdesk", mail(1))
				srv.At(step).Reply(answer)
				a := account(srv, "helpdesk", mailbox.StartTLS)
				var conn *closeWatch
				a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := (&net.Dialer{}).DialContext(ctx, network, address)
					conn = &closeWatch{Conn: c}
					return conn, err
				}
				_, err := mailbox.Open(t.Context(), a)
				if err == nil || !mailbox.SessionBroken(err) {
					t.Errorf("Open: %v", err)
				}
				if refused := answer == "-ERR no"; errors.Is(err, mailbox.ErrProtocol) == refused {
					t.Errorf("Open: %v", err)
				}
				if !conn.closed {
					t.Error("the connection is left open")
				}
			})
		}
	}
}

// TestAccount refuses accounts before anything is sent. A line break in a user name would be a second command.
func TestAccount(t *testing.T) {
	t.Parallel()
	good := mailbox.Account{Server: "mail.example.com", Port: 110, Security: mailbox.None, UserName: "bob", Password: "x"}
	tests := []struct {
		name   string
		change func(*mailbox.Account)
	}{
		{"a line break in the user name", func(a *mailbox.Account) { a.UserName = "bob\r\nDELE 1" }},
		{"a bare LF in the user name", func(a *mailbox.Account) { a.UserName = "bob\nDELE 1" }},
		{"a NUL in the user name", func(a *mailbox.Account) { a.UserName = "bob\x00" }},
		{"a CR in the password", func(a *mailbox.Account) { a.Password = "secret-x\rDELE 1" }},
		{"a line break in the password", func(a *mailbox.Account) { a.Password = "secret-x\r\nDELE 1" }},
		{"a NUL in the password", func(a *mailbox.Account) { a.Password = "secret-x\x00" }},
		{"no user name", func(a *mailbox.Account) { a.UserName = "" }},
		{"no server", func(a *mailbox.Account) { a.Server = "" }},
		{"a line break in the server", func(a *mailbox.Account) { a.Server = "a\r\nb" }},
		{"port 0", func(a *mailbox.Account) { a.Port = 0 }},
		{"port 65536", func(a *mailbox.Account) { a.Port = 65536 }},
		{"no security", func(a *mailbox.Account) { a.Security = "" }},
		{"an unknown security", func(a *mailbox.Account) { a.Security = "Auto" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := good
			a.Dial = func(context.Context, string, string) (net.Conn, error) {
				t.Error("a connection was made")
				return nil, net.ErrClosed
			}
			tt.change(&a)
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, mailbox.ErrAccount) || !mailbox.IsPermanentForMailbox(err) {
				t.Errorf("Open: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret-x") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// TestIPv6 connects to IPv6 addresses, with and without brackets.
func TestIPv6(t *testing.T) {
	t.Parallel()
	for _, security := range []mailbox.Security{mailbox.None, mailbox.StartTLS} {
		for _, host := range []string{"::1", "[::1]"} {
			t.Run(host+" "+string(security), func(t *testing.T) {
				t.Parallel()
				srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS, Listen: "[::1]:0"})
				srv.Add("helpdesk", mail(1))
				a := account(srv, "helpdesk", security)
				a.Server = host
				if messages, err := drain(t.Context(), a); err != nil || len(messages) != 1 {
					t.Errorf("%d messages, %v", len(messages), err)
				}
			})
		}
	}
}

// TestOctets hands on every octet as it was sent, byte-stuffing apart.
func TestOctets(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	tests := []struct{ name, sent, want string }{
		{"an empty message", "", ""},
		{"one empty line", "\r\n", "\r\n"},
		{"a line of one dot", "..\r\n", ".\r\n"},
		{"dots at the start of lines", "a\r\n..b\r\n...c\r\n", "a\r\n.b\r\n..c\r\n"},
		{"a dot that was not stuffed", ".a\r\n", "a\r\n"},
		{"a bare LF", "a\nb\r\n", "a\nb\r\n"},
		{"a bare LF before a dot", "a\n.b\r\n", "a\n.b\r\n"},
		{"a dot alone between bare LFs", "a\n.\nb\r\n", "a\n.\nb\r\n"},
		{"a dot between bare LF and CRLF", "a\n.\r\nb\r\n", "a\n.\r\nb\r\n"},
		{"a bare CR", "a\rb\r\n", "a\rb\r\n"},
		{"two CR and LF", "a\r\r\n..b\r\n", "a\r\r\n.b\r\n"},
		{"CR dot CR LF", "a\r.\r\n", "a\r.\r\n"},
		{"NUL and 8-bit octets", "a\x00\xff\xfe\r\n", "a\x00\xff\xfe\r\n"},
		{"a line longer than every buffer", long + "\r\n.." + long + "\r\n", long + "\r\n." + long + "\r\n"},
		{"a CRLF that is cut by the buffer", strings.Repeat("y", 32<<10-6) + "\r\n..z\r\n", strings.Repeat("y", 32<<10-6) + "\r\n.z\r\n"},
		{"a UTF-8 byte order mark", "\xef\xbb\xbfSubject: x\r\n\r\n", "\xef\xbb\xbfSubject: x\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			srv.At("RETR 1").Garbage([]byte("+OK\r\n" + tt.sent + ".\r\n"))
			messages, err := drain(t.Context(), account(srv, "helpdesk", mailbox.None))
			if err != nil || len(messages) != 1 {
				t.Fatalf("%d messages, %v", len(messages), err)
			}
			if string(messages[0]) != tt.want {
				t.Errorf("got %.200q", messages[0])
			}
		})
	}
}

// TestOctetsInAnyPieces cuts a message into reads of every size.
func TestOctetsInAnyPieces(t *testing.T) {
	t.Parallel()
	const sent, want = "a\r\n..b\r\n\n.c\r\r\n..\r\n\r\n...\r\n", "a\r\n.b\r\n\n.c\r\r\n.\r\n\r\n..\r\n"
	for size := 1; size < len(sent); size++ {
		srv := pop3test.Run(t, pop3test.Options{NoListener: true})
		srv.Add("helpdesk", mail(1))
		srv.At("RETR 1").Garbage([]byte("+OK\r\n" + sent + ".\r\n"))
		a := account(srv, "helpdesk", mailbox.None)
		a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := srv.Dial(ctx, network, address)
			return pieces{conn, size}, err
		}
		messages, err := drain(t.Context(), a)
		if err != nil || string(bytes.Join(messages, nil)) != want {
			t.Errorf("in pieces of %d: %q, %v", size, messages, err)
		}
	}
}

// pieces gives no more than size octets in a read.
type pieces struct {
	net.Conn
	size int
}

// Read implements net.Conn.
func (p pieces) Read(b []byte) (int, error) { return p.Conn.Read(b[:min(len(b), p.size)]) }

// TestEndlessLine caps the lines that must be held in memory.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("9", 1<<20)
	for _, tt := range []struct{ step, start string }{
		{"greeting", "+OK "}, {"USER", "+OK "}, {"PASS", "-ERR "}, {"STAT", "+OK 2 "}, {"LIST", "+OK\r\n1 "},
		{"UIDL", "+OK\r\n1 "}, {"RETR 1", "+OK "}, {"DELE 1", "-ERR "}, {"QUIT", "+OK "}, {"CAPA", "+OK\r\n"},
	} {
		t.Run(tt.step, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			srv.At(tt.step).Garbage([]byte(tt.start + line))
			if _, err := drain(t.Context(), account(srv, "helpdesk", mailbox.None)); !errors.Is(err, mailbox.ErrProtocol) {
				t.Errorf("got %.200v", err)
			}
		})
	}
}

// TestEarlyAnswers refuses what the server sends before it is asked: it would be taken for the answer to a DELE.
func TestEarlyAnswers(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", mail(1))
	srv.At("RETR 1").Garbage([]byte("+OK\r\na\r\n.\r\n+OK deleted\r\n+OK bye\r\n"))
	_, err := drain(t.Context(), account(srv, "helpdesk", mailbox.None))
	if !errors.Is(err, mailbox.ErrProtocol) || !mailbox.SessionBroken(err) || srv.Count("helpdesk") != 1 {
		t.Errorf("got %v", err)
	}
}

// TestStreaming reads a message much larger than what may be allocated for it. It runs alone, as it counts.
//
//nolint:paralleltest // see above
func TestStreaming(t *testing.T) {
	const size = 64 << 20
	client, server := net.Pipe()
	a := mailbox.Account{
		Server: "pipe", Port: 110, Security: mailbox.None, UserName: "u", Password: "p",
		SpoolDirectory: t.TempDir(), StepTimeout: time.Minute,
		Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil },
	}
	served := make(chan error, 1)
	go func() { served <- serveLarge(server, size) }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := mailbox.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	spool, err := s.Retrieve(t.Context(), mailbox.Item{Number: 1, Octets: size})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if spool.Size() != size {
		t.Errorf("%d octets became %d", size, spool.Size())
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4<<20 {
		t.Errorf("%d octets were allocated", allocated)
	}
	if err := errors.Join(spool.Close(), s.Close(), <-served); err != nil {
		t.Error(err)
	}
}

// serveLarge serves one message of size octets without holding it.
func serveLarge(conn net.Conn, size int) error {
	defer conn.Close() //nolint:errcheck // it is a pipe
	line := append(bytes.Repeat([]byte("x"), 62), "\r\n"...)
	block := bytes.Repeat(line, 256)
	command := make([]byte, 512)
	for answer := "+OK\r\n"; ; {
		if _, err := conn.Write([]byte(answer)); err != nil {
			return err
		}
		n, err := conn.Read(command)
		if err != nil {
			return nil // the client has what it wanted
		}
		switch {
		case bytes.HasPrefix(command[:n], []byte("CAPA")):
			answer = "-ERR\r\n"
		case bytes.HasPrefix(command[:n], []byte("RETR")):
			if _, err := conn.Write([]byte("+OK\r\n")); err != nil {
				return err
			}
			for range size / len(block) {
				if _, err := conn.Write(block); err != nil {
					return err
				}
			}
			answer = ".\r\n"
		default:
			answer = "+OK\r\n"
		}
	}
}
