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

// limitedConn is a session's TCP connection. It counts the octets sent and stops sending at the limit. It does not
// close then, so that the session can release the maildrop first.
type limitedConn struct {
	net.Conn
	limit int64 // -1 for none
	sent  atomic.Int64
}

// Write sends as many octets as the limit allows.
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

// octets returns how many octets were sent.
func (w *limitedConn) octets() int64 { return w.sent.Load() }

// delayed delays the octets from the client without reducing their rate: it adds latency only.
type delayed struct {
	net.Conn
	delay   time.Duration
	arrived chan parcel
	left    []byte
	err     error // what ended the reading; set before arrived is closed
	closing sync.Once
	closed  chan struct{}
}

// Pipe returns the ends of a net.Pipe in which the client's writes do not wait for the server's reads: a client that
// sends commands ahead (RFC 2449 §6.6) needs the buffer that a socket has.
func Pipe() (client, server net.Conn) {
	client, server = net.Pipe()
	return client, delay(server, 0)
}

// parcel is the result of one read, and the time at which the session may see it.
type parcel struct {
	octets []byte
	due    time.Time
}

// delay returns conn with a delay on its reads. It starts reading at once.
func delay(conn net.Conn, d time.Duration) *delayed {
	c := &delayed{Conn: conn, delay: d, arrived: make(chan parcel, 1024), closed: make(chan struct{})}
	go c.receive()
	return c
}

// receive reads octets and the time of their arrival, until the connection ends.
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

// Read returns the octets that have been delayed long enough.
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
