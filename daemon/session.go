package daemon

import (
	"context"
	"errors"
	"slices"
	"strings"
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

// visit is one session over some items, and what became of them.
type visit struct {
	*poll
	session *mailbox.Session
	items   []mailbox.Item
	looked  int // items looked at, from the first on
	deleted int
	known   int // of those deleted, how many were recorded before

	due      map[int]bool // message-numbers of items that were left for long enough
	recorded map[int]bool // message-numbers of items that are recorded; true: since before

	until   time.Time      // no batch begins after this
	implied bool           // QUIT deletes all that was retrieved (EXPIRE 0)
	staying []mailbox.Item // retrieved, and to stay on the server
	dropped bool           // the session was ended without QUIT, for the sake of staying
}

// session works through one POP3 session and reports whether another one would find more. A stop (ctx) ends it
// after the message in hand; work lives on for a while then, so that no step is cut. The error is a *brokenBy when
// retrieving a message ended the session and nothing else was wrong.
func (p *poll) session(ctx, work context.Context) (more bool, err error) {
	session, err := p.open(ctx, work)
	if err != nil {
		return false, err
	}
	defer session.Close()
	listing, err := session.List(work)
	if err != nil {
		return false, err
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
	v := &visit{
		poll: p, session: session, items: items, recorded: map[int]bool{}, due: due,
		until: p.opts.Now().Add(p.opts.SessionTime), implied: deletesRetrieved(session),
	}
	storeErr, broken := v.run(ctx, work, len(fresh))
	p.deleted = v.deleted
	p.log.sessionClosed(v.looked, v.deleted)
	if ctx.Err() != nil {
		p.report.Listed += rest
		p.report.Deferred += rest
		return false, errors.Join(storeErr, broken, ctx.Err())
	}
	if storeErr != nil { // what ended the session, if anything did, was logged
		return false, storeErr
	}
	return !v.trouble.isInfrastructure() && (rest+len(items)-v.looked > 0 || v.comesAgain(broken)), broken
}

// run works through the items of a session and ends it.
func (v *visit) run(ctx, work context.Context, listing int) (failed, broken error) {
	if !v.implied && v.trouble.careful == 0 {
		v.session.Prefetch(v.withinLimit())
	}
	broken, failed = v.drain(ctx, work)
	v.report.Deferred += len(v.items) - v.looked
	if broken == nil {
		broken = v.quit(work)
	}
	v.warnOfExpiry()
	switch {
	case v.dropped:
		v.progress.dropped(v.staying)
	case v.comesAgain(broken):
		v.progress.again()
	default:
		v.progress.visited(v, listing, broken == nil)
	}
	return failed, broken
}

// quit ends the session so that the deletions take effect, also when the store failed: what was deleted was committed
// before. Where QUIT deletes whatever was retrieved, and something is to stay, the connection is dropped instead, which
// deletes nothing: what was recorded is known, and deleted, in the next session.
func (v *visit) quit(work context.Context) error {
	if v.implied && len(v.staying) > 0 {
		_ = v.session.Close() // its error is always nil
		v.dropped, v.wasCut, v.deleted = true, true, 0
		v.log.sessionDropped(len(v.staying))
		return nil
	}
	return v.blame(work, v.session.Quit(work))
}

// comesAgain reports whether the next session of the poll is to look at the same items once more: some were not
// deleted with this session, or one will be treated in another way.
func (v *visit) comesAgain(broken error) bool {
	if v.dropped {
		return len(v.recorded) > 0
	}
	return isNamedLie(broken) || isOfTop(broken)
}

// drain retrieves, accepts and deletes the items in batches. broken is the error that ended the session, failed one
// of the store or the spool that ended the work, with the session as good as before.
func (v *visit) drain(ctx, work context.Context) (broken, failed error) {
	for v.goesOn(ctx) && broken == nil && failed == nil {
		b := &batch{}
		broken, failed = v.fill(ctx, work, b)
		deleteErr, acceptErr := v.accept(work, b)
		if broken == nil {
			broken = deleteErr
		}
		failed = errors.Join(acceptErr, failed, v.survived(work))
	}
	return broken, failed
}

// goesOn reports whether the session begins another batch: a session that takes long lets others have its place, and
// its deletions take effect.
func (v *visit) goesOn(ctx context.Context) bool {
	return v.looked < len(v.items) && ctx.Err() == nil && !v.trouble.isInfrastructure() &&
		(v.looked == 0 || v.opts.Now().Before(v.until))
}

// blame finds the message that ended the session, should it be one that was asked for ahead and not looked at yet.
func (v *visit) blame(work context.Context, err error) error {
	var e *mailbox.Error
	if !errors.As(err, &e) || !isOfServer(work, err) {
		return err
	}
	i := slices.IndexFunc(v.items, func(it mailbox.Item) bool { return it.Number == e.Number })
	if i < 0 || i < v.looked || !isAbout(err, "RETR", v.items[i]) {
		return err
	}
	return v.endedBy(work, v.items[i], err)
}

// endedBy notes that an item ended the session. One that does so by itself is to be known to the next process too.
func (v *visit) endedBy(work context.Context, it mailbox.Item, err error) error {
	v.log.retrieveFailed(it, err)
	v.progress.endedBy(it, err)
	if key := keyOf(it); key != "" && !isLie(err) && isAbout(err, "RETR", it) {
		if _, countErr := v.countFailure(work, key, store.NotRetrieved, err); countErr != nil {
			return countErr
		}
	}
	return &brokenBy{it, err}
}

// isAbout reports whether an error is that of a command about an item.
func isAbout(err error, command string, it mailbox.Item) bool {
	var e *mailbox.Error
	return errors.As(err, &e) && e.Number == it.Number && strings.HasPrefix(e.Op, command+" ")
}

// isOfServer reports whether an error that ended a session is due to the server, rather than to a stop or our disk.
func isOfServer(work context.Context, err error) bool {
	return mailbox.SessionBroken(err) && !errors.Is(err, mailbox.ErrSpool) && work.Err() == nil
}
