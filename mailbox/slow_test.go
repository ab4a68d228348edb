package mailbox_test

import (
	"context"
	"net"
	"strings"
	"time"
)

// slowConn hands so many octets a second to its reader once the command after was written.
type slowConn struct {
	net.Conn
	context context.Context
	after   string // "" means from the start
	octets  int    // in each read, 0 means 1
	slow    bool
}

// Write implements net.Conn.
func (c *slowConn) Write(p []byte) (int, error) {
	c.slow = c.slow || strings.HasPrefix(string(p), c.after)
	return c.Conn.Write(p)
}

// Read implements net.Conn.
func (c *slowConn) Read(p []byte) (int, error) {
	if !c.slow {
		return c.Conn.Read(p)
	}
	tick := time.NewTimer(time.Second)
	defer tick.Stop()
	select {
	case <-tick.C:
	case <-c.context.Done():
	}
	return c.Conn.Read(p[:min(len(p), max(1, c.octets))])
}
