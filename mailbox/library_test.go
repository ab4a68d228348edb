package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// Cases that github.com/knadh/go-pop3 alone handles wrongly, and what a session does. The cases for deadlines are in
// deadline_test.go, for TLS in security_test.go, for listings in listing_test.go.

func TestAGreetingThatRefusesClosesTheConnection(t *testing.T) {
	t.Parallel()
	a, h := goodScript().with("greeting", "-ERR [SYS/TEMP] no more sessions\r\n").account()
	_, err := mailbox.Open(t.Context(), a)
	if !errors.Is(err, mailbox.ErrServerTrouble) || !mailbox.SessionBroken(err) {
		t.Errorf("Open: %v", err)
	}
	within(t, "the connection", h.ended)
}

func TestAnIPv6AddressIsDialledInBrackets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, server, want string }{
		{"an address", "::1", "[::1]:110"},
		{"an address in brackets", "[2001:db8::1]", "[2001:db8::1]:110"},
		{"an address with a zone", "fe80::1%eth0", "[fe80::1%eth0]:110"},
		{"an IPv4 address", "192.0.2.1", "192.0.2.1:110"},
		{"a name", "mail.example.com", "mail.example.com:110"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.Server = tt.server
			dial, dialled := a.Dial, ""
			a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				dialled = address
				return dial(ctx, network, address)
			}
			if _, err := walk(t.Context(), a); err != nil {
				t.Error(err)
			}
			if dialled != tt.want {
				t.Errorf("dialled %q, want %q", dialled, tt.want)
			}
		})
	}
}

func TestCredentialsThatWouldInjectCommandsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*mailbox.Account)
	}{
		{"CR LF in the user name", func(a *mailbox.Account) { a.UserName = "bob\r\nDELE 1" }},
		{"LF in the user name", func(a *mailbox.Account) { a.UserName = "bob\nDELE 1" }},
		{"CR in the user name", func(a *mailbox.Account) { a.UserName = "bob\rDELE 1" }},
		{"NUL in the user name", func(a *mailbox.Account) { a.UserName = "bob\x00" }},
		{"no user name", func(a *mailbox.Account) { a.UserName = "" }},
		{"CR LF in the password", func(a *mailbox.Account) { a.Password = "geheim\r\nDELE 1" }},
		{"LF in the password", func(a *mailbox.Account) { a.Password = "geheim\nDELE 1" }},
		{"NUL in the password", func(a *mailbox.Account) { a.Password = "geheim\x00" }},
		{"LF in the server's name", func(a *mailbox.Account) { a.Server = "mail\n.example.com" }},
		{"no server", func(a *mailbox.Account) { a.Server = "" }},
		{"port 0", func(a *mailbox.Account) { a.Port = 0 }},
		{"port 65536", func(a *mailbox.Account) { a.Port = 65536 }},
		{"an unknown security", func(a *mailbox.Account) { a.Security = "starttls" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			tt.change(&a)
			a.Dial = func(context.Context, string, string) (net.Conn, error) {
				t.Error("it connected")
				return nil, errors.New("not now")
			}
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, mailbox.ErrAccount) || !mailbox.IsPermanentForMailbox(err) || mailbox.Hint(err) == "" {
				t.Errorf("Open: %v", err)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error contains the password: %v", err)
			}
		})
	}
}

func TestAnInvalidStatusLineEndsTheSession(t *testing.T) {
	t.Parallel()
	answers := []struct{ name, octets string }{
		{"an empty line", "\r\n"},
		{"blanks", "   \r\n"},
		{"a line of another protocol", "220 mail.example.com ESMTP\r\n"},
		{"a lower-case status", "+ok\r\n"},
		{"a longer word", "+OKAY\r\n"},
		{"an octet order mark before it", "\xef\xbb\xbf+OK\r\n"},
		{"a bare LF at its end", "+OK\n"},
		{"NULs", "\x00\x00\x00\r\n"},
		{"an endless line", strings.Repeat("+OK and on ", 1000) + forEver},
	}
	for step := range goodScript() {
		for _, tt := range answers {
			t.Run(step+" is answered by "+tt.name, func(t *testing.T) {
				t.Parallel()
				a, h := goodScript().with(step, tt.octets).account()
				_, err := walk(t.Context(), a)
				if !errors.Is(err, mailbox.ErrProtocol) || !mailbox.SessionBroken(err) || !mailbox.IsTransient(err) {
					t.Errorf("got %v, want ErrProtocol", err)
				}
				within(t, "the connection", h.ended)
			})
		}
	}
}

func TestAnAnswerBeforeItsCommandEndsTheSession(t *testing.T) {
	t.Parallel()
	a, _ := goodScript().with("RETR 1", "+OK\r\nSubject: one\r\n\r\n.\r\n+OK deleted\r\n").account()
	messages, err := walk(t.Context(), a)
	if !errors.Is(err, mailbox.ErrProtocol) || len(messages) != 1 {
		t.Errorf("%d messages and %v: the session accepted the forged answer to DELE", len(messages), err)
	}
}

