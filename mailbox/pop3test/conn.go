package pop3test

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errCut ends a session after CutAfterOctets.
var errCut = errors.New("cut after so many octets")

// limitedConn is the TCP side of a session: it counts, and stops sending where it shall be cut. It does not close then: the
// maildrop is released first.
type limitedConn struct {
	net.Conn
	limit int64 // -1 for none
	sent  atomic.Int64
}

// Write sends as much as the limit leaves.
func (w *limitedConn) Write(p []byte) (int, error) {
	cut := false
	if left := w.limit - w.sent.Load(); w.limit >= 0 && int64(len(p)) > left {
		p, cut = p[:left], true
	}
	n, err := w.Conn.Write(p)
	w.sent.Add(int64(n))
	if cut && err == nil {
		err = errCut
	}
	return n, err
}

// octets is how many were sent.
func (w *limitedConn) octets() int64 { return w.sent.Load() }

// delayed lets what the client sends arrive later, without holding back what follows: a long line, not a thin one.
type delayed struct {
	net.Conn
	delay   time.Duration
	arrived chan parcel
	left    []byte
	err     error // what ended the reading; set before arrived is closed
	closing sync.Once
	closed  chan struct{}
}

// Pipe is net.Pipe, but what the client writes does not wait until the server reads: a client that sends commands ahead
// (RFC 2449 §6.6) needs the room that a socket has.
func Pipe() (client, server net.Conn) {
	client, server = net.Pipe()
	return client, delay(server, 0)
}

// parcel is what one read gave, and when the session may see it.
type parcel struct {
	octets []byte
	due    time.Time
}

// delay starts reading from conn.
func delay(conn net.Conn, d time.Duration) *delayed {
	c := &delayed{Conn: conn, delay: d, arrived: make(chan parcel, 1024), closed: make(chan struct{})}
	go c.receive()
	return c
}

// receive notes when octets come in, until the connection ends.
func (c *delayed) receive() {
	defer close(c.arrived)
	for {
		buffer := make([]byte, 4096)
		n, err := c.Conn.Read(buffer)
		if n > 0 {
			select {
			case c.arrived <- parcel{buffer[:n], time.Now().Add(c.delay)}:
			case <-c.closed:
				return
			}
		}
		if err != nil {
			c.err = err
			return
		}
	}
}

// Read gives what has been under way long enough.
func (c *delayed) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		next, ok := <-c.arrived
		if !ok {
			return 0, c.err
		}
		timer := time.NewTimer(time.Until(next.due))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.closed:
			return 0, net.ErrClosed
		}
		c.left = next.octets
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// Close closes the connection and ends the reading.
func (c *delayed) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
