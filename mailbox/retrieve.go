package mailbox

import (
	"context"
	"strconv"
)

// Retrieve reads one message (RETR) into a spool, which the caller closes. When the server refuses this one message,
// SessionBroken is false for the error and others can be retrieved.
func (s *Session) Retrieve(ctx context.Context, it Item) (*Spool, error) {
	spool := newSpool(s.account, it.Octets)
	op := "RETR " + strconv.Itoa(it.Number)
	err := s.command(ctx, op, expectation{message: spool}, func() error {
		return discard(s.pop.Cmd("RETR", true, it.Number))
	})
	if err != nil {
		_ = spool.Close() // only a part of a message is lost with it
		return nil, err
	}
	spool.finish()
	return spool, nil
}
