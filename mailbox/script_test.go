package mailbox_test

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// script is a server that gives the answers of a test, valid or not. A key is a command as received, or its first word;
// "greeting" comes first. After a command without an answer the server stays silent. It needs no socket, so that it
// works in a synctest bubble.
type script map[string]string

// Endings of an answer.
const (
	hangUp  = "\x00hang up"  // close the connection
	forEver = "\x00for ever" // repeat the last line until the client leaves
)

// goodScript returns a valid script with two messages.
func goodScript() script {
	return script{
		"greeting": "+OK ready\r\n",
		"CAPA":     "+OK\r\nUIDL\r\nTOP\r\nRESP-CODES\r\nUSER\r\n.\r\n",
		"USER":     "+OK\r\n",
		"PASS":     "+OK\r\n",
		"STAT":     "+OK 2 40\r\n",
		"LIST":     "+OK\r\n1 20\r\n2 20\r\n.\r\n",
		"UIDL":     "+OK\r\n1 a\r\n2 b\r\n.\r\n",
		"RETR 1":   "+OK\r\nSubject: one\r\n\r\none\r\n.\r\n",
		"RETR 2":   "+OK\r\nSubject: two\r\n\r\ntwo\r\n.\r\n",
		"DELE":     "+OK\r\n",
		"QUIT":     "+OK\r\n" + hangUp,
	}
}

// pipelining returns the script with PIPELINING.
func (s script) pipelining() script { return s.with("CAPA", "+OK\r\nPIPELINING\r\nUIDL\r\n.\r\n") }

// with returns the script with another answer.
func (s script) with(command, answer string) script {
	other := maps.Clone(s)
	other[command] = answer
	return other
}

// without returns the script with silence from a command on.
func (s script) without(command string) script {
	other := maps.Clone(s)
	delete(other, command)
	return other
}

// heard records the commands that a script's server received.
type heard struct {
	mu    sync.Mutex
	lines []string
	open  int           // connections
	ended chan struct{} // closed when the client has left the last of them
}

// came records a connection; left records its end.
func (h *heard) came() (left func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.open--
		if h.open == 0 {
			close(h.ended)
		}
	}
}

// commands returns the commands received so far.
func (h *heard) commands() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// account returns an account on the script's server, and the record of its commands.
func (s script) account() (mailbox.Account, *heard) {
	h := &heard{ended: make(chan struct{})}
	return mailbox.Account{
		Server: "mail.example.com", Port: 110, Security: mailbox.None, UserName: "helpdesk", Password: secret,
		GreetingPatience: time.Hour, // no second connection: greeting_test.go tests that
		Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := pop3test.Pipe()
			go s.serve(server, h)
			return client, nil
		},
	}, h
}

// secret is the password of a script's account.
const secret = "s3cret-Passw0rd"

// serve serves one client until it leaves.
func (s script) serve(conn net.Conn, h *heard) {
	defer h.came()()
	defer conn.Close()
	s.from("greeting", conn, h)
}

// thenAt returns a Dial to a server that follows another script from the answer to a command on.
func (s script) thenAt(command string, then script, h *heard) func(context.Context, string, string) (net.Conn, error) {
	before := s.with(command, then[command])
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := pop3test.Pipe()
		go before.serve(&turning{Conn: server, script: before, then: then, at: command}, h)
		return client, nil
	}
}

// turning replaces a script by another when a command arrives.
type turning struct {
	net.Conn
	script, then script
	at           string
}

// Read implements io.Reader.
func (c *turning) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if strings.Contains(string(p[:n]), c.at) {
		maps.Copy(c.script, c.then)
	}
	return n, err
}

// from answers commands, beginning with the answer to a key.
func (s script) from(key string, conn net.Conn, h *heard) {
	in := bufio.NewReader(conn)
	silent := false
	for {
		answer, known := s[key]
		if !known {
			name, _, _ := strings.Cut(key, " ")
			answer, known = s[name]
		}
		if silent = silent || !known; silent {
			answer = ""
		}
		if say(conn, answer) != nil {
			return
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		key = strings.TrimRight(line, "\r\n")
		h.mu.Lock()
		h.lines = append(h.lines, key)
		h.mu.Unlock()
	}
}

// say sends an answer.
func say(conn net.Conn, answer string) error {
	answer, closes := strings.CutSuffix(answer, hangUp)
	answer, repeats := strings.CutSuffix(answer, forEver)
	last := answer[strings.LastIndex(strings.TrimSuffix(answer, "\r\n"), "\n")+1:]
	if answer == "" && !closes {
		return nil
	}
	var err error
	for len(answer) > 0 && err == nil { // in pieces: one large copy would count as memory of the client
		n := min(len(answer), 64<<10)
		_, err = conn.Write([]byte(answer[:n]))
		answer = answer[n:]
	}
	for repeats && err == nil {
		_, err = conn.Write([]byte(last))
	}
	if closes {
		return errors.New("closed")
	}
	return err
}

// walk runs a whole session: it lists, retrieves and deletes all messages and quits. It returns the retrieved messages
// and the first error.
func walk(ctx context.Context, a mailbox.Account) (messages []string, err error) {
	s, err := mailbox.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	items, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	s.Prefetch(items)
	var refused error
	for _, it := range items {
		spool, err := s.Retrieve(ctx, it)
		if err != nil {
			return messages, err
		}
		b := make([]byte, spool.Size())
		_, _ = spool.ReadAt(b, 0)
		_ = spool.Close()
		messages = append(messages, string(b))
		err = s.DeleteAhead(ctx, []mailbox.Item{it}, func(_ mailbox.Item, err error) { refused = cmp.Or(refused, err) })
		if err = cmp.Or(err, refused); err != nil {
			return messages, err
		}
	}
	return messages, cmp.Or(s.Quit(ctx), refused)
}

// opened opens a session with the script's server.
func (s script) opened(t *testing.T) *mailbox.Session {
	t.Helper()
	a, _ := s.account()
	return open(t, a)
}

// listed returns the listing of the script's server.
func (s script) listed(t *testing.T) (*mailbox.Session, []mailbox.Item) {
	t.Helper()
	session := s.opened(t)
	items, err := session.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return session, items
}

// isClassified reports whether an error has a class.
func isClassified(err error) bool {
	var e *mailbox.Error
	if !errors.As(err, &e) || e.Op == "" {
		return false
	}
	for _, class := range []error{
		mailbox.ErrAccount, mailbox.ErrUnreachable, mailbox.ErrConnection, mailbox.ErrTimeout, mailbox.ErrTLS,
		mailbox.ErrTLSRefused, mailbox.ErrCertificate, mailbox.ErrProtocol, mailbox.ErrRefused, mailbox.ErrTooLarge,
		mailbox.ErrShort, mailbox.ErrSpool, mailbox.ErrClosed, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// within fails the test unless done is closed within three minutes.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(3 * time.Minute):
		t.Fatalf("%s did not end", what)
	}
}
