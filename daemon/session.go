package daemon

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// brokenBy says that retrieving an item, or its header, ended the session.
type brokenBy struct {
	item mailbox.Item
	err  error
}

func (e *brokenBy) Error() string { return e.err.Error() }

// Unwrap returns the session's error.
func (e *brokenBy) Unwrap() error { return e.err }

// sessionRun is one POP3 session of a poll, over some items of the listing, and what became of them.
type sessionRun struct {
	*poll
	session *mailbox.Session
	items   []mailbox.Item
	looked  int // how many items the session has looked at, from the first on
	deleted int
	known   int // how many of the deleted ones were recorded before

	due      map[int]bool // message-numbers of items whose time on the server is over (LeaveOnServer)
	recorded map[int]bool // message-numbers of items that are recorded; true if from before

	until          time.Time      // no batch begins after this
	quitDeletesAll bool           // QUIT may delete every retrieved message (EXPIRE 0)
	staying        []mailbox.Item // retrieved messages that have to stay on the server
	dropped        bool           // the session ended without QUIT, to keep the staying messages

	pending *recording // the batch that the store records now, nil for none
	broken  error      // what ended the session
	failed  error      // an error of the store or the spool that ended the work in a session that still lives
	halted  bool       // what failed while a batch was recorded is no message's fault: nothing more is recorded
}

// runSession works through an open session and reports whether another one would find more. A stop (ctx) ends it after
// the messages in hand; work lives on for a while after ctx, so that no step is cut. The error is a *brokenBy when a
// message ended the session and nothing else was wrong.
func (p *poll) runSession(ctx, work context.Context, session *mailbox.Session) (more bool, err error) {
	listing, err := session.List(work)
	if err != nil {
		return false, err
	}
	p.beat(0)
	if len(listing) > 0 {
		if err := p.resolveForMail(work); err != nil {
			return false, err
		}
	}
	fresh, due, err := p.toRetrieve(work, session, listing)
	if err != nil {
		return false, err
	}
	if len(fresh) > 0 {
		if err := p.beginWork(work, listing); err != nil {
			return false, err
		}
		fresh = p.withoutKept(fresh)
	}
	items, rest := p.progress.choose(fresh, p.sessionItems(len(listing), session), p)
	if err := p.postpone(work, items); err != nil {
		return false, err
	}
	p.log.sessionOpened(len(listing), len(items))
	p.report.Listed += len(items)
	r := &sessionRun{
		poll: p, session: session, items: items, recorded: map[int]bool{}, due: due,
		until: p.opts.Now().Add(p.opts.SessionTime), quitDeletesAll: deletesRetrieved(session),
	}
	storeErr, broken := r.run(ctx, work, len(fresh))
	p.deleted = r.deleted
	p.log.sessionClosed(r.looked, r.deleted)
	if stop := p.stopped(ctx); stop != nil {
		p.report.Listed += rest
		p.report.Deferred += rest
		return false, errors.Join(storeErr, broken, stop)
	}
	if storeErr != nil { // an error that ended the session too was logged
		return false, storeErr
	}
	return !r.trouble.isInfrastructure() && (rest+len(items)-r.looked > 0 || r.repeatsItems(broken)), broken
}

// run works through the items of the session and ends it. listing is the number of messages that it could choose from.
func (r *sessionRun) run(ctx, work context.Context, listing int) (failed, broken error) {
	if !r.quitDeletesAll && r.trouble.suspects == 0 {
		r.session.Prefetch(r.withinLimit())
	}
	r.acceptBatches(ctx, work)
	broken, failed = r.broken, r.failed
	r.report.Deferred += len(r.items) - r.looked
	if broken == nil {
		broken = r.quit(work)
	}
	r.warnOfExpiry()
	switch {
	case r.dropped:
		r.progress.dropped(r.staying)
	case r.repeatsItems(broken):
		r.progress.repeatItems()
	default:
		r.progress.sessionEnded(r, listing, broken == nil)
	}
	return failed, broken
}

// quit ends the session so that the deletions take effect, even when the store failed: DELE was sent for committed
// messages only. If QUIT would also delete retrieved messages that have to stay, quit drops the connection instead,
// which deletes nothing; the next session knows the recorded messages and deletes them.
func (r *sessionRun) quit(work context.Context) error {
	if r.quitDeletesAll && len(r.staying) > 0 {
		_ = r.session.Close() // its error is always nil
		r.dropped, r.withoutQuit, r.deleted = true, true, 0
		r.log.sessionDropped(len(r.staying))
		return nil
	}
	return r.blame(work, r.session.Quit(work))
}

// repeatsItems reports whether the next session of the poll looks at the same items once more: this session did not
// delete some, or the next one treats one of them in another way.
func (r *sessionRun) repeatsItems(broken error) bool {
	if r.dropped {
		return len(r.recorded) > 0
	}
	return isKnownUnderstated(broken) || isAboutTop(broken)
}

// beginsBatch reports whether the session begins another batch. A session that takes long ends, so that its deletions
// take effect and others get its slot.
func (r *sessionRun) beginsBatch(ctx context.Context) bool {
	return r.looked < len(r.items) && r.stopped(ctx) == nil && !r.trouble.isInfrastructure() &&
		(r.looked == 0 || r.opts.Now().Before(r.until))
}

// blame returns err, as a *brokenBy if a message that was prefetched and not processed yet ended the session.
func (r *sessionRun) blame(work context.Context, err error) error {
	var e *mailbox.Error
	if !errors.As(err, &e) || !isServersFault(work, err) {
		return err
	}
	i := slices.IndexFunc(r.items, func(it mailbox.Item) bool { return it.Number == e.Number })
	if i < 0 || i < r.looked || !isAbout(err, "RETR", r.items[i]) {
		return err
	}
	return r.endedBy(work, r.items[i], err)
}

// endedBy notes that an item ended the session, and returns a *brokenBy. It counts a failed retrieval in the database,
// so that the next process knows.
func (r *sessionRun) endedBy(work context.Context, it mailbox.Item, err error) error {
	r.log.retrieveFailed(it, err)
	r.progress.endedBy(it, err)
	if key := keyOf(it); key != "" && !isUnderstatedSize(err) && isAbout(err, "RETR", it) {
		if _, countErr := r.countFailure(work, key, store.NotRetrieved, err); countErr != nil {
			return countErr
		}
	}
	return &brokenBy{it, err}
}

// isAbout reports whether a command about an item failed with this error.
func isAbout(err error, command string, it mailbox.Item) bool {
	var e *mailbox.Error
	return errors.As(err, &e) && e.Number == it.Number && e.Command == command
}

// isServersFault reports whether the server, rather than a stop or our disk, ended the session with this error.
func isServersFault(work context.Context, err error) bool {
	return mailbox.SessionBroken(err) && !errors.Is(err, mailbox.ErrSpool) && work.Err() == nil
}
