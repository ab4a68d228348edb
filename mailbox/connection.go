package mailbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Limits of what the server may send; RFC 2449 §4 allows status lines of 512 octets.
const (
	maxLine     = 4 << 10  // octets of a status line or of a listing's line
	smallBuffer = maxLine  // octets that are buffered until the maildrop is known to have messages
	readBuffer  = 32 << 10 // and from then on
)

// connection is the net.Conn that go-pop3 uses. go-pop3 writes its commands through it and reads checked status lines
// from it, one at a time. The octets of a message and the lines of a listing never pass through go-pop3, which would
// keep them all: the connection passes them to the expectation, and go-pop3 sees an empty answer.
//
// go-pop3 never gets more than it asked for, so that its own buffer is empty between commands and TLS can be started
// below it (STLS).
//
// Only one goroutine may use a connection; close may be called by any.
type connection struct {
	tcp     net.Conn
	stream  net.Conn // tcp, or the TLS over it
	secrets []string // redacted should the server repeat them
	in      *bufio.Reader
	pace    pace

	expected []expectation // one for each command whose reply has not been read
	out      []byte        // for go-pop3 to read next
	last     reply
	err      error // the first failure; the connection does not recover

	held     bool   // commands are collected, to be sent in one write
	outgoing []byte // the collected commands

	closing sync.Once
	closed  chan struct{}
}

// expectation says what follows the status line of a reply that is +OK.
type expectation struct {
	lines     func(line []byte) error // receives each line of a listing
	most      int64                   // octets that this listing may have
	challenge bool                    // a line that begins with "+ " is an answer too (RFC 5034 §4)
	message   io.Writer               // receives the octets of a message
}

// newConnection returns a connection that uses conn and closes it.
func newConnection(conn net.Conn, stepTimeout time.Duration, secrets []string) *connection {
	c := &connection{
		tcp: conn, stream: conn, secrets: secrets,
		pace: pace{timeout: stepTimeout}, closed: make(chan struct{}),
	}
	c.in = bufio.NewReaderSize(deadlineReader{c}, smallBuffer)
	return c
}

// expectMuch prepares for listings and messages: most sessions see neither, as their maildrops are empty.
func (c *connection) expectMuch() {
	if c.in.Buffered() == 0 { // otherwise the server has sent something unasked, which expect reports
		c.in = bufio.NewReaderSize(deadlineReader{c}, readBuffer)
	}
}

// expect announces the reply to the command that is sent next. Octets that are there already would be taken for that
// reply, so they are an error.
func (c *connection) expect(e expectation) error {
	if c.isAhead() {
		return c.fail(fmt.Errorf("%w: it sent an answer without a command", ErrProtocol))
	}
	c.expected = append(c.expected, e)
	return nil
}

// step runs f, which talks to the server, under the step's deadline. If ctx ends first, step closes the connection.
func (c *connection) step(ctx context.Context, f func() error) error {
	c.pace.restart()
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		c.close()
	})
	err := f()
	if !stop() {
		<-cut
		return ctx.Err()
	}
	return err
}

