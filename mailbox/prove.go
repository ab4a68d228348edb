package mailbox

import (
	"context"
	"errors"
	"strings"
)

// proveInStep proves that every answer belongs to the command that it was taken for. It receives all answers in flight
// and the answer to a STAT behind them, which no other answer resembles: had the server, or a proxy, sent one answer
// too many, the answer to STAT would be another command's. An error has ended the session, or is the context's.
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
		return s.protocolFailure("STAT", "its answers are out of step, or it refused STAT with %s", s.quote(s.conn.last.String()))
	case !isDropListing(probe.text.String(), s.statWords):
		return s.protocolFailure("STAT", "its answers are out of step: it answered STAT with %s", s.quote(s.conn.last.String()))
	case s.conn.isAhead():
		return s.protocolFailure("STAT", "its answers are out of step: it sent an answer without a command")
	}
	return nil
}

// isDropListing reports whether the text of an answer is a drop listing: two numbers, and no more further words
// (against RFC 1939 §5) than the server's first drop listing had. The numbers themselves prove nothing, as a server may
// still count the messages that DELE marked.
func isDropListing(text string, words int) bool {
	all := strings.Fields(text)
	return len(all) >= 2 && len(all) <= max(2, words) && isNumber(all[0]) && isNumber(all[1])
}

// strayReply ends the session and returns an error when a message begins with a status line and is larger than listed
// by at least that line: then a stray +OK was taken for the answer to RETR, and the real answer is within the message.
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

// proveAfterRefusal proves the dialogue in step after a refused RETR. The refusal may be a stray answer that shifts all
// later ones: so the messages in flight are received and not kept, and from then on messages are requested one by one.
// If this ends the session, and no other message is to blame, the error names the refused message, so that the next
// session reads the others first.
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

// forget has the answer to a RETR that was sent ahead read and dropped.
func (r *request) forget() {
	if r.ahead {
		r.ahead = false
		r.spool.drop()
	}
}
