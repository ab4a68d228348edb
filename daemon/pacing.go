package daemon

import (
	"context"
	"errors"
	"time"

	"mailintegration/mailbox"
)

// sleep waits for d. It returns the error of ctx when ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxLoginDelay limits how long a server can keep the daemon from its mailbox, whatever LOGIN-DELAY says.
const maxLoginDelay = time.Hour

// sessionItems returns how many items a session may look at. Where a server wants time between log-ins (LOGIN-DELAY),
// one session takes the whole backlog.
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

// warnOfDelay logs, once for each value, that the server wants more time between log-ins than the schedule leaves.
func (p *poll) warnOfDelay(asked, respected time.Duration) {
	next := p.mailbox.Schedule.Next(p.opts.Now())
	interval := p.mailbox.Schedule.Next(next).Sub(next)
	if asked <= interval || asked == p.progress.loggedDelay {
		return
	}
	p.progress.loggedDelay = asked
	p.log.serverDelays(asked, respected, interval)
}

// noSooner returns next, or the time when the server allows the next log-in (LOGIN-DELAY, RFC 2449 §6.5) if that is
// later.
func (g *progress) noSooner(next time.Time) time.Time {
	if g.delayed && next.Before(g.notBefore) {
		return g.notBefore
	}
	return next
}

// deletesRetrieved reports whether the server may delete every retrieved message at QUIT (EXPIRE 0, RFC 2449 §6.7).
func deletesRetrieved(session *mailbox.Session) bool {
	days, ok := session.Capabilities().Expire()
	return ok && days == 0
}

// warnOfExpiry logs, once, that the server deletes messages that have to stay there (EXPIRE, RFC 2449 §6.7): those that
// LeaveOnServer keeps, those that are too large, and those that were not recorded.
func (r *sessionRun) warnOfExpiry() {
	days, ok := r.session.Capabilities().Expire()
	policy := r.mailbox.LeaveOnServer
	outlasts := policy == LeaveAlways || policy > 0 && days < int(policy)
	if !ok || r.progress.warnedOfExpiry || !outlasts && r.report.Oversize+r.report.Failed == 0 {
		return
	}
	r.progress.warnedOfExpiry = true
	r.log.serverExpires(days)
}

// pause gives a slow server time to delete, outside of the slot, so that other mailboxes are polled meanwhile. It
// returns the error of ctx when a stop ends it.
func (p *poll) pause(ctx context.Context) error {
	if p.deleted == 0 || p.mailbox.SleepAfterDeletion <= 0 {
		return nil
	}
	p.beat(p.mailbox.SleepAfterDeletion)
	return sleep(ctx, p.mailbox.SleepAfterDeletion)
}

// How often, and how long at first, a session waits until the server has noticed the end of the one before.
const (
	maxLockedWaits  = 5
	firstLockedWait = 100 * time.Millisecond
)

// open opens a session. When the session before ended without QUIT, the server may take a moment to notice, and locks
// the maildrop until then ([IN-USE], RFC 2449 §8.1.2).
func (p *poll) open(ctx, work context.Context) (*mailbox.Session, error) {
	p.deleted = 0
	account := p.mailbox.Account
	account.TLSSessions = p.progress.tls
	for wait := 0; ; wait++ {
		session, err := mailbox.Open(work, account)
		if err == nil {
			p.progress.certificateExpires = session.CertificateExpires()
		}
		if !p.withoutQuit || wait == maxLockedWaits || !errors.Is(err, mailbox.ErrMaildropLocked) {
			p.withoutQuit = false
			return session, err
		}
		if err := sleep(ctx, firstLockedWait<<wait); err != nil {
			return nil, err
		}
	}
}
