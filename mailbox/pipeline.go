package mailbox

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/knadh/go-pop3"
)

// How far ahead a session sends commands where the server has PIPELINING (RFC 2449 §6.6). Answers stay in the socket
// until they are needed; an answer that was read on the way to a later one is spooled.
const (
	maxAhead       = 100     // messages requested and not handed out yet, and deletions not answered
	maxAheadOctets = 1 << 20 // of these messages, as LIST says; two are requested whatever their size
)

// request is one command and its answer.
type request struct {
	op       string
	item     Item               // for RETR, TOP and DELE
	lines    func([]byte) error // receives the lines of an answer that is a listing
	most     int64              // octets that this listing may have
	spool    *Spool             // for RETR and TOP
	ahead    bool               // a RETR whose answer waits for Retrieve
	answered func(Item, error)  // for DELE

	sent bool
	text *bytes.Buffer // of the answer's status line
	done bool
	err  error // a refusal
}

// requests are a session's requests that are planned, in flight, or answered and not handed out.
type requests struct {
	planned  []Item     // to be retrieved next, not requested yet
	inFlight []*request // not answered yet, in the order in which they were sent

	mu     sync.Mutex
	ready  map[int]*request // by message-number: answered before Retrieve was called
	closed bool

	statWords int  // in the first drop listing
	touched   bool // a command about a message was sent
	oneByOne  bool // no messages are requested ahead any more
}

// read reads the answer.
func (r *request) read(pop *pop3.Conn) error {
	line, err := pop.ReadOne()
	r.text = bytes.NewBuffer(line)
	if err == nil && (r.lines != nil || r.spool != nil) {
		_, err = pop.ReadAll() // empty: the connection has passed the octets on already
	}
	return err
}

// expectation returns what follows the status line of the answer.
func (r *request) expectation() expectation {
	if r.spool != nil {
		return expectation{message: r.spool}
	}
	return expectation{lines: r.lines, most: r.most}
}

// isPipelining reports whether the session may send commands before it has the answers to earlier ones.
func (s *Session) isPipelining() bool { return !s.oneByOne && s.capabilities.Has("PIPELINING") }

// send sends commands in one write.
func (s *Session) send(ctx context.Context, commands ...*request) error {
	return s.run(ctx, commands[0].op, func() error {
		s.conn.hold()
		for _, r := range commands {
			if err := s.conn.expect(r.expectation()); err != nil {
				return err
			}
			if err := s.pop.Send(r.op); err != nil {
				return err
			}
			s.inFlight = append(s.inFlight, r)
			r.sent = true
			s.touched = s.touched || r.item.Number != 0
		}
		return s.conn.flush()
	})
}

// rate returns the minimum rate of the answer.
func (r *request) rate() int64 {
	if r.ahead {
		return minimumRate
	}
	return listingRate
}

// withNumber adds the message-number to an error of the message's command.
func withNumber(it Item, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Number = it.Number
	}
	return err
}

// receive reads the answer to the oldest command in flight. It returns only errors that ended the session, or the
// context's before anything was read; a refusal is kept in the request.
func (s *Session) receive(ctx context.Context) error {
	r := s.inFlight[0]
	s.conn.pace.rate = r.rate()
	err := withNumber(r.item, s.run(ctx, r.op, func() error { return r.read(s.pop) }))
	if isContext(err) && !SessionBroken(err) {
		return err
	}
	s.inFlight = s.inFlight[1:]
	if err == nil && r.ahead {
		err = s.strayReply(r)
	}
	r.err, r.done = err, true
	switch {
	case r.spool == nil:
	case err != nil || r.spool.dropped:
		_ = r.spool.Close() // it has a part of a message at most
	default:
		r.spool.finish()
		r.err = s.shortError(r)
	}
	switch {
	case SessionBroken(err):
		_ = s.Close() // its error is always nil
		return err
	case r.ahead:
		s.keepAnswer(r)
		if err != nil {
			return s.proveAfterRefusal(ctx, r)
		}
	case r.answered != nil:
		r.answered(r.item, err)
	}
	return nil
}

// await reads answers up to the one to r. It returns the refusal of r, or the error of receive.
func (s *Session) await(ctx context.Context, r *request) error {
	for !r.done {
		if err := s.receive(ctx); err != nil {
			return err
		}
	}
	return r.err
}

// do sends a command, unless it was sent already, and waits for its answer.
func (s *Session) do(ctx context.Context, r *request) error {
	if !r.sent {
		if err := s.send(ctx, r); err != nil {
			return err
		}
	}
	return s.await(ctx, r)
}

// keepAnswer keeps the answer to a RETR for Retrieve.
func (s *Session) keepAnswer(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = r.spool.Close() // the session is closed: no Retrieve will follow
		return
	}
	if s.ready == nil {
		s.ready = map[int]*request{}
	}
	s.ready[r.item.Number] = r
}

// takeAnswer removes and returns the answer to a RETR, nil when it was not read yet.
func (s *Session) takeAnswer(number int) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.ready[number]
	delete(s.ready, number)
	return r
}

// closeSpools closes the spools that were not handed out.
func (s *Session) closeSpools() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, r := range s.ready {
		_ = r.spool.Close() // the message is still on the server
	}
	s.ready = nil
}

// outstanding returns how many messages were requested and not handed out, and their octets.
func (s *Session) outstanding() (messages int, octets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ready {
		messages++
		octets += r.item.Octets
	}
	for _, r := range s.inFlight {
		if r.ahead {
			messages++
			octets += r.item.Octets
		}
	}
	return messages, octets
}

// isRequested reports whether a message was requested and not handed out.
func (s *Session) isRequested(number int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready[number] != nil || slices.ContainsFunc(s.inFlight, func(r *request) bool {
		return r.ahead && r.item.Number == number
	})
}

// nextToAsk returns the messages to request now: it, unless it was requested already, and, where the server pipelines,
// as many planned ones as the window has room for. The window is refilled when a quarter of it is free, so that
// commands go out in few writes.
func (s *Session) nextToAsk(it Item) []Item {
	messages, octets := s.outstanding()
	var items []Item
	if !s.isRequested(it.Number) {
		items = append(items, it)
		octets += it.Octets
	}
	if !s.isPipelining() || len(items) == 0 && messages > maxAhead*3/4 {
		return items
	}
	for _, planned := range s.planned {
		n := messages + len(items)
		if n >= maxAhead || n >= 2 && octets+planned.Octets > maxAheadOctets {
			break
		}
		if planned.Number == it.Number || s.isRequested(planned.Number) {
			continue
		}
		items = append(items, planned)
		octets += planned.Octets
	}
	return items
}

// askFor sends RETR for items and removes them from the plan.
func (s *Session) askFor(ctx context.Context, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	commands := make([]*request, len(items))
	for i, it := range items {
		commands[i] = &request{op: numbered("RETR", it), item: it, spool: newSpool(s.account, it.Octets), ahead: true}
	}
	if err := s.send(ctx, commands...); err != nil {
		return err
	}
	asked := map[int]bool{}
	for _, it := range items {
		asked[it.Number] = true
	}
	s.planned = slices.DeleteFunc(s.planned, func(p Item) bool { return asked[p.Number] })
	return nil
}
