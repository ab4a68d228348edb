package pop3test_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mailintegration/mailbox/pop3test"
)

// TestMain fails when a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// archive has the messages for the dialogues.
const archive = `
-- helpdesk/1.eml --
Subject: one

first
.
..two dots
-- helpdesk/2.eml --
Subject: two

second
-- helpdesk/3.eml --
Subject: three

-- monitoring/1.eml --
Subject: other

`

// client sends the commands of a test.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// dial connects to the server.
func dial(t *testing.T, srv *pop3test.Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// send sends one command.
func (c *client) send(command string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", command); err != nil {
		c.t.Fatal(err)
	}
}

// line reads one line, "EOF" at the end of the connection.
func (c *client) line() string {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return line + "EOF"
	}
	return strings.TrimRight(line, "\r\n")
}

// TestDialogue plays the dialogues in testdata: it sends lines that begin with "C: " and expects the others.
func TestDialogue(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			dialogue, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			srv := pop3test.Run(t, pop3test.Options{})
			addArchive(srv, archive)
			c := dial(t, srv)
			for line := range strings.Lines(string(dialogue)) {
				line = strings.TrimSuffix(line, "\n")
				if command, ok := strings.CutPrefix(line, "C: "); ok {
					c.send(command)
				} else if got := c.line(); got != line {
					t.Fatalf("the server said %q, not %q", got, line)
				}
			}
		})
	}
}

// logIn logs in with USER and PASS.
func (c *client) logIn() {
	c.t.Helper()
	for _, command := range []string{"", "USER helpdesk", "PASS secret"} {
		if command != "" {
			c.send(command)
		}
		if line := c.line(); !strings.HasPrefix(line, "+OK") {
			c.t.Fatalf("%q was answered %q", command, line)
		}
	}
}

// TestFaults sets a fault at a step and checks the answers and the remaining messages.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*pop3test.Server)
		want []string // answers to DELE 1, DELE 2, QUIT
		left int
	}{
		{"none", func(*pop3test.Server) {}, []string{"+OK marked", "+OK marked", "+OK bye", "EOF"}, 1},
		{"dropped", func(s *pop3test.Server) { s.At("DELE 2").Drop() }, []string{"+OK marked", "EOF"}, 3},
		{"dropped after", func(s *pop3test.Server) { s.At("DELE 2").DropAfterReply() }, []string{"+OK marked", "+OK marked", "EOF"}, 3},
		{"dropped in QUIT", func(s *pop3test.Server) { s.At("QUIT").Drop() }, []string{"+OK marked", "+OK marked", "EOF"}, 3},
		{"dropped before QUIT's answer", func(s *pop3test.Server) { s.At("QUIT").DropReply() },
			[]string{"+OK marked", "+OK marked", "EOF"}, 1},
		{"another answer", func(s *pop3test.Server) { s.At("DELE 2").Reply("-ERR no") }, []string{"+OK marked", "-ERR no", "+OK bye"}, 2},
		{"every DELE", func(s *pop3test.Server) { s.At("DELE").Reply("-ERR no") }, []string{"-ERR no", "-ERR no", "+OK bye"}, 3},
		{"the first DELE", func(s *pop3test.Server) { s.At("DELE").Times(1).Reply("-ERR no") },
			[]string{"-ERR no", "+OK marked", "+OK bye"}, 2},
		{"the second DELE", func(s *pop3test.Server) { s.At("DELE").After(1).Reply("-ERR no") },
			[]string{"+OK marked", "-ERR no", "+OK bye"}, 2},
		{"healed", func(s *pop3test.Server) { s.At("DELE").Drop(); s.Heal() }, []string{"+OK marked", "+OK marked", "+OK bye"}, 1},
		{"deletions forgotten", func(s *pop3test.Server) { s.ForgetDeletes() }, []string{"+OK marked", "+OK marked", "+OK bye"}, 3},
		{"a stray answer before", func(s *pop3test.Server) { s.At("DELE 1").Precede([]byte("-ERR what?\r\n")) },
			[]string{"-ERR what?", "+OK marked", "+OK marked", "+OK bye"}, 1},
		{"a stray answer behind", func(s *pop3test.Server) { s.At("DELE 1").Follow([]byte("+OK again\r\n")) },
			[]string{"+OK marked", "+OK again", "+OK marked", "+OK bye"}, 1},
		{"cut", func(s *pop3test.Server) { s.CutAfterOctets(82) }, []string{"+OK marked", "+OKEOF"}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			addArchive(srv, archive)
			tt.set(srv)
			c := dial(t, srv)
			c.logIn()
			var got []string
			commands := []string{"DELE 1", "DELE 2", "QUIT", "NOOP"}
			for i := range tt.want {
				if i < 3 { // no command can follow QUIT
					c.send(commands[i])
				}
				got = append(got, c.line())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if err := srv.Idle(contextUntil(t, c)); err != nil {
				t.Fatal(err)
			}
			if left := srv.Count("helpdesk"); left != tt.left {
				t.Errorf("%d messages are left, not %d", left, tt.left)
			}
		})
	}
}

// TestTruncateSendsAPartOfAMessage uses a server that deletes retrieved messages at QUIT.
func TestTruncateSendsAPartOfAMessage(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{DeletesRetrieved: true})
	addArchive(srv, archive)
	srv.At("RETR 2").Truncate(5)
	c := dial(t, srv)
	c.logIn()
	var got []string
	for _, command := range []string{"RETR 2", "RETR 3", "QUIT"} {
		c.send(command)
	}
	for range 8 {
		got = append(got, c.line())
	}
	want := []string{"+OK 24 octets", "Subje", ".", "+OK 18 octets", "Subject: three", "", ".", "+OK bye"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if left := srv.Messages("helpdesk"); len(left) != 1 || !bytes.HasPrefix(left[0].Octets, []byte("Subject: one")) {
		t.Errorf("left are %q", left)
	}
}

