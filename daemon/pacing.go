package daemon

import (
	"context"
	"errors"
	"time"

	"mailintegration/mailbox"
)

// maxLoginDelay bounds how long a server keeps us from its mailbox: what LOGIN-DELAY says is not trusted further.
const maxLoginDelay = time.Hour

// sessionItems returns how many items a session may look at. A server that wants time between log-ins is not left in the
// middle of a backlog.
func (p *poll) sessionItems(listed int, session *mailbox.Session) int {
	asked := session.Capabilities().LoginDelay()
	delay := min(asked, maxLoginDelay)
	p.progress.notBefore = p.opts.Now().Add(delay)
	p.progress.delayed = delay > 0
	p.warnOfDelay(asked, delay)
	if delay > 0 {
		return max(1, listed)
	}
	return p.opts.MessagesPerSession
}

// warnOfDelay says, once for each value, that the server wants more time between log-ins than the schedule leaves.
func (p *poll) warnOfDelay(asked, respected time.Duration) {
	next := p.mailbox.Schedule.Next(p.opts.Now())
	interval := p.mailbox.Schedule.Next(next).Sub(next)
	if asked <= interval || asked == p.progress.loggedDelay {
		return
	}
	p.progress.loggedDelay = asked
	p.log.serverDelays(asked, respected, interval)
}

// deletesRetrieved reports whether the server may delete, at QUIT, whatever was retrieved (EXPIRE 0, RFC 2449 §6.7).
func deletesRetrieved(session *mailbox.Session) bool {
	days, ok := session.Capabilities().Expire()
	return ok && days == 0
}

// warnOfExpiry says, once, that the server deletes messages which are to stay with it: those that LeaveOnServer leaves,
// and those that were not recorded (EXPIRE, RFC 2449 §6.7).
func (r *sessionRun) warnOfExpiry() {
	days, ok := r.session.Capabilities().Expire()
	leave := r.mailbox.LeaveOnServer
	leaves := leave == LeaveAlways || leave > 0 && days < int(leave)
	if !ok || r.progress.warnedOfExpiry || !leaves && r.report.Oversize+r.report.Failed == 0 {
		return
	}
	r.progress.warnedOfExpiry = true
	r.log.serverExpires(days)
}

// pause waits until a server that takes its time has deleted, or a stop is asked for, which is its error. It keeps no
// other mailbox from being polled.
func (p *poll) pause(ctx context.Context) error {
	if p.deleted == 0 || p.mailbox.SleepAfterDeletion <= 0 {
		return nil
	}
	timer := time.NewTimer(p.mailbox.SleepAfterDeletion)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noSooner returns when a mailbox is polled next: not before its server lets it log in again (LOGIN-DELAY, RFC 2449 §6.5).
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
	p.deleted = 0
	for wait := 0; ; wait++ {
		session, err := mailbox.Open(work, p.mailbox.Account)
		if !p.withoutQuit || wait == maxLockedWaits || !errors.Is(err, mailbox.ErrMaildropLocked) {
			p.withoutQuit = false
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
