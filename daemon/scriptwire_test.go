package daemon

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeRoom is how many octets a connection holds that nobody has read yet, as a socket's buffers do.
const pipeRoom = 64 << 10

// scriptPipe is one direction of a connection within the process. All its waiting is on channels, so that a bubble of
// testing/synctest sees when nothing moves.
type scriptPipe struct {
	mu      sync.Mutex
	data    []byte
	ended   bool          // nobody writes any more: what is left can still be read
	dropped bool          // nobody reads any more
	changed chan struct{} // closed and replaced at each change
}

func newScriptPipe() *scriptPipe { return &scriptPipe{changed: make(chan struct{})} }

// change wakes those who wait. The pipe is locked.
func (p *scriptPipe) change() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// read takes octets, once there are some.
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

// take takes what is there; without anything it returns what to wait for.
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

// write puts octets in as long as there is room for them.
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

// put puts in what there is room for; without room it returns what to wait for.
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

// end says that nothing more is written.
func (p *scriptPipe) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.change()
}

// drop says that nothing more is read.
func (p *scriptPipe) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped = true
	p.change()
}

// gone reports whether nothing more is read, and returns what to wait for otherwise.
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

// scriptConn is one end of a connection within the process. What was written before Close can still be read by the
// other end, as with TCP.
type scriptConn struct {
	in, out *scriptPipe
	wrote   func([]byte) // when not nil, is told what is about to be written

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
