package mailbox

import (
	"cmp"
	"time"
)

// minimumRate, in octets a second, is what a server must keep to beyond the first StepTimeout: an octet a second
// would otherwise renew the deadline for ever. The slowest line in use is many times faster.
const minimumRate = 4 << 10

// listingRate is the minimum rate of what is no message: nobody is helped by a listing or a header that takes hours.
const listingRate = 32 << 10

// pace computes the deadlines of one step.
type pace struct {
	timeout time.Duration
	rate    int64 // octets a second, 0 for listingRate
	start   time.Time
	octets  int64 // received since start
}

// restart begins a step.
func (p *pace) restart() { p.start, p.octets = time.Now(), 0 }

// received notes progress.
func (p *pace) received(n int) { p.octets += int64(n) }

// readDeadline is renewed by progress, but not beyond what the minimum rate allows.
func (p *pace) readDeadline() time.Time {
	earned := time.Duration(p.octets) * (time.Second / time.Duration(cmp.Or(p.rate, listingRate)))
	slowest := p.start.Add(p.timeout + earned)
	if silent := time.Now().Add(p.timeout); silent.Before(slowest) {
		return silent
	}
	return slowest
}

// writeDeadline is for one write, or for a handshake.
func (p *pace) writeDeadline() time.Time { return time.Now().Add(p.timeout) }

// deadlineReader is the connection below wire's buffer: every read has its deadline and counts as progress.
type deadlineReader struct{ c *connection }

// Read implements io.Reader.
func (s deadlineReader) Read(b []byte) (int, error) {
	if err := s.c.stream.SetReadDeadline(s.c.pace.readDeadline()); err != nil {
		return 0, err
	}
	n, err := s.c.stream.Read(b)
	s.c.pace.received(n)
	return n, err
}
