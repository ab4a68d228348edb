package mailbox

import (
	"context"
	"errors"
	"strings"
)

// proveInStep makes sure that every answer belongs to the command that it was taken for. It receives all answers in flight and
// that to a STAT behind them, whose form no other answer has: a proxy or server that answered once too often would have
// the client take for it what belongs to the command before. An error has ended the session, or is the context's.
func (s *Session) proveInStep(ctx context.Context) error {
	probe := &request{op: "STAT"}
	if err := s.send(ctx, probe); err != nil {
		return err
	}
	err := s.await(ctx, probe)
	switch {
	case err != nil && (SessionBroken(err) || isContext(err)):
		return err
	case err != nil:
		return s.protocolFailure("STAT", "its answers are out of step, or it refuses STAT: %s", s.quote(s.conn.last.String()))
	case !isDropListing(probe.text.String(), s.statWords):
		return s.protocolFailure("STAT", "its answers are out of step: %s answers STAT", s.quote(s.conn.last.String()))
	case s.conn.isAhead():
		return s.protocolFailure("STAT", "its answers are out of step: it answers before it is asked")
	}
	return nil
}

// isDropListing reports whether the text of an answer is a drop listing: two numbers and, where RFC 1939 §5 is not kept
// to, the further words that the server's first drop listing had as well. A server may still count what DELE marked, so
// that the numbers say nothing.
func isDropListing(text string, words int) bool {
	all := strings.Fields(text)
	return len(all) >= 2 && len(all) <= max(2, words) && isNumber(all[0]) && isNumber(all[1])
}

// strayReply returns an error that ended the session when a message begins with a status line and is larger than listed
// by no less than this line: the answer to its RETR is within the message, behind a stray +OK that was taken for it.
func (s *Session) strayReply(r *request) error {
	if r.spool.Size() <= r.item.Octets || r.spool.firstOctet() != '+' {
		return nil
	}
	start := make([]byte, maxLine)
	n, _ := r.spool.ReadAt(start, 0) // io.EOF where the message is shorter
	line, _, _ := strings.Cut(string(start[:n]), "\r\n")
	if _, is := parseReply(line); !is || r.spool.Size() < r.item.Octets+int64(len(line)+2) {
		return nil
	}
	err := s.protocolFailure(r.op, "its answers are out of step: the message begins with %s", s.quote(line))
	err.Number = r.item.Number
	return err
}

// proveAfterRefusal is for a RETR that was refused. The refusal may be a stray answer, behind which those of the others are shifted:
// all answers in flight are received, no message among them is kept, and the dialogue is proven to be in step. Messages
// are asked for one by one from then on. When the session ends of it, and not of another message, the error names this
// one, so that the next session takes the others first.
func (s *Session) proveAfterRefusal(ctx context.Context, refused *request) error {
	for _, r := range s.inFlight {
		s.oneByOne = true
		r.forget()
	}
	err := s.proveInStep(ctx)
	var e *Error
	if errors.As(err, &e) && e.broken && (e.Number == 0 || errors.Is(err, ErrProtocol)) {
		e.Op, e.Command, e.Number = refused.op, firstWord(refused.op), refused.item.Number
	}
	return err
}

// forget makes the answer to a RETR that was asked for ahead be read and dropped.
func (r *request) forget() {
	if r.ahead {
		r.ahead = false
		r.spool.drop()
	}
}
