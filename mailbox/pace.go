package mailbox

import (
	"cmp"
	"time"
)

// minimumRate, in octets a second, is the least rate of a message beyond the first StepTimeout: otherwise a server that
// sends one octet a second would renew the deadline for ever. The slowest line in use is many times faster.
const minimumRate = 4 << 10

// listingRate is the least rate of all other answers: a listing or a header that takes hours is of no use.
const listingRate = 32 << 10

// LongestStep returns how long each step with the server may take, apart from long answers.
func (a Account) LongestStep() time.Duration { return cmp.Or(a.StepTimeout, defaultStepTimeout) }

// LongestRetrieval returns how long the octets of a message may take beyond the first step.
func LongestRetrieval(octets int64) time.Duration {
	return time.Duration(octets/minimumRate) * time.Second
}

// pace computes the deadlines within one step.
type pace struct {
	timeout time.Duration
	rate    int64 // octets a second, 0 for listingRate
	start   time.Time
	octets  int64 // received since start
}

// restart starts a step.
func (p *pace) restart() { p.start, p.octets = time.Now(), 0 }

// received records that n octets arrived.
func (p *pace) received(n int) { p.octets += int64(n) }

// readDeadline returns the deadline of the next read: each read gets the whole timeout, but not beyond the minimum
// rate.
func (p *pace) readDeadline() time.Time {
	earned := time.Duration(p.octets) * (time.Second / time.Duration(cmp.Or(p.rate, listingRate)))
	slowest := p.start.Add(p.timeout + earned)
	if silent := time.Now().Add(p.timeout); silent.Before(slowest) {
		return silent
	}
	return slowest
}

// writeDeadline returns the deadline of one write, or of a handshake.
func (p *pace) writeDeadline() time.Time { return time.Now().Add(p.timeout) }

// deadlineReader reads from the stream below a connection's buffer. Each read has a deadline and counts as progress.
type deadlineReader struct{ c *connection }

// Read implements io.Reader.
func (r deadlineReader) Read(b []byte) (int, error) {
	if err := r.c.stream.SetReadDeadline(r.c.pace.readDeadline()); err != nil {
		return 0, err
	}
	n, err := r.c.stream.Read(b)
	r.c.pace.received(n)
	return n, err
}