// TestAnEndlessAnswer: the answer goes on until the client leaves.
func TestAnEndlessAnswer(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.At("CAPA").Endless([]byte("+OK\r\nfirst\r\n\r\n"))
	c := dial(t, srv)
	c.send("CAPA")
	got := []string{c.line(), c.line(), c.line()}
	if diff := cmp.Diff([]string{"+OK POP3 ready", "+OK", "first"}, got); diff != "" {
		t.Error(diff)
	}
	for range 100_000 {
		if line := c.line(); line != "" {
			t.Fatalf("a line is %q", line)
		}
	}
	if err := srv.Idle(contextUntil(t, c)); err != nil {
		t.Error(err)
	}
}

// contextUntil closes the client, so that its session ends.
func contextUntil(t *testing.T, c *client) context.Context {
	t.Helper()
	if err := c.conn.Close(); err != nil {
		t.Error(err)
	}
	return t.Context()
}

// TestStall: the server is silent until the client leaves; a Call at the same step comes first.
func TestStall(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	addArchive(srv, archive)
	called := make(chan struct{})
	srv.At("STAT").Call(func() { close(called) })
	srv.At("STAT").Stall()
	c := dial(t, srv)
	c.logIn()
	c.send("STAT")
	<-called
	if err := srv.Idle(contextUntil(t, c)); err != nil {
		t.Error(err)
	}
}

// TestLog: the log contains commands, but no secrets.
func TestLog(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	addArchive(srv, archive)
	c := dial(t, srv)
	c.logIn()
	c.send("quit")
	if got := c.line(); got != "+OK bye" {
		t.Error(got)
	}
	if diff := cmp.Diff([]string{"USER helpdesk", "PASS ***", "QUIT"}, srv.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestMessages: a message keeps its unique-id as long as it is in the maildrop.
func TestMessages(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	first := srv.Add("helpdesk", []byte("one\r\n"))
	srv.AddUIDL("helpdesk", "chosen", []byte("two\r\n"))
	want := []pop3test.Message{{UIDL: first, Octets: []byte("one\r\n")}, {UIDL: "chosen", Octets: []byte("two\r\n")}}
	if diff := cmp.Diff(want, srv.Messages("helpdesk")); diff != "" {
		t.Error(diff)
	}
}

// TestContext: a server and its sessions end with the context that Start received.
func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := pop3test.Start(ctx, pop3test.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, srv)
	if got := c.line(); got != "+OK POP3 ready" {
		t.Error(got)
	}
	cancel()
	if got := c.line(); got != "EOF" {
		t.Error(got)
	}
	srv.Close()
	srv.Close()
	if conn, err := net.Dial("tcp", srv.Addr()); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
	if conn, err := srv.Dial(t.Context(), "", ""); err == nil {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("it still answers")
		}
	}
}

// TestStartFails: the error says why a server cannot listen.
func TestStartFails(t *testing.T) {
	t.Parallel()
	if _, err := pop3test.Start(t.Context(), pop3test.Options{Listen: "256.0.0.1:0"}); err == nil {
		t.Error("it listens at no address")
	}
}

// TestRTT: the delay does not make commands that are sent together wait for each other.
func TestRTT(t *testing.T) {
	t.Parallel()
	for together, want := range map[bool]time.Duration{true: 100 * time.Millisecond, false: 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			srv := pop3test.Run(t, pop3test.Options{NoListener: true, RTT: 100 * time.Millisecond})
			addArchive(srv, archive)
			conn, err := srv.Dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			c := &client{t, conn, bufio.NewReader(conn)}
			c.logIn()
			start := time.Now()
			for range 3 {
				c.send("NOOP")
				if !together {
					c.line()
				}
			}
			for range 3 {
				if together {
					c.line()
				}
			}
			if took := time.Since(start); took != want {
				t.Errorf("together %v: it took %v", together, took)
			}
			srv.Close()
		})
	}
}

// TestIdleTimeout: the server ends a silent session (RFC 1939 §3).
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pop3test.Run(t, pop3test.Options{NoListener: true})
		conn, err := srv.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t, conn, bufio.NewReader(conn)}
		start := time.Now()
		if got := c.line() + c.line(); got != "+OK POP3 readyEOF" || time.Since(start) != 10*time.Minute {
			t.Errorf("after %v: %q", time.Since(start), got)
		}
	})
}

// TestStuff checks byte-stuffing (RFC 1939 §3).
func TestStuff(t *testing.T) {
	t.Parallel()
	tests := []struct{ octets, want string }{
		{"", ".\r\n"},
		{"a", "a\r\n.\r\n"},
		{"a\r\n", "a\r\n.\r\n"},
		{".", "..\r\n.\r\n"},
		{".\r\n.\r\n..\r\n", "..\r\n..\r\n...\r\n.\r\n"},
		{"a\n.b\r\n", "a\n.b\r\n.\r\n"},
	}
	for _, tt := range tests {
		if got := pop3test.Stuff([]byte(tt.octets)); !bytes.Equal(got, []byte(tt.want)) {
			t.Errorf("Stuff(%q) = %q", tt.octets, got)
		}
	}
}
