package smtp

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxAnswer is how many octets the server may send in one step, TLS and its certificates included.
const maxAnswer = 256 << 10

// connection is the TCP connection below go-mail and below TLS. It limits what the server sends in one step, and may be
// closed by any goroutine: go-mail's own Close waits for the command under way.
type connection struct {
	net.Conn
	left    atomic.Int64 // octets that the server may still send in this step
	closing sync.Once
}

// restart begins a step: until its end the server may send maxAnswer octets, and has as much time as timeout says.
func (c *connection) restart(timeout time.Duration) error {
	c.left.Store(maxAnswer)
	return c.SetDeadline(time.Now().Add(timeout))
}

// Read reads from the server, within the limit of the step.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.left.Add(int64(-n)) < 0 {
		return 0, fmt.Errorf("%w: it sent more than %d octets in one answer", errProtocol, maxAnswer)
	}
	return n, err
}

// Close drops the connection at once. Any goroutine may call it, more than once.
func (c *connection) Close() error {
	c.closing.Do(func() { _ = c.Conn.Close() }) // an error leaves nothing to do: the connection is not used again
	return nil
}
