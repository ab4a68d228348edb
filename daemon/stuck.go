package daemon

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"mailintegration/mailbox"
)

// The loops promise their next sign of life within these times. Each is longer than all limits of what the loop does in
// between, so that a server or a database that does not answer breaks no promise: the loop notices that itself, and goes on.
const (
	beatPromise    = beatEvery + recheckTime + 2*defaultBeatTime + time.Minute
	lookPromise    = lookEvery + 2*reportTime
	outboxPromise  = 15 * time.Minute // beyond the wait: a look claims, postpones and gives up what it finds
	collectPromise = 6 * time.Hour    // beyond the wait: a share with millions of files is slow
	stepPromise    = 15 * time.Minute // a step of a poll beyond the limits of the mail server
	promisedSteps  = 20               // how many steps with the mail server may follow each other without a sign of life
)

// pulse is the sign of life of a loop: until when it has promised the next one. The zero pulse has promised nothing.
type pulse struct {
	mu    sync.Mutex
	until time.Time // zero: the loop does not run, or waits for something without a limit, such as a slot
}

// beat says that the loop makes progress, and promises that it will again within a time.
func (p *pulse) beat(now time.Time, within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = now.Add(within)
}

// rest says that the loop ends, or waits for something without a limit.
func (p *pulse) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Time{}
}

// late returns how long the loop has not kept its promise, 0 if it has.
func (p *pulse) late(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.IsZero() || now.Before(p.until) {
		return 0
	}
	return now.Sub(p.until)
}

// pulses are those of a daemon's own loops.
type pulses struct{ beats, looks, outbox, collection pulse }

// Stuck returns an error that names each loop of the daemon that makes no progress: it has neither done its work nor noticed
// that the work exceeds its limit, which is a bug that only a new process ends. A database that is down and a server that does
// not answer are no reason.
func (d *Daemon) Stuck() error {
	now := d.options().Now()
	d.mu.Lock()
	workers := d.workers
	d.mu.Unlock()
	var stuck []error
	note := func(what string, late time.Duration) {
		if late > 0 {
			stuck = append(stuck, fmt.Errorf("%s makes no progress, and has been late for %s", what, lasting(late)))
		}
	}
	note("the beat", d.pulses.beats.late(now))
	note("the diagnosis", d.pulses.looks.late(now))
	note("the outbox", d.pulses.outbox.late(now))
	note("the collection of old receipts and files", d.pulses.collection.late(now))
	d.sender.noteLate(now, note)
	for _, w := range workers {
		note("the mailbox "+w.name(), w.pulse.late(now))
	}
	return errors.Join(stuck...)
}

// beatForBatch says that the poll makes progress, and waits for the store to record a batch. The store's own limit grows with
// the octets, too, by less.
func (p *poll) beatForBatch(b *batch) { p.beat(mailbox.LongestRetrieval(b.octets)) }

// beatCollection says that the collector makes progress, and will again within a time; 0: it ends.
func (d *Daemon) beatCollection(within time.Duration) {
	if within == 0 {
		d.pulses.collection.rest()
		return
	}
	d.pulses.collection.beat(d.options().Now(), within)
}

// noteLate notes the accounts that have been sending for longer than a claim of mails lasts.
func (s *sender) noteLate(now time.Time, note func(what string, late time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, state := range s.states {
		if state.busy {
			note("sending through "+key.server, now.Sub(state.busyUntil))
		}
	}
}

// beat says that the poll makes progress. The next step with the mail server may take a time beyond the usual ones.
func (p *poll) beat(beyond time.Duration) {
	if p.pulse != nil {
		p.pulse.beat(p.opts.Now(), stepPromise+promisedSteps*p.mailbox.Account.LongestStep()+beyond)
	}
}

// rest says that the poll waits for something without a limit.
func (p *poll) rest() {
	if p.pulse != nil {
		p.pulse.rest()
	}
}

// beatFor says that the poll makes progress, and retrieves a message.
func (p *poll) beatFor(it mailbox.Item) {
	p.beat(mailbox.LongestRetrieval(2 * it.Octets)) // LIST may understate it
}
