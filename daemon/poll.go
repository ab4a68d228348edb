package daemon

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// Report counts what became of the messages of one poll:
// Listed = Opened + Added + Refused + Ignored + SetAside + Known + Oversize + Failed + Deferred.
type Report struct {
	Mailbox string
	Skipped bool // another daemon polls this mailbox, or (in a single run) the server wants more time between log-ins

	// Of a skipped poll:
	Holder   store.Holder // the daemon that polls this mailbox, zero if the server wants more time
	NextPoll time.Time    // when that daemon will poll it, or when the server allows the next log-in; zero if unknown

	Listed                                    int
	Opened, Added, Refused, Ignored, SetAside int // recorded in this poll
	Known                                     int // recorded before this poll, only deleted
	Oversize                                  int // larger than allowed: recorded as an event once, stay in the mailbox
	Failed                                    int // not recorded, stay in the mailbox
	Deferred                                  int // not looked at, because the poll ended before

	Octets int64 // of the messages that were recorded in this poll

	Err error // why the poll failed, nil when it went well
}

// Recorded returns the number of messages that this poll put into the database.
func (r Report) Recorded() int { return r.Opened + r.Added + r.Refused + r.Ignored + r.SetAside }

// Unaccounted returns how many of the listed messages the other counts leave out. Another number than 0 is a bug.
func (r Report) Unaccounted() int {
	return r.Listed - r.Recorded() - r.Known - r.Oversize - r.Failed - r.Deferred
}

// count adds the outcome of one message.
func (r *Report) count(o store.Outcome) {
	switch {
	case o.Err != nil:
		r.Failed++
	case o.Known:
		r.Known++
	case o.Result == store.Opened:
		r.Opened++
	case o.Result == store.Added:
		r.Added++
	case o.Result == store.Refused:
		r.Refused++
	case o.Result == store.Ignored:
		r.Ignored++
	case o.Result == store.SetAside:
		r.SetAside++
	}
}

// poll is one poll of one mailbox.
type poll struct {
	opts        *Options
	mailbox     *Mailbox
	log         events
	report      *Report
	parse       parser
	progress    *progress
	acquireSlot func(ctx context.Context, server string) (*slot, error)
	batchSlots  *slots
	places      places
	isHeld      func() bool // reports whether this daemon may still poll the mailbox; asked between batches
	mailQueued  func()      // called when the outbox may have mail that this poll has queued
	isPaused    func() bool // reports whether no session may begin, because the database cannot be used
	pulse       *pulse      // the worker's; nil in tests

	target      store.Mailbox
	guard       *guard
	trouble     trouble
	withoutQuit bool // the last session ended without QUIT
	deleted     int  // how many messages the last session deleted
}

const (
	// maxBroken and brokenTime limit how many sessions of a poll may be ended by a message.
	maxBroken  = 100
	brokenTime = 10 * time.Minute
)

// run polls the mailbox session by session until nothing new is listed.
func (p *poll) run(ctx context.Context) error {
	if p.mailbox.Problem != nil {
		return &ProblemError{p.mailbox.Problem}
	}
	p.guard = newGuard(p.mailbox.Name, processor.Policy{}, p.parse, p.opts.ParseTime)
	if p.opts.parseTimer != nil {
		p.guard.timer = p.opts.parseTimer
	}
	if err := p.resolveFirst(ctx); err != nil {
		return err
	}
	p.progress.begin()

	work, cancel := mailbox.WithGrace(ctx, p.opts.StopGrace)
	defer cancel()
	err := p.runSessions(ctx, work)
	return cmp.Or(err, p.endWork(ctx), p.trouble.verdict(p.report))
}

// firstResolveTime limits how long the first poll waits for the names while the database is silent.
const firstResolveTime = 10 * time.Second

// namesTime is how long the names of a mailbox's configuration count as looked up: changes of what the database knows
// about them take effect within this time.
const namesTime = time.Minute

// resolution holds the names of a mailbox's configuration as they were looked up last.
type resolution struct {
	of     *Mailbox // nil before the first time
	target store.Mailbox
	at     time.Time
}

