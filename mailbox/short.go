package mailbox

import "fmt"

// isShort reports whether a message that came to its end has far fewer octets than LIST said: fewer than half, less
// 512, or none. LIST is an estimate on some servers: Exchange is up to a third off, and others count a line's end as
// one octet. No estimate is off by half.
func isShort(it Item, octets int64) bool {
	return 2*octets+512 < it.Octets || octets == 0 && it.Octets > 2
}

// shortness returns the error of a RETR whose message came far shorter than listed. The session goes on: the answer was
// whole, as far as POP3 can tell.
func (s *Session) shortness(r *request) error {
	if !r.ahead || r.spool.dropped || !isShort(r.item, r.spool.Size()) {
		return nil
	}
	e := s.failure(r.op, fmt.Errorf("%w: %d octets of %d", ErrShort, r.spool.Size(), r.item.Octets))
	e.Number, e.broken = r.item.Number, false
	return e
}
