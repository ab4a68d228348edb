package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mailintegration/processor"
)

// parser reads a message from its octets, as processor.Parse does.
type parser func(raw io.ReaderAt, size int64) *processor.Message

// judge parses and decides for one mailbox. A message on which parsing panics or does not come back is set aside, so
// that it does not end the daemon or hold up another message; the store does the same for deciding.
type judge struct {
	read   parser
	budget time.Duration // for parsing a small message
	slow   func()        // called once a message takes long, before its budget is used up

	mu     sync.RWMutex // a decision that does not come back may read what follows
	policy processor.Policy
	failed map[*processor.Message]processor.Reason // to be set aside, whatever the policy says
}

// slowParse is when a message keeps others waiting for longer than it should.
const slowParse = time.Second

// parseTime is the budget of parsing a small message, which takes well below a millisecond.
const parseTime = 30 * time.Second

// octetsPerSecond is how many octets add a second to the budget of parsing; it is far less than any machine reads.
const octetsPerSecond = 1 << 20

// newJudge returns a judge whose budget for a small message is budget, 0 for the usual one.
func newJudge(policy processor.Policy, read parser, budget time.Duration) *judge {
	return &judge{
		policy: policy, read: read, budget: cmp.Or(budget, parseTime),
		slow: func() {}, failed: map[*processor.Message]processor.Reason{},
	}
}

// octets is a raw message as it lies in the spool.
type octets interface {
	io.ReaderAt
	Size() int64
}

// parse reads a message from its raw octets. When that panics or exceeds its budget of time, the message is empty and
// will be set aside. The goroutine that did not come back can read no more octets and shares nothing with others.
func (j *judge) parse(raw octets) *processor.Message {
	source := &severable{raw: raw}
	read := make(chan parsed, 1)
	go func() { read <- parseOrPanic(j.read, source, raw.Size()) }()
	patience := time.NewTimer(slowParse)
	defer patience.Stop()
	limit := j.budget + time.Duration(raw.Size()/octetsPerSecond)*time.Second
	end := time.NewTimer(limit)
	defer end.Stop()
	for {
		select {
		case p := <-read:
			if p.panicked != "" {
				return j.refuse(raw, processor.ReasonPanic, p.panicked)
			}
			return p.message
		case <-patience.C:
			j.slow()
		case <-end.C:
			source.sever()
			return j.refuse(raw, processor.ReasonTooSlow, fmt.Sprintf("the program did not understand the message within %s", limit))
		}
	}
}

// refuse returns an empty message that will be set aside.
func (j *judge) refuse(raw octets, code processor.ReasonCode, why string) *processor.Message {
	m := &processor.Message{Octets: raw.Size()}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed[m] = processor.NewReason(code, why)
	return m
}

// follow makes the judge go by another policy.
func (j *judge) follow(policy processor.Policy) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.policy = policy
}

// of returns what the judge goes by for a message: the policy, or the reason to set it aside.
func (j *judge) of(m *processor.Message) (policy processor.Policy, reason processor.Reason, failed bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	reason, failed = j.failed[m]
	return j.policy, reason, failed
}

// parsed is what became of parsing a message.
type parsed struct {
	message  *processor.Message
	panicked string // what panicked, "" for nothing
}

// parseOrPanic reads a message and catches a panic.
func parseOrPanic(read parser, raw io.ReaderAt, size int64) (p parsed) {
	defer func() {
		if r := recover(); r != nil {
			p = parsed{panicked: fmt.Sprintf("the program failed on reading the message: %v", r)}
		}
	}()
	return parsed{message: read(raw, size)}
}

// severable is a raw message whose reader can be cut off, so that the spool can be closed under it.
type severable struct {
	mu  sync.RWMutex
	raw io.ReaderAt // nil once it is severed
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

// sever makes every later read fail, and waits for one that is under way.
func (s *severable) sever() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = nil
}

// Keys implements processor.Decider.
func (j *judge) Keys(m *processor.Message) processor.Keys {
	policy, _, failed := j.of(m)
	if failed {
		return processor.Keys{}
	}
	return policy.Keys(m)
}

// Decide implements processor.Decider.
func (j *judge) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	policy, reason, failed := j.of(m)
	if failed {
		return processor.SetAside{Reason: reason}
	}
	return policy.Decide(m, dir, now)
}