// bodies are messages and their octets on the line (RFC 1939 §3).
var bodies = []struct{ name, message, sent string }{
	{"an empty message", "", ""},
	{"an empty line", "\r\n", "\r\n"},
	{"a bare LF", "a\nb\r\n", "a\nb\r\n"},
	{"a bare CR", "a\rb\r\r\n", "a\rb\r\r\n"},
	{"a dot on a line that a bare LF begins", "a\n.\nb\r\n", "a\n.\nb\r\n"},
	{"a dot between a bare LF and CRLF", "a\n.\r\nb\r\n", "a\n.\r\nb\r\n"},
	{"a dot and a bare LF at the start of a line", "a\r\n.\nb\r\n", "a\r\n..\nb\r\n"},
	{"a dot and a bare LF at the start", ".\nb\r\n", "..\nb\r\n"},
	{"leading dots", ".\r\n..\r\n...a\r\n.\r\n", "..\r\n...\r\n....a\r\n..\r\n"},
	{"a dot after CR CR LF", "a\r\r\n.\r\nb\r\n", "a\r\r\n..\r\nb\r\n"},
	{"a dot that was not stuffed", "b\r\n", ".b\r\n"},
	{"NULs", "\x00a\x00\r\n\x00\r\n", "\x00a\x00\r\n\x00\r\n"},
	{"8-bit octets and invalid UTF-8", "\xff\xfe\x80é\r\n", "\xff\xfe\x80é\r\n"},
	{"a header that cannot be parsed", "no header\r\n: \x01\r\n\r\nbody\r\n", "no header\r\n: \x01\r\n\r\nbody\r\n"},
	{"a line of a million octets", strings.Repeat("x", 1<<20) + "\r\n", strings.Repeat("x", 1<<20) + "\r\n"},
	{"CRLF and dots across every border of the buffer",
		strings.Repeat("\r\n.x", 40000) + "\r\n", strings.Repeat("\r\n..x", 40000) + "\r\n"},
	{"lines that look like answers", "+OK\r\n-ERR\r\nQUIT\r\n", "+OK\r\n-ERR\r\nQUIT\r\n"},
}

func TestEveryOctetOfAMessageIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range bodies {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for what, good := range bothScripts() {
				list := fmt.Sprintf("+OK\r\n1 %d\r\n2 20\r\n.\r\n", len(tt.message))
				a, _ := good.with("LIST", list).with("RETR 1", "+OK\r\n"+tt.sent+".\r\n").account()
				messages, err := walk(t.Context(), a)
				if err != nil || len(messages) != 2 {
					t.Fatalf("%d messages%s, %v", len(messages), what, err)
				}
				if messages[0] != tt.message {
					t.Error(what, cmp.Diff(tt.message, messages[0]))
				}
				if messages[1] != "Subject: two\r\n\r\ntwo\r\n" {
					t.Errorf("the next message%s is %q", what, messages[1])
				}
			}
		})
	}
}

// TestAMessageThatIsCutIsAnError cuts the connection after each octet of an answer to RETR.
func TestAMessageThatIsCutIsAnError(t *testing.T) {
	t.Parallel()
	const whole = "+OK 30 octets\r\nSubject: one\r\n\r\n.\n..\r\n\n.\r\nx\r\n.\r\n"
	for what, good := range bothScripts() {
		for n := range len(whole) {
			a, _ := good.with("RETR 1", whole[:n]+hangUp).account()
			messages, err := walk(t.Context(), a)
			if len(messages) != 0 || !errors.Is(err, mailbox.ErrConnection) || !mailbox.SessionBroken(err) {
				t.Errorf("cut after %d octets%s: %q, %v", n, what, messages, err)
			}
		}
	}
	a, _ := goodScript().with("RETR 1", whole+hangUp).account()
	if messages, err := walk(t.Context(), a); len(messages) != 1 || !errors.Is(err, mailbox.ErrConnection) {
		t.Errorf("cut after the message: %q, %v", messages, err)
	}
}

// TestAMessageOfManyMegabytesTakesLittleMemory does not run in parallel, as it measures allocations.
func TestAMessageOfManyMegabytesTakesLittleMemory(t *testing.T) {
	const size = 64 << 20
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", bigMail(size))
	a := account(srv, "helpdesk", mailbox.None)
	a.SpoolDirectory = t.TempDir()
	s := open(t, a)
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var before, server, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pop3test.Stuff(srv.Messages("helpdesk")[0].Octets) // allocations of the server, in the same process
	runtime.ReadMemStats(&server)
	spool, err := s.Retrieve(t.Context(), items[0])
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	runtime.ReadMemStats(&after)
	if took := int64(after.TotalAlloc-server.TotalAlloc) - int64(server.TotalAlloc-before.TotalAlloc); took > 4<<20 {
		t.Errorf("%d octets were allocated besides the server's", took)
	}
	if spool.Size() < size {
		t.Errorf("%d octets", spool.Size())
	}
}

func TestCloseByAnotherGoroutineEndsTheStep(t *testing.T) {
	t.Parallel()
	s, items := goodScript().without("RETR 1").with("RETR", "+OK\r\nhalf a mess").listed(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := s.Retrieve(t.Context(), items[0])
		if !errors.Is(err, mailbox.ErrConnection) && !errors.Is(err, mailbox.ErrClosed) {
			t.Errorf("Retrieve: %v", err)
		}
	}()
	_ = s.Close()
	within(t, "Retrieve", ended)
}
