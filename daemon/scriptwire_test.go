package daemon

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeRoom is how many unread octets a connection holds, as a socket's buffers do.
const pipeRoom = 64 << 10

// scriptPipe is one direction of a connection within the process. It waits on channels only, so that a bubble of
// testing/synctest notices when nothing moves.
type scriptPipe struct {
	mu      sync.Mutex
	data    []byte
	ended   bool          // the writer is closed; the data can still be read
	dropped bool          // the reader is closed
	changed chan struct{} // closed and replaced at each change
}

func newScriptPipe() *scriptPipe { return &scriptPipe{changed: make(chan struct{})} }

// change wakes all waiting goroutines. The caller holds the lock.
func (p *scriptPipe) change() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// read waits for octets and takes them.
func (p *scriptPipe) read(b []byte, deadline time.Time) (int, error) {
	for {
		n, changed, err := p.take(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		if !awaitChange(changed, deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// take takes the octets that are there. If there are none, it returns the channel to wait on.
func (p *scriptPipe) take(b []byte) (int, chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dropped:
		return 0, nil, net.ErrClosed
	case len(p.data) == 0 && p.ended:
		return 0, nil, io.EOF
	case len(p.data) == 0:
		return 0, p.changed, nil
	}
	n := copy(b, p.data)
	p.data = p.data[n:]
	p.change()
	return n, nil, nil
}

// write puts octets in, and waits for room.
func (p *scriptPipe) write(b []byte, deadline time.Time) (written int, err error) {
	for written < len(b) {
		n, changed, err := p.put(b[written:])
		if err != nil {
			return written, err
		}
		written += n
		if n == 0 && !awaitChange(changed, deadline) {
			return written, os.ErrDeadlineExceeded
		}
	}
	return written, nil
}

// put puts in as many octets as there is room for. If there is no room, it returns the channel to wait on.
func (p *scriptPipe) put(b []byte) (int, chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.dropped {
		return 0, nil, io.ErrClosedPipe
	}
	n := min(len(b), pipeRoom-len(p.data))
	if n == 0 {
		return 0, p.changed, nil
	}
	p.data = append(p.data, b[:n]...)
	p.change()
	return n, nil, nil
}

// end closes the writer.
func (p *scriptPipe) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.change()
}

// drop closes the reader.
func (p *scriptPipe) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped = true
	p.change()
}

// gone reports whether the reader is closed, and returns the channel to wait on for a change.
func (p *scriptPipe) gone() (bool, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped, p.changed
}

// awaitChange reports whether something changed before the deadline; the zero deadline never comes.
func awaitChange(changed chan struct{}, deadline time.Time) bool {
	if deadline.IsZero() {
		<-changed
		return true
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return false
	}
}

// scriptConn is one end of a connection within the process. The other end can still read the octets that were written
// before Close, as with TCP.
type scriptConn struct {
	in, out *scriptPipe
	wrote   func([]byte) // when not nil, is called with the octets of each Write before they are written

	mu                   sync.Mutex
	readUntil, sendUntil time.Time
}

// newScriptConns returns the two ends.
func newScriptConns() (client, server *scriptConn) {
	up, down := newScriptPipe(), newScriptPipe()
	return &scriptConn{in: down, out: up}, &scriptConn{in: up, out: down}
}

func (c *scriptConn) deadlines() (read, write time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readUntil, c.sendUntil
}

func (c *scriptConn) Read(b []byte) (int, error) {
	deadline, _ := c.deadlines()
	return c.in.read(b, deadline)
}

func (c *scriptConn) Write(b []byte) (int, error) {
	if c.wrote != nil {
		c.wrote(b)
	}
	_, deadline := c.deadlines()
	return c.out.write(b, deadline)
}

func (c *scriptConn) Close() error {
	c.out.end()
	c.in.drop()
	return nil
}

func (c *scriptConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 110} }
func (c *scriptConn) RemoteAddr() net.Addr { return c.LocalAddr() }

func (c *scriptConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readUntil, c.sendUntil = t, t
	return nil
}

func (c *scriptConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readUntil = t
	return nil
}

func (c *scriptConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sendUntil = t
	return nil
}
