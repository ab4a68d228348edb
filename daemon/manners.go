package daemon

import (
	"context"
	"errors"
	"time"

	"mailintegration/mailbox"
)

// sessionItems is how many items a session may look at. A server that wants time between log-ins is not left in the
// middle of a backlog.
func (p *poll) sessionItems(listed int, session *mailbox.Session) int {
	delay := session.Capabilities().LoginDelay()
	p.progress.notBefore = p.opts.Now().Add(delay)
	p.progress.delayed = delay > 0
	if delay > 0 {
		return max(1, listed)
	}
	return p.opts.MessagesPerSession
}

// pause waits until a server that takes its time has deleted, or a stop is asked for.
func (v *visit) pause(ctx context.Context) {
	if v.deleted == 0 || v.mailbox.SleepAfterDeletion <= 0 {
		return
	}
	timer := time.NewTimer(v.mailbox.SleepAfterDeletion)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// noSooner is when a mailbox is polled next: not before its server lets it log in again (LOGIN-DELAY, RFC 2449 §6.5).
func (g *progress) noSooner(next time.Time) time.Time {
	if g.delayed && next.Before(g.notBefore) {
		return g.notBefore
	}
	return next
}

// How often, and how long at first, the end of a session that was cut is waited for.
const (
	maxLockedWaits  = 5
	firstLockedWait = 100 * time.Millisecond
)

// open opens a session. A server may take a moment to notice that the session before, which a message ended, is over:
// the maildrop is locked until then ([IN-USE], RFC 2449 §8.1.2).
func (p *poll) open(ctx, work context.Context) (*mailbox.Session, error) {
	for wait := 0; ; wait++ {
		session, err := mailbox.Open(work, p.mailbox.Account)
		if !p.wasCut || wait == maxLockedWaits || !errors.Is(err, mailbox.ErrMaildropLocked) {
			p.wasCut = false
			return session, err
		}
		timer := time.NewTimer(firstLockedWait << wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}
