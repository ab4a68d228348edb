package daemon

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailintegration/mailbox"
)

const (
	// openTime is how long a session may take to connect and log in before it releases its slot: a server that hangs
	// then costs no other server's mailboxes their slots.
	openTime = 10 * time.Second
	// batchSlotTime is how long a batch holds its slot at most. Batches end after Options.BatchTime and their commit; one
	// that takes far longer waits for a slow server or a large message.
	batchSlotTime = 10 * time.Second
)

// slots limits how many of something run at once, in total and for each server. Whoever asked first goes first, among
// those whose server has room: mailboxes that wait for their server never keep those of another one waiting.
type slots struct {
	mu              sync.Mutex
	most, perServer int // slots in total, and for one server; a perServer of 0 sets no limit
	taken           int
	servers         map[string]*queue // those that have slots or wait for some
	asked           int               // how many slots were asked for since the start
}

// queue is one server's part of slots.
type queue struct {
	taken   int
	waiting []*slot // in the order in which they were asked for
}

// slot is the permission to run. It begins when granted is closed.
type slot struct {
	slots   *slots
	server  string
	number  int // the place in the order of asking
	granted chan struct{}

	yielded, released bool // guarded by slots.mu
}

// newSlots returns slots, most in total and perServer for one server; a perServer of 0 sets no limit.
func newSlots(most, perServer int) *slots {
	return &slots{most: most, perServer: perServer, servers: map[string]*queue{}}
}

// setLimits changes the limits. Slots that are taken stay taken, also beyond a lower limit.
func (s *slots) setLimits(most, perServer int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most, s.perServer = most, perServer
	s.grant()
}

// acquire waits for a slot for a server. It returns the error of ctx when ctx ends first. The caller must call release
// on the slot.
func (s *slots) acquire(ctx context.Context, server string) (*slot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := s.ask(server)
	select {
	case <-c.granted:
		return c, nil
	case <-ctx.Done():
		s.withdraw(c)
		return nil, ctx.Err()
	}
}

// ask puts a claim at the end of its server's queue.
func (s *slots) ask(server string) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.servers[server]
	if q == nil {
		q = &queue{}
		s.servers[server] = q
	}
	s.asked++
	c := &slot{slots: s, server: server, number: s.asked, granted: make(chan struct{})}
	q.waiting = append(q.waiting, c)
	s.grant()
	return c
}

// withdraw takes a claim back, whether it was granted meanwhile or not.
func (s *slots) withdraw(c *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.granted:
		s.giveBack(c)
	default:
		q := s.servers[c.server]
		q.waiting = slices.DeleteFunc(q.waiting, func(other *slot) bool { return other == c })
		s.forgetIdle(c.server)
	}
}

// grant hands out the free slots. The caller holds mu.
func (s *slots) grant() {
	for s.taken < s.most {
		next := s.next()
		if next == nil {
			return
		}
		q := s.servers[next.server]
		q.waiting = q.waiting[1:]
		q.taken++
		s.taken++
		close(next.granted)
	}
}

// next returns the claim to grant next: the oldest one of a server that has room, nil if there is none.
func (s *slots) next() (oldest *slot) {
	for _, q := range s.servers {
		if len(q.waiting) == 0 || s.perServer > 0 && q.taken >= s.perServer {
			continue
		}
		if first := q.waiting[0]; oldest == nil || first.number < oldest.number {
			oldest = first
		}
	}
	return oldest
}

// yield lets another server have the slot early. The slot's own server has one slot less until release: its session
// still runs. It may be called at any time, also after release.
func (c *slot) yield() {
	s := c.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.yielded || c.released {
		return
	}
	c.yielded = true
	s.taken--
	s.grant()
}

// release gives the slot back. It may be called more than once.
func (c *slot) release() {
	c.slots.mu.Lock()
	defer c.slots.mu.Unlock()
	c.slots.giveBack(c)
}

// giveBack gives a granted slot back. The caller holds mu.
func (s *slots) giveBack(c *slot) {
	if c.released {
		return
	}
	c.released = true
	if !c.yielded {
		s.taken--
	}
	s.servers[c.server].taken--
	s.forgetIdle(c.server)
	s.grant()
}

// forgetIdle forgets a server without slots and claims. The caller holds mu.
func (s *slots) forgetIdle(server string) {
	if q := s.servers[server]; q.taken == 0 && len(q.waiting) == 0 {
		delete(s.servers, server)
	}
}

// serverOf returns the name under which the sessions of a server are limited: its host and port.
func serverOf(a mailbox.Account) string {
	return net.JoinHostPort(strings.ToLower(a.Server), strconv.Itoa(a.Port))
}

// places holds what a poll has taken: its session's slot, and those of its batches.
type places struct {
	mu      sync.Mutex
	session *slot
	batches []*slot
}

// yield lets others go on while this poll waits for a slow server or a slow message.
func (p *places) yield() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != nil {
		p.session.yield()
	}
	for _, b := range p.batches {
		b.release()
	}
}

// enter notes the slot of a session, nil when it has ended.
func (p *places) enter(session *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = session
}

// add notes the slot of a batch.
func (p *places) add(batch *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = append(p.batches, batch)
}

// remove forgets the slot of a batch.
func (p *places) remove(batch *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = slices.DeleteFunc(p.batches, func(b *slot) bool { return b == batch })
}

// acquireBatch waits for one of the slots of batches (Options.MaxBatches), which are granted in the order of asking: so
// a large backlog delays another mailbox's message by a batch at most. The caller retrieves, parses and accepts one
// batch, then calls release, once or more often. The slot goes to others early when the batch is slow.
func (p *poll) acquireBatch(ctx context.Context) (release func(), err error) {
	p.rest()
	batch, err := p.batchSlots.acquire(ctx, "")
	p.beat(0)
	if err != nil {
		return nil, err
	}
	p.places.add(batch)
	early := time.AfterFunc(batchSlotTime, batch.release)
	return func() {
		early.Stop()
		p.places.remove(batch)
		batch.release()
	}, nil
}