// resolveFirst looks up the names in the first poll after a start or a change of the configuration, so that a wrong
// name is reported at once and not when mail comes. While the database cannot tell, the poll goes on without the names:
// an empty mailbox needs none.
func (p *poll) resolveFirst(ctx context.Context) error {
	if p.progress.names.of == p.mailbox {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, firstResolveTime)
	defer cancel()
	err := p.resolve(ctx)
	var wrong *store.UnresolvedError
	if errors.As(err, &wrong) {
		return err
	}
	return nil
}

// resolveForMail looks up the names, unless that was done less than namesTime ago.
func (p *poll) resolveForMail(ctx context.Context) error {
	names := p.progress.names
	if names.of != p.mailbox || p.opts.Now().Sub(names.at) >= namesTime {
		return p.resolve(ctx)
	}
	p.setTarget(names.target)
	return nil
}

// resolve looks up the names in the mailbox's configuration: when there is mail, and when the database reports that one
// of them was removed since.
func (p *poll) resolve(ctx context.Context) error {
	p.progress.names = resolution{}
	target, err := p.opts.Store.Resolve(ctx, p.mailbox.Name, p.mailbox.Rules.Names)
	if err != nil {
		return err
	}
	p.progress.names = resolution{p.mailbox, target, p.opts.Now()}
	p.setTarget(target)
	return nil
}

// setTarget has messages recorded for target from now on.
func (p *poll) setTarget(target store.Mailbox) {
	p.target = target
	p.guard.setPolicy(processor.NewPolicy(p.mailbox.Rules, target.References))
}

// runSessions polls session by session. When a message ends a session, the next one passes over that message, so that
// it holds up no other.
func (p *poll) runSessions(ctx, work context.Context) error {
	started, broken := p.opts.Now(), 0
	for sessions := 1; ; sessions++ {
		more, err := p.sessionInSlot(ctx, work)
		if p.pause(ctx) != nil {
			return cmp.Or(err, ctx.Err())
		}
		var by *brokenBy
		if errors.As(err, &by) {
			broken++
			p.withoutQuit = true
			if !more || p.progress.delayed {
				return nil
			}
			if broken == maxBroken || p.opts.Now().Sub(started) > brokenTime {
				return err
			}
			continue
		}
		if err != nil || !more || p.progress.delayed || sessions > broken+p.maxSessions() {
			return err
		}
	}
}

// stopped returns why the poll begins nothing more: a stop, or a lost lease. It returns nil while there is no reason.
func (p *poll) stopped(ctx context.Context) error {
	if ctx.Err() == nil && !p.isHeld() {
		return errLeaseLost
	}
	return ctx.Err()
}

// maxSessions returns how many sessions a poll may have, not counting those that a message ended.
func (p *poll) maxSessions() int {
	return 2*(1+p.progress.listed/p.opts.MessagesPerSession) + min(len(p.trouble.attempts), maxAlone)
}

// sessionInSlot runs one session while it holds a slot, so that a mailbox with a large backlog lets others in between
// its sessions. The slot goes to others early when the server or a message is slow, which then costs only its own
// mailbox time.
func (p *poll) sessionInSlot(ctx, work context.Context) (more bool, err error) {
	p.rest()
	place, err := p.acquireSlot(ctx, serverOf(p.mailbox.Account))
	p.beat(0)
	if err != nil {
		return false, err
	}
	defer place.release()
	if err := p.stopped(ctx); err != nil { // while it waited
		return false, err
	}
	if p.isPaused() {
		return false, errPaused
	}
	p.places.enter(place)
	defer p.places.enter(nil)
	p.guard.onSlow = p.places.yield
	early := time.AfterFunc(min(openTime, p.opts.SlotTime), place.yield)
	defer early.Stop()
	session, err := p.open(ctx, work)
	if err != nil {
		return false, err
	}
	defer session.Close()
	if early.Stop() {
		early.Reset(p.opts.SlotTime)
	}
	return p.runSession(ctx, work, session)
}
