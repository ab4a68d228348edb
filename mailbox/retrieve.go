package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Limits of an answer to TOP. Some servers send the whole message: Top drops the octets beyond maxTop, and gives up at
// maxTopRead.
const (
	maxTop     = 1 << 20 // octets that are kept
	maxTopRead = 4 << 20 // octets that are read
)

// Prefetch announces the messages that the caller will retrieve next, in that order. Where the server has PIPELINING
// the session requests them ahead, within a bounded window; elsewhere it changes nothing. It replaces an earlier call.
func (s *Session) Prefetch(items []Item) { s.planned = slices.Clone(items) }

// Retrieve reads one message (RETR) into a spool, which the caller closes. When the server refuses only this message,
// SessionBroken is false for the error and the caller can retrieve others. With PIPELINING an error that ends the
// session may be about another message: see Error.Number. When the message is far shorter than listed, Retrieve returns
// the spool together with an ErrShort: the caller must not take it for the message, and not delete the message.
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

// message returns the result of a RETR: a spool, unless the server refused.
func (r *request) message() (*Spool, error) {
	if r.err != nil && !errors.Is(r.err, ErrShort) {
		return nil, r.err
	}
	return r.spool, r.err
}

// isShort reports whether a complete message has far fewer octets than LIST said: fewer than half, less 512, or none.
// LIST is an estimate on some servers: Exchange is up to a third off, and others count a line's end as one octet. No
// estimate is off by half.
func isShort(it Item, octets int64) bool {
	return 2*octets+512 < it.Octets || octets == 0 && it.Octets > 2
}

// shortError returns the error for a message that is far shorter than listed, nil for any other. The session goes on:
// the answer was complete, as far as POP3 can tell.
func (s *Session) shortError(r *request) error {
	if !r.ahead || r.spool.dropped || !isShort(r.item, r.spool.Size()) {
		return nil
	}
	e := s.failure(r.op, fmt.Errorf("%w: %d octets of %d", ErrShort, r.spool.Size(), r.item.Octets))
	e.Number, e.broken = r.item.Number, false
	return e
}

// Top reads the header of one message (TOP n 0, optional in RFC 1939 §7) into a spool, which the caller closes. It
// keeps the first MiB of the answer; an answer of more than 4 MiB ends the session with ErrTooLarge. An error that ends
// the session has the Command TOP only when this answer caused it.
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

// Delete marks a message; the server removes it when it answers Quit, and not before.
func (s *Session) Delete(ctx context.Context, it Item) error {
	r := &request{op: numbered("DELE", it), item: it}
	if err := s.send(ctx, r); err != nil {
		return err
	}
	return s.await(ctx, r)
}

// DeleteAhead marks messages as Delete does, and calls answered for each with nil or the refusal. Where the server has
// PIPELINING the session may read the answers later, in Quit at the latest: until answered is called, it is unknown
// whether the message is marked. An error has ended the session, or is the context's.
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

// deleteEach marks messages one by one and waits for each answer.
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

// deletions returns how many DELE are in flight.
func (s *Session) deletions() (n int) {
	for _, r := range s.inFlight {
		if r.answered != nil {
			n++
		}
	}
	return n
}

// Quit enters the UPDATE state: when it returns nil, the server has removed all messages that Delete marked. RFC 1939
// §6 lets the server refuse when it could not remove all. Quit first accounts for every answer: if there is one too
// many or too few, it sends no QUIT and returns an ErrProtocol, so that nothing is deleted. It closes the connection in
// any case.
func (s *Session) Quit(ctx context.Context) error {
	defer s.Close()
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

// receiveAll receives all answers in flight. A session that sent no command about a message loses nothing by QUIT, so
// the dialogue needs no proof.
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

// numbered returns a command about one message.
func numbered(command string, it Item) string { return command + " " + strconv.Itoa(it.Number) }
