package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// How much Top takes of an answer. What exceeds a header by far is read and forgotten, as some servers send the whole
// message; what exceeds that too is not waited for.
const (
	maxTop     = 1 << 20 // octets that are kept
	maxTopRead = 4 << 20 // octets that are read
)

// Prefetch says which messages will be retrieved next, in that order. Where the server has PIPELINING they are asked
// for while those before them are worked on, within a bounded window; elsewhere it changes nothing. It replaces what an
// earlier call said.
func (s *Session) Prefetch(items []Item) { s.planned = slices.Clone(items) }

// Retrieve reads one message (RETR) into a spool, which the caller closes. When the server refuses this one message,
// SessionBroken is false for the error and others can be retrieved. With PIPELINING the error that ends the session may
// be another message's: Error.Number says which. When the message came far shorter than listed, Retrieve returns its
// spool together with an error of the class ErrShort: it must not be taken for the message, and not be deleted.
func (s *Session) Retrieve(ctx context.Context, it Item) (*Spool, error) {
	if err := s.askFor(ctx, s.nextToAsk(it)); err != nil {
		return nil, err
	}
	for {
		if r := s.takeAnswer(it.Number); r != nil {
			return r.message()
		}
		if err := s.receive(ctx); err != nil {
			return nil, err
		}
	}
}

// message returns what became of a RETR: a spool unless it was refused.
func (r *request) message() (*Spool, error) {
	if r.err != nil && !errors.Is(r.err, ErrShort) {
		return nil, r.err
	}
	return r.spool, r.err
}

// isShort reports whether a message that came to its end has far fewer octets than LIST said: fewer than half, less
// 512, or none. LIST is an estimate on some servers: Exchange is up to a third off, and others count a line's end as
// one octet. No estimate is off by half.
func isShort(it Item, octets int64) bool {
	return 2*octets+512 < it.Octets || octets == 0 && it.Octets > 2
}

// shortError returns the error of a RETR whose message came far shorter than listed. The session goes on: the answer was
// whole, as far as POP3 can tell.
func (s *Session) shortError(r *request) error {
	if !r.ahead || r.spool.dropped || !isShort(r.item, r.spool.Size()) {
		return nil
	}
	e := s.failure(r.op, fmt.Errorf("%w: %d octets of %d", ErrShort, r.spool.Size(), r.item.Octets))
	e.Number, e.broken = r.item.Number, false
	return e
}

// Top reads the header of one message (TOP n 0, which RFC 1939 §7 leaves optional) into a spool, which the caller closes.
// It keeps the first MiB of the answer; an answer of more than 4 MiB ends the session with ErrTooLarge. The error that
// ends the session has the Op "TOP n 0" when it is this answer's.
func (s *Session) Top(ctx context.Context, it Item) (*Spool, error) {
	r := &request{op: numbered("TOP", it) + " 0", item: it, spool: newTopSpool(s.account)}
	if err := s.send(ctx, r); err != nil {
		return nil, err
	}
	if err := s.await(ctx, r); err != nil {
		return nil, err
	}
	return r.spool, nil
}

// Delete marks a message; it is removed when Quit is answered, and not before.
func (s *Session) Delete(ctx context.Context, it Item) error {
	r := &request{op: numbered("DELE", it), item: it}
	if err := s.send(ctx, r); err != nil {
		return err
	}
	return s.await(ctx, r)
}

// DeleteAhead marks messages as Delete does, and calls answered for each with nil or the refusal. Where the server has
// PIPELINING the answers may be read later, up to and within Quit: until then it is not known whether a message is
// marked. An error ended the session, or was the context's.
func (s *Session) DeleteAhead(ctx context.Context, items []Item, answered func(Item, error)) error {
	if !s.isPipelining() {
		return s.deleteEach(ctx, items, answered)
	}
	for some := range slices.Chunk(items, maxAhead) {
		for s.deletions() >= maxAhead {
			if err := s.receive(ctx); err != nil {
				return err
			}
		}
		commands := make([]*request, len(some))
		for i, it := range some {
			commands[i] = &request{op: numbered("DELE", it), item: it, answered: answered}
		}
		if err := s.send(ctx, commands...); err != nil {
			return err
		}
	}
	return nil
}

// deleteEach waits for each answer before the next command.
func (s *Session) deleteEach(ctx context.Context, items []Item, answered func(Item, error)) error {
	for _, it := range items {
		err := s.Delete(ctx, it)
		if err != nil && (SessionBroken(err) || isContext(err)) {
			return err
		}
		answered(it, err)
	}
	return nil
}

// deletions is how many DELE are in flight.
func (s *Session) deletions() (n int) {
	for _, r := range s.inFlight {
		if r.answered != nil {
			n++
		}
	}
	return n
}

// Quit enters the UPDATE state: when it returns nil the server has removed all that Delete marked. RFC 1939 §6 lets it
// refuse when it could not remove all. Before, Quit accounts for every answer: where one is too many or too few it sends
// no QUIT and returns an error of the class ErrProtocol, so that nothing is deleted. The connection is closed in any case.
func (s *Session) Quit(ctx context.Context) error {
	defer s.Close() //nolint:errcheck // it is always nil
	for _, r := range s.inFlight {
		r.forget()
	}
	if err := s.receiveAll(ctx); err != nil {
		return markBroken(err)
	}
	r := &request{op: "QUIT"}
	if err := s.send(ctx, r); err != nil {
		return markBroken(err)
	}
	return markBroken(s.await(ctx, r))
}

// receiveAll receives all answers. A session that took or marked no message has nothing to lose by QUIT, so that the dialogue
// needs no proof.
func (s *Session) receiveAll(ctx context.Context) error {
	if s.touched {
		return s.proveInStep(ctx)
	}
	for len(s.inFlight) > 0 {
		if err := s.receive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// numbered is a command about one message.
func numbered(command string, it Item) string { return command + " " + strconv.Itoa(it.Number) }
