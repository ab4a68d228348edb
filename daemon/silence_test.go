package daemon

import (
	"context"
	"net"
	"sync"
	"time"
)

// silences let the time of the steps with a mail server run out as soon as the server has fallen silent, and never before: a short time
// would run out on a busy machine, too. The server answers one command after another.
type silences struct {
	mu    sync.Mutex
	open  []*silenced
	falls bool // whoever waits for the server has waited for long enough
}

// between returns dial, with connections whose time runs out when the silence falls.
func (s *silences) between(dial dialing) dialing {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return s.add(conn), nil
	}
}

// add returns a connection whose time runs out when the silence falls.
func (s *silences) add(conn net.Conn) net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &silenced{conn, s}
	s.open = append(s.open, c)
	c.keep()
	return c
}

// fall lets the time of all connections run out, also of one that the client is about to have. It is to be called once the server
// sends nothing more.
func (s *silences) fall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.falls = true
	for _, c := range s.open {
		c.keep()
	}
}

// end lets connections live that begin from now on.
func (s *silences) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.falls = nil, false
}

// silenced is a connection whose time runs out when the silence falls.
type silenced struct {
	net.Conn
	silences *silences
}

// keep makes waiting end if the silence has fallen. The caller holds silences.mu.
func (c *silenced) keep() {
	if c.silences.falls {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // a connection that has ended needs none
	}
}

// SetReadDeadline implements net.Conn.
func (c *silenced) SetReadDeadline(t time.Time) error {
	c.silences.mu.Lock()
	defer c.silences.mu.Unlock()
	if c.silences.falls {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *silenced) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}
