package daemon

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// Report says what became of the messages of one poll:
// Listed = Opened + Added + Refused + Ignored + SetAside + Known + Oversize + Failed + Deferred.
type Report struct {
	Mailbox string
	Skipped bool // another daemon polls this mailbox just now

	Listed                                    int
	Opened, Added, Refused, Ignored, SetAside int // recorded in this poll
	Known                                     int // recorded before, only deleted
	Oversize                                  int // larger than allowed: recorded as an event once, left in the mailbox
	Failed                                    int // not recorded, left in the mailbox
	Deferred                                  int // not looked at, since the poll ended before

	Err error // what ended the poll, nil when it went well
}

// Recorded is the number of messages that this poll put into the database.
func (r Report) Recorded() int { return r.Opened + r.Added + r.Refused + r.Ignored + r.SetAside }

// count adds what became of one message.
func (r *Report) count(o store.Outcome) {
	switch {
	case o.Err != nil:
		r.Failed++
	case o.Known:
		r.Known++
	case o.Outcome == store.Opened:
		r.Opened++
	case o.Outcome == store.Added:
		r.Added++
	case o.Outcome == store.Refused:
		r.Refused++
	case o.Outcome == store.Ignored:
		r.Ignored++
	case o.Outcome == store.SetAside:
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
	acquireSlot func(context.Context) (release func(), err error) // waits for a place among the sessions that run at once

	target      store.Mailbox
	guard       *guard
	trouble     trouble
	withoutQuit bool // the last session ended without QUIT
	deleted     int  // messages that the last session deleted
}

const (
	// maxBroken and brokenTime bound how many sessions in a poll may be ended by a message.
	maxBroken  = 100
	brokenTime = 10 * time.Minute
)

// run holds the mailbox and polls it session by session until nothing new is listed.
func (p *poll) run(ctx context.Context) error {
	if p.mailbox.Problem != nil {
		return &ProblemError{p.mailbox.Problem}
	}
	release, held, err := p.opts.Store.LockMailbox(ctx, p.mailbox.Name)
	if err != nil {
		return err
	}
	if !held {
		p.report.Skipped = true
		return nil
	}
	defer release()
	p.guard = newGuard(p.mailbox.Name, processor.Policy{}, p.parse, p.opts.ParseTime)
	if err := p.resolve(ctx); err != nil {
		return err
	}
	p.progress.begin()

	work, cancel := mailbox.WithGrace(ctx, p.opts.StopGrace)
	defer cancel()
	err = p.runSessions(ctx, work)
	return cmp.Or(err, p.endWork(ctx), p.trouble.verdict(p.report))
}

// resolve looks up the names of the mailbox's configuration: at the start of a poll, and when the database says that one
// of them was removed since.
func (p *poll) resolve(ctx context.Context) (err error) {
	p.target, err = p.opts.Store.Resolve(ctx, p.mailbox.Name, p.mailbox.Rules.Names)
	p.guard.setPolicy(processor.NewPolicy(p.mailbox.Rules, p.target.References))
	return err
}

// sessions polls session by session. One that was ended by a message is followed by another, which passes over that
// message, so that it does not hold up the others.
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

// enough returns how many sessions a poll has at most, those aside that were ended by a message.
func (p *poll) maxSessions() int {
	return 2*(1+p.progress.listed/p.opts.MessagesPerSession) + min(len(p.trouble.attempts), maxAlone)
}

// place holds a session in one of the places of sessions that run at once: a mailbox with a large backlog lets others
// in between its sessions. It gives the place back early when the server or a message takes long: what
// is slow costs its own mailbox time only.
func (p *poll) sessionInSlot(ctx, work context.Context) (more bool, err error) {
	release, err := p.acquireSlot(ctx)
	if err != nil {
		return false, err
	}
	release = sync.OnceFunc(release)
	defer release()
	p.guard.onSlow = release
	early := time.AfterFunc(p.opts.SlotTime, release)
	defer early.Stop()
	return p.runSession(ctx, work)
}