// Read gives go-pop3 the next checked reply.
func (c *connection) Read(p []byte) (int, error) {
	if len(c.out) == 0 {
		if err := c.next(); err != nil {
			return 0, c.fail(err)
		}
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// next reads the next reply.
func (c *connection) next() error {
	if c.err != nil {
		return c.err
	}
	if len(c.expected) == 0 {
		return errors.New("go-pop3 reads a reply without a command; this is a bug")
	}
	e := c.expected[0]
	c.expected = c.expected[1:]
	line, err := c.line()
	if err != nil {
		return err
	}
	r, ok := parseReply(string(line))
	if !ok && e.challenge {
		r, ok = parseChallenge(string(line))
	}
	if !ok {
		return c.strange(string(line))
	}
	c.last = r
	c.out = append(c.out[:0], r.String()+"\r\n"...)
	switch {
	case r.ok && e.lines != nil:
		err = c.listing(e)
		c.out = append(c.out, ".\r\n"...)
	case r.ok && e.message != nil:
		err = unstuff(e.message, c.in)
		c.out = append(c.out, ".\r\n"...)
	}
	return err
}

// listing passes the lines of a listing on, without byte-stuffing. Line ends count towards the limit, so that endless
// empty lines reach it too.
func (c *connection) listing(e expectation) error {
	for octets := int64(0); ; {
		line, err := c.line()
		if err != nil || string(line) == "." {
			return err
		}
		octets += int64(len(line) + len("\r\n"))
		if octets > e.most {
			return fmt.Errorf("%w: a listing has more than %d octets", ErrProtocol, e.most)
		}
		if err := e.lines(bytes.TrimPrefix(line, []byte("."))); err != nil {
			return err
		}
	}
}

// line reads a line and returns it without its CRLF. A bare LF is an error: go-pop3 would end the line there and read
// the rest as the reply to the next command.
func (c *connection) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine {
		return nil, fmt.Errorf("%w: a line has more than %d octets", ErrProtocol, maxLine)
	}
	if err != nil {
		return nil, err
	}
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, fmt.Errorf("%w: a line ends in a bare LF", ErrProtocol)
	}
	return line, nil
}

// isAhead reports whether all answers were read and the server has sent more.
func (c *connection) isAhead() bool { return len(c.expected) == 0 && c.in.Buffered() > 0 }

// Write sends what go-pop3 wrote.
func (c *connection) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.held {
		c.outgoing = append(c.outgoing, p...)
		return len(p), nil
	}
	if err := c.stream.SetWriteDeadline(c.pace.writeDeadline()); err != nil {
		return 0, c.fail(err)
	}
	n, err := c.stream.Write(p)
	return n, c.fail(err)
}

// hold collects what is written until flush.
func (c *connection) hold() { c.held = true }

// flush sends what hold collected.
func (c *connection) flush() error {
	c.held = false
	_, err := c.Write(c.outgoing)
	c.outgoing = c.outgoing[:0]
	return err
}

// fail records the first failure and returns err; the end of the connection becomes io.ErrUnexpectedEOF.
func (c *connection) fail(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if c.err == nil {
		c.err = err
	}
	return err
}

// startTLS starts TLS below go-pop3. Plain text after the server's consent is an error: an attacker may have injected
// it so that it is taken for an answer within TLS (RFC 2595 §4 has the server discard such text likewise).
func (c *connection) startTLS(config *tls.Config) error {
	if c.in.Buffered() > 0 {
		return c.fail(fmt.Errorf("%w: it sent plain text after it accepted STLS", ErrProtocol))
	}
	if err := c.tcp.SetDeadline(c.pace.writeDeadline()); err != nil {
		return c.fail(err)
	}
	t := tls.Client(c.tcp, config)
	if err := t.Handshake(); err != nil {
		return c.fail(&handshakeError{err})
	}
	c.stream = t
	return nil
}

// handshakeError marks a failed handshake, to distinguish it from other failures of the network.
type handshakeError struct{ err error }

// Error implements error.
func (e *handshakeError) Error() string { return e.err.Error() }

// Unwrap returns the error of crypto/tls.
func (e *handshakeError) Unwrap() error { return e.err }

// close drops the connection at once. Any goroutine may call it, more than once.
func (c *connection) close() {
	c.closing.Do(func() {
		close(c.closed)
		_ = c.tcp.Close() // an error leaves nothing to do: the connection is not used again
	})
}

// isClosed reports whether close was called.
func (c *connection) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Close implements net.Conn for go-pop3's Quit.
func (c *connection) Close() error { c.close(); return nil }

// LocalAddr implements net.Conn.
func (c *connection) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *connection) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// SetDeadline implements net.Conn and does nothing: the connection sets its own deadlines.
func (c *connection) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn and does nothing.
func (c *connection) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn and does nothing.
func (c *connection) SetWriteDeadline(time.Time) error { return nil }
