package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

var _ store.Decider = (*guard)(nil)

// parser reads a message from its octets, as processor.Parse does.
type parser func(raw io.ReaderAt, size int64) *processor.Message

// guard parses and decides for one mailbox. It sets aside a message on which parsing panics or does not return, so that
// the message neither ends the daemon nor holds up another one; the store does the same for deciding.
type guard struct {
	mailbox string // its name, for the text of events
	read    parser
	budget  time.Duration                                                  // for parsing a small message
	onSlow  func()                                                         // called once when a message takes longer than slowParse
	timer   func(time.Duration) (fires <-chan time.Time, stop func() bool) // for a part of the budget

	mu      sync.RWMutex // a decision that has not returned may still read the fields below
	policy  processor.Policy
	givenUp map[*processor.Message]processor.Reason // messages to set aside, whatever the policy says
}

// slowParse is how long a message may take before its session releases its slot.
const slowParse = time.Second

// parseTime is the default time budget for parsing a small message, which takes well below a millisecond.
const parseTime = 30 * time.Second

// octetsPerSecond is how many octets of a message add a second to its budget. Any machine parses far faster.
const octetsPerSecond = 1 << 20

// parseParts is the number of parts in which a budget passes, one after the other. However long the process stands still, because its
// machine is paused, one part passes: no message is to blame for that. The store counts the same way for a decision.
const parseParts = 10

// newGuard returns a guard for the named mailbox. budget is its time for parsing a small message, 0 for the default.
func newGuard(mailbox string, policy processor.Policy, read parser, budget time.Duration) *guard {
	return &guard{
		mailbox: mailbox, policy: policy, read: read, budget: cmp.Or(budget, parseTime), timer: newTimer,
		onSlow: func() {}, givenUp: map[*processor.Message]processor.Reason{},
	}
}

// octets is a raw message in the spool.
type octets interface {
	io.ReaderAt
	Size() int64
}

// parse reads a message from its raw octets. When that panics or exceeds its time budget, parse returns an empty
// message that will be set aside. A goroutine that has not returned can read no more octets, and shares nothing with
// others.
func (g *guard) parse(raw octets) *processor.Message {
	source := &severable{raw: raw}
	read := make(chan parsed, 1)
	go func() { read <- parseOrPanic(g.read, source, raw.Size()) }()
	patience := time.NewTimer(slowParse)
	defer patience.Stop()
	limit := g.budget + time.Duration(raw.Size()/octetsPerSecond)*time.Second
	part, stop := g.timer(limit / parseParts)
	defer func() { stop() }()
	for left := parseParts; ; {
		select {
		case p := <-read:
			if p.panicked != "" {
				return g.giveUp(raw, processor.ReasonPanic, p.panicked)
			}
			return p.message
		case <-patience.C:
			g.onSlow()
		case <-part:
			if left--; left >= 0 {
				part, stop = g.timer(limit / parseParts)
				continue
			}
			source.sever()
			return g.giveUp(raw, processor.ReasonTooSlow, fmt.Sprintf("the program did not finish parsing the message within %s", limit))
		}
	}
}

// giveUp returns an empty message that will be set aside for this reason.
func (g *guard) giveUp(raw octets, code processor.ReasonCode, why string) *processor.Message {
	m := &processor.Message{Octets: raw.Size()}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.givenUp[m] = processor.NewReason(code, why)
	return m
}

// setPolicy replaces the policy.
func (g *guard) setPolicy(policy processor.Policy) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.policy = policy
}

// rulingFor returns the policy to decide about a message with, or else the reason to set it aside.
func (g *guard) rulingFor(m *processor.Message) (policy processor.Policy, reason processor.Reason, failed bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	reason, failed = g.givenUp[m]
	return g.policy, reason, failed
}

// parsed is the result of parsing a message.
type parsed struct {
	message  *processor.Message
	panicked string // the text of a panic, "" when there was none
}

// parseOrPanic parses a message and catches a panic.
func parseOrPanic(read parser, raw io.ReaderAt, size int64) (p parsed) {
	defer func() {
		if r := recover(); r != nil {
			p = parsed{panicked: fmt.Sprintf("the program failed while it parsed the message: %v", r)}
		}
	}()
	return parsed{message: read(raw, size)}
}

// severable is a raw message whose reader can be cut off, so that its spool can be closed while a goroutine still
// reads.
type severable struct {
	mu  sync.RWMutex
	raw io.ReaderAt // nil after sever
}

var errSevered = errors.New("reading the message took too long")

// ReadAt implements io.ReaderAt.
func (s *severable) ReadAt(p []byte, off int64) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.raw == nil {
		return 0, errSevered
	}
	return s.raw.ReadAt(p, off)
}

// sever makes every later read fail, and waits for a read that is under way.
func (s *severable) sever() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = nil
}

// Keys implements processor.Decider.
func (g *guard) Keys(m *processor.Message) processor.Keys {
	policy, _, failed := g.rulingFor(m)
	if failed {
		return processor.Keys{}
	}
	return policy.Keys(m)
}

// Decide implements processor.Decider.
func (g *guard) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	policy, reason, failed := g.rulingFor(m)
	if failed {
		return processor.SetAside{Reason: reason}
	}
	return policy.Decide(m, dir, now)
}

// Loop implements store.Decider.
func (g *guard) Loop(d store.Delivery, added processor.AddActivity) processor.OpenRequest {
	policy, _, _ := g.rulingFor(d.Message)
	return notices{g.mailbox, policy.References}.loop(d, added, policy.MaxNewRequests)
}

// SetAside implements store.Decider.
func (g *guard) SetAside(d store.Delivery, why processor.Reason) processor.OpenRequest {
	policy, _, _ := g.rulingFor(d.Message)
	return notices{g.mailbox, policy.References}.SetAside(d, why)
}

// SetAsideAgain implements store.Decider.
func (g *guard) SetAsideAgain(d store.Delivery, why processor.Reason, event int64) string {
	policy, _, _ := g.rulingFor(d.Message)
	return notices{g.mailbox, policy.References}.SetAsideAgain(d, why, event)
}
