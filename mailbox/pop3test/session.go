package pop3test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxCommand is how many octets a command may have; RFC 2449 §4 allows 255, tokens need more.
const maxCommand = 64 << 10

// errOver ends a session.
var errOver = errors.New("session over")

// session is one connection.
type session struct {
	server *Server
	conn   *limitedConn
	stream net.Conn // conn, with the delay and TLS on top of it
	secure bool
	muted  bool // nothing more is sent
	in     *bufio.Reader
	out    *bufio.Writer
	done   chan struct{}

	user      string
	maildrop  *maildrop  // locked for this session, nil before log-in
	messages  []*Message // as they were at log-in; message-number n is n-1 here
	deleted   map[*Message]bool
	retrieved map[*Message]bool // by RETR, with Options.DeletesRetrieved
	limit     int               // octets of a message that RETR sends at most, -1 for all
}

// newSession returns a session that is cut after limit octets.
func newSession(s *Server, conn net.Conn, limit int64) *session {
	return &session{
		server:    s,
		conn:      &limitedConn{Conn: conn, limit: limit},
		done:      make(chan struct{}),
		deleted:   map[*Message]bool{},
		retrieved: map[*Message]bool{},
		limit:     -1,
	}
}

// run serves the session until it ends. It releases the maildrop before the client can notice the end.
func (n *session) run() {
	n.stream = n.conn
	if n.server.options.RTT > 0 {
		n.stream = delay(n.conn, n.server.options.RTT)
	}
	n.attach(n.stream)
	defer func() {
		n.releaseMaildrop()
		n.server.forgetSession(n)
		_ = n.stream.Close()
		close(n.done)
	}()
	if n.step(n.connect, "connect") != nil || n.step(n.greet, "greeting") != nil {
		return
	}
	for n.command() == nil {
		continue
	}
}

// attach makes conn the stream of the session.
func (n *session) attach(conn net.Conn) {
	n.stream = conn
	n.in = bufio.NewReaderSize(conn, maxCommand)
	n.out = bufio.NewWriterSize(conn, 16<<10)
}

// releaseMaildrop unlocks the maildrop.
func (n *session) releaseMaildrop() {
	if n.maildrop != nil {
		n.server.logOut(n.maildrop)
		n.maildrop = nil
	}
}

// connect starts implicit TLS.
func (n *session) connect() error {
	if n.server.options.TLS != ImplicitTLS {
		return nil
	}
	return n.startTLS()
}

// startTLS starts TLS on the stream.
func (n *session) startTLS() error {
	conn := tls.Server(n.stream, n.server.tls)
	if err := conn.Handshake(); err != nil {
		return err
	}
	n.server.countHandshake(conn.ConnectionState().DidResume)
	n.secure = true
	n.attach(conn)
	return nil
}

// greet sends the first line.
func (n *session) greet() error {
	n.ok("POP3 ready")
	return n.out.Flush()
}

// command reads and answers one command. It sends answers together while further commands wait (RFC 2449 §6.6).
func (n *session) command() error {
	idle := n.server.options.Idle
	if idle == 0 {
		idle = 10 * time.Minute
	}
	if err := n.stream.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return err
	}
	line, err := n.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	name, argument, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	name = strings.ToUpper(name)
	step := strings.TrimRight(name+" "+argument, " ")
	n.server.logCommand(step)
	if err := n.step(func() error { return n.execute(name, argument) }, n.stepNames(name, argument)...); err != nil {
		return err
	}
	if n.in.Buffered() > 0 {
		return nil
	}
	return n.out.Flush()
}

// stepNames returns the names that a fault may use for the step of a command.
func (n *session) stepNames(name, argument string) []string {
	names := []string{name, strings.TrimRight(name+" "+argument, " ")}
	if i, err := strconv.Atoi(argument); err == nil && i >= 1 && i <= len(n.messages) {
		names = append(names, name+uidlMark+n.messages[i-1].UIDL)
	}
	return names
}

// step executes one step of the session, or the fault that is set at one of its names.
func (n *session) step(execute func() error, names ...string) error {
	calls, f := n.server.faultsAt(names)
	for _, call := range calls {
		call()
	}
	if f.action != proceed {
		if err := n.out.Flush(); err != nil { // answers to earlier commands
			return err
		}
	}
	return n.perform(f, execute)
}

// perform executes a step with its fault.
func (n *session) perform(f fault, execute func() error) error {
	switch f.action {
	case dropConnection:
		return errOver
	case dropReply:
		n.muted = true
		n.out.Reset(io.Discard)
		_ = execute() // its answer is discarded
		return errOver
	case dropAfterReply:
		if err := execute(); err != nil && !errors.Is(err, errOver) {
			return err
		}
		_ = n.out.Flush() // the session ends in any case
		return errOver
	case stall:
		_, _ = io.Copy(io.Discard, n.in) // until the client leaves
		return errOver
	case replace:
		_, _ = n.out.Write(f.octets) // Flush returns the error
		return n.out.Flush()
	case precede:
		_, _ = n.out.Write(f.octets) // Flush returns the error
	case follow:
		defer n.out.Write(f.octets) // Flush returns the error
	case truncate:
		n.limit = f.limit
		defer func() { n.limit = -1 }()
	case endless:
		return n.repeat(f.octets)
	}
	return execute()
}

// repeat sends octets and then their last line until the client leaves.
func (n *session) repeat(octets []byte) error {
	line := octets[bytes.LastIndexByte(bytes.TrimSuffix(octets, []byte("\r\n")), '\n')+1:]
	block := bytes.Repeat(line, 1+4096/max(1, len(line)))
	_, err := n.out.Write(octets)
	for err == nil {
		_, err = n.out.Write(block)
	}
	return err
}

// ok answers +OK. Flush returns a write error.
func (n *session) ok(format string, args ...any) {
	fmt.Fprintf(n.out, "%s\r\n", strings.TrimRight("+OK "+fmt.Sprintf(format, args...), " "))
}

// refuse answers -ERR. It omits the response code at the start of text where the server has none (RFC 2449 §6.4).
func (n *session) refuse(text string) {
	if n.server.options.NoCAPA {
		if i := strings.Index(text, "] "); text[0] == '[' && i > 0 {
			text = text[i+2:]
		}
	}
	fmt.Fprintf(n.out, "-ERR %s\r\n", text)
}
