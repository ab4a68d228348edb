package mailbox

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/knadh/go-pop3"
)

// How far ahead messages are asked for where the server has PIPELINING (RFC 2449 §6.6). What was sent and is not
// wanted yet stays in the socket; what had to be read to reach the answer to another command is spooled.
const (
	maxAhead       = 100     // messages asked for and not handed out, and deletions not answered
	maxAheadOctets = 1 << 20 // of these messages, as LIST says; two are asked for whatever their size
)

// request is one command that was sent, and what became of it.
type request struct {
	op       string
	item     Item               // of RETR, TOP and DELE
	lines    func([]byte) error // takes the lines of an answer that is a listing
	most     int64              // octets of this listing
	spool    *Spool             // of RETR and TOP
	ahead    bool               // a RETR whose answer waits for Retrieve
	answered func(Item, error)  // of DELE

	sent bool
	text *bytes.Buffer // of the answer's first line
	done bool
	err  error // a refusal
}

// requests are those of a session that are not done with.
type requests struct {
	planned  []Item     // to be retrieved next, not asked for
	inFlight []*request // not answered, in the order in which they were sent

	mu     sync.Mutex
	ready  map[int]*request // by message-number: answered before Retrieve was called
	closed bool

	statWords int  // of the first drop listing
	touched   bool // a command about a message was sent
	oneByOne  bool // nothing is asked for ahead any more
}

// read reads the answer.
func (r *request) read(pop *pop3.Conn) error {
	line, err := pop.ReadOne()
	r.text = bytes.NewBuffer(line)
	if err == nil && (r.lines != nil || r.spool != nil) {
		_, err = pop.ReadAll() // nothing: wire has handed it on already
	}
	return err
}

// expectation is what follows the status line of the answer.
func (r *request) expectation() expectation {
	if r.spool != nil {
		return expectation{message: r.spool}
	}
	return expectation{lines: r.lines, most: r.most}
}

// isPipelining reports whether commands may be sent before the answers to those before them are there.
func (s *Session) isPipelining() bool { return !s.oneByOne && s.capabilities.Has("PIPELINING") }

// send sends commands in one piece.
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

// withNumber makes an error one about a message.
func withNumber(it Item, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Number = it.Number
	}
	return err
}

// receive reads the answer to the oldest command in flight. Its error is one that ended the session, or the context's
// before anything was read; a refusal is only that command's own.
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
		_ = r.spool.Close() // only a part of a message is lost with it
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

// await reads answers up to the one to r, and returns why that was refused, or what ended the session.
func (s *Session) await(ctx context.Context, r *request) error {
	for !r.done {
		if err := s.receive(ctx); err != nil {
			return err
		}
	}
	return r.err
}

// do sends a command, unless it was sent ahead, and waits for its answer.
func (s *Session) do(ctx context.Context, r *request) error {
	if !r.sent {
		if err := s.send(ctx, r); err != nil {
			return err
		}
	}
	return s.await(ctx, r)
}

// keepAnswer puts the answer to a RETR where Retrieve finds it.
func (s *Session) keepAnswer(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = r.spool.Close() // nobody will ask for it
		return
	}
	if s.ready == nil {
		s.ready = map[int]*request{}
	}
	s.ready[r.item.Number] = r
}

// takeAnswer gives the answer to a RETR, nil when it was not read yet.
func (s *Session) takeAnswer(number int) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.ready[number]
	delete(s.ready, number)
	return r
}

// closeSpools closes the spools that nobody asked for.
func (s *Session) closeSpools() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, r := range s.ready {
		_ = r.spool.Close() // nothing is lost that is not on the server
	}
	s.ready = nil
}

// outstanding are the messages that were asked for and not handed out, and their octets.
func (s *Session) outstanding() (numbers map[int]bool, octets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers = map[int]bool{}
	for n, r := range s.ready {
		numbers[n] = true
		octets += r.item.Octets
	}
	for _, r := range s.inFlight {
		if r.ahead {
			numbers[r.item.Number] = true
			octets += r.item.Octets
		}
	}
	return numbers, octets
}

// nextToAsk are the messages to ask for now: it, unless that was done, and, where the server pipelines, those of the plan
// that the window has room for. The window is filled when a quarter of it is free, so that commands go in few pieces.
func (s *Session) nextToAsk(it Item) []Item {
	asked, octets := s.outstanding()
	var items []Item
	if !asked[it.Number] {
		items = append(items, it)
		octets += it.Octets
	}
	if !s.isPipelining() || len(items) == 0 && len(asked) > maxAhead*3/4 {
		return items
	}
	for _, planned := range s.planned {
		n := len(asked) + len(items)
		if n >= maxAhead || n >= 2 && octets+planned.Octets > maxAheadOctets {
			break
		}
		if asked[planned.Number] || planned.Number == it.Number {
			continue
		}
		items = append(items, planned)
		octets += planned.Octets
	}
	return items
}

// askFor sends RETR for items and takes them out of the plan.
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
	s.planned = slices.DeleteFunc(s.planned, func(p Item) bool {
		return slices.ContainsFunc(items, func(it Item) bool { return it.Number == p.Number })
	})
	return nil
}
