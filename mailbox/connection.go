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

// Limits of what the server may send; a status line of RFC 2449 §4 has 512 octets at most.
const (
	maxLine    = 4 << 10 // octets of a status line or of a listing's line
	readBuffer = 32 << 10
)

// connection is the connection that go-pop3 is given. go-pop3 writes commands through it; what it reads is not what the
// server sent but what was checked before: one valid status line at a time. The octets of a message and the lines of a
// listing never pass through go-pop3, which would keep them all: they go to what expects them, and go-pop3 sees an empty
// answer.
//
// As go-pop3 is never given more than it asked for, its own buffer is empty between commands, so that TLS can be
// put under it (STLS).
//
// It is used by one goroutine; only close may be called by others.
type connection struct {
	tcp     net.Conn // TCP
	stream  net.Conn // raw, or the TLS over it
	secrets []string // never to be shown, should the server repeat them
	in      *bufio.Reader
	pace    pace

	expected []expectation // one for each command whose reply has not been read
	out      []byte        // what go-pop3 shall read next
	last     reply
	err      error // the first failure; none is mended

	held     bool   // commands are collected, to be sent in one piece
	outgoing []byte // those

	closing sync.Once
	closed  chan struct{}
}

// expectation says what follows the status line of a reply when it is +OK.
type expectation struct {
	lines     func(line []byte) error // takes each line of a listing
	most      int64                   // octets that this listing may have
	challenge bool                    // a line that begins with "+ " is an answer too (RFC 5034 §4)
	message   io.Writer               // a message, and where its octets go
}

// newConnection takes over a connection.
func newConnection(conn net.Conn, stepTimeout time.Duration, secrets []string) *connection {
	w := &connection{
		tcp: conn, stream: conn, secrets: secrets,
		pace: pace{timeout: stepTimeout}, closed: make(chan struct{}),
	}
	w.in = bufio.NewReaderSize(deadlineReader{w}, readBuffer)
	return w
}

// expect announces the reply to the command that is sent next. What is already there would be taken for it.
func (w *connection) expect(e expectation) error {
	if w.isAhead() {
		return w.fail(fmt.Errorf("%w: it answers before it is asked", ErrProtocol))
	}
	w.expected = append(w.expected, e)
	return nil
}

// step runs f, which talks to the server, under the step's deadline. When ctx ends first the connection is closed.
func (w *connection) step(ctx context.Context, f func() error) error {
	w.pace.restart()
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		w.close()
	})
	err := f()
	if !stop() {
		<-cut
		return ctx.Err()
	}
	return err
}

// Read hands go-pop3 what it may read next.
func (w *connection) Read(p []byte) (int, error) {
	if len(w.out) == 0 {
		if err := w.next(); err != nil {
			return 0, w.fail(err)
		}
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

// next reads the next reply.
func (w *connection) next() error {
	if w.err != nil {
		return w.err
	}
	if len(w.expected) == 0 {
		return errors.New("a reply was awaited that no command asks for")
	}
	e := w.expected[0]
	w.expected = w.expected[1:]
	line, err := w.line()
	if err != nil {
		return err
	}
	r, ok := parseReply(string(line))
	if !ok && e.challenge {
		r, ok = parseChallenge(string(line))
	}
	if !ok {
		return fmt.Errorf("%w: it answered %.80q", ErrProtocol, w.redact(string(line)))
	}
	w.last = r
	w.out = append(w.out[:0], r.String()+"\r\n"...)
	switch {
	case r.ok && e.lines != nil:
		err = w.listing(e)
		w.out = append(w.out, ".\r\n"...)
	case r.ok && e.message != nil:
		err = unstuff(e.message, w.in)
		w.out = append(w.out, ".\r\n"...)
	}
	return err
}

// listing hands the lines of a listing on, their byte-stuffing removed. Ends of lines count: empty lines must come to an
// end too.
func (w *connection) listing(e expectation) error {
	for octets := int64(0); ; {
		line, err := w.line()
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

// line reads up to CRLF, which is cut off. A bare LF ends no line: go-pop3 would take one for an end, and read what
// follows as the reply to the next command.
func (w *connection) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
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

// isAhead reports whether something is there that was not asked for, as far as all answers have been read.
func (w *connection) isAhead() bool { return len(w.expected) == 0 && w.in.Buffered() > 0 }

// Write sends what go-pop3 wrote.
func (w *connection) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.held {
		w.outgoing = append(w.outgoing, p...)
		return len(p), nil
	}
	if err := w.stream.SetWriteDeadline(w.pace.writeDeadline()); err != nil {
		return 0, w.fail(err)
	}
	n, err := w.stream.Write(p)
	return n, w.fail(err)
}

// hold collects what is written until release.
func (w *connection) hold() { w.held = true }

// flush sends what was collected.
func (w *connection) flush() error {
	w.held = false
	_, err := w.Write(w.outgoing)
	w.outgoing = w.outgoing[:0]
	return err
}

// fail remembers the first failure. A connection that ends while something is awaited is one.
func (w *connection) fail(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if w.err == nil {
		w.err = err
	}
	return err
}

// startTLS puts TLS under go-pop3. What the server sent in plain text after its consent was put there by somebody
// who wants it to be taken for an answer within TLS (RFC 2595 §4 has the server discard likewise).
func (w *connection) startTLS(config *tls.Config) error {
	if w.in.Buffered() > 0 {
		return w.fail(fmt.Errorf("%w: plain text follows its consent to STLS", ErrProtocol))
	}
	if err := w.tcp.SetDeadline(w.pace.writeDeadline()); err != nil {
		return w.fail(err)
	}
	t := tls.Client(w.tcp, config)
	if err := t.Handshake(); err != nil {
		return w.fail(&handshakeError{err})
	}
	w.stream = t
	return nil
}

// handshakeError tells a failed handshake from other failures of the network.
type handshakeError struct{ err error }

// Error implements error.
func (e *handshakeError) Error() string { return e.err.Error() }

// Unwrap gives the error of crypto/tls.
func (e *handshakeError) Unwrap() error { return e.err }

// close drops the connection at once. It may be called by any goroutine and more than once.
func (w *connection) close() {
	w.closing.Do(func() {
		close(w.closed)
		_ = w.tcp.Close() // an error leaves nothing to do: the connection is not used again
	})
}

// isClosed reports whether close was called.
func (w *connection) isClosed() bool {
	select {
	case <-w.closed:
		return true
	default:
		return false
	}
}

// Close implements net.Conn for go-pop3's Quit.
func (w *connection) Close() error { w.close(); return nil }

// LocalAddr implements net.Conn.
func (w *connection) LocalAddr() net.Addr { return w.tcp.LocalAddr() }

// RemoteAddr implements net.Conn.
func (w *connection) RemoteAddr() net.Addr { return w.tcp.RemoteAddr() }

// SetDeadline implements net.Conn; deadlines are wire's own affair.
func (w *connection) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (w *connection) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (w *connection) SetWriteDeadline(time.Time) error { return nil }
