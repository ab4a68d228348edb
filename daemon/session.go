package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailintegration/mailbox"
)

// brokenBy says that retrieving an item ended the session.
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
	recorded map[int]bool // message-numbers of items that were recorded before
}

// session works through one POP3 session and tells whether another one would find more. A stop (ctx) ends it
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
	fresh, due, err := p.sort(work, listing)
	if err != nil {
		return false, err
	}
	p.warnOfExpiry(session)
	items, rest := p.progress.choose(fresh, p.sessionItems(len(listing), session))
	p.log.sessionOpened(len(listing), len(items))
	p.report.Listed += len(items)
	v := &visit{poll: p, session: session, items: items, recorded: map[int]bool{}, due: due}
	session.Prefetch(v.withinLimit())
	broken, storeErr := v.drain(ctx, work)
	p.report.Deferred += len(items) - v.looked
	if broken == nil {
		// QUIT even when the store failed: what was deleted in this session was committed before.
		broken = v.blame(work, session.Quit(work))
	}
	if isNamedLie(broken) {
		p.progress.again()
	} else {
		p.progress.visited(v, len(fresh), broken == nil)
	}
	p.log.sessionClosed(v.looked, v.deleted)
	v.pause(ctx)
	if ctx.Err() != nil {
		p.report.Listed += rest
		p.report.Deferred += rest
		return false, errors.Join(storeErr, broken, ctx.Err())
	}
	if storeErr != nil { // what ended the session, if anything did, was logged
		return false, storeErr
	}
	return rest+len(items)-v.looked > 0 || isNamedLie(broken), broken
}

// drain retrieves, accepts and deletes the items in batches. broken is the error that ended the session, failed one
// of the store or the spool that ended the work, with the session as good as before.
func (v *visit) drain(ctx, work context.Context) (broken, failed error) {
	for v.looked < len(v.items) && ctx.Err() == nil && broken == nil && failed == nil {
		b := &batch{}
		broken, failed = v.fill(ctx, work, b)
		deleteErr, acceptErr := v.accept(work, b)
		if broken == nil {
			broken = deleteErr
		}
		failed = errors.Join(acceptErr, failed)
	}
	return broken, failed
}

// accept records a batch and deletes what was recorded, now or before.
func (v *visit) accept(work context.Context, b *batch) (broken, failed error) {
	defer b.close()
	if len(b.items) == 0 {
		return nil, nil
	}
	outcomes, err := v.opts.Store.Accept(work, v.target, b.deliveries, v.judge)
	if err != nil {
		failed = fmt.Errorf("accept %d messages: %w", len(b.items), err)
		v.report.Failed += len(b.items) - len(outcomes)
	}
	var accepted []mailbox.Item
	for i, o := range outcomes {
		v.report.count(o)
		v.log.messageAccepted(b.items[i], b.deliveries[i], o)
		if o.Err != nil {
			continue
		}
		v.recorded[b.items[i].Number] = o.Known
		if !o.Known && v.opts.Recorded != nil {
			v.opts.Recorded(v.mailbox.Name, b.deliveries[i].Message, o)
		}
		if v.deletes(b.items[i], o) {
			accepted = append(accepted, b.items[i])
		}
	}
	// DELE must follow the commit: a mail deleted before it is stored is lost; a mail stored but not deleted
	// is met again and recognised by its receipt.
	return v.blame(work, v.session.DeleteAhead(work, accepted, v.deleteAnswered)), failed
}

// deleteAnswered notes what the server says to a DELE, which may be as late as at QUIT.
func (v *visit) deleteAnswered(it mailbox.Item, err error) {
	if err != nil {
		v.log.deleteRefused(it, err)
		return
	}
	v.deleted++
	if v.recorded[it.Number] {
		v.known++
	}
}

// blame finds the message that ended the session, should it be one that was asked for ahead and not looked at yet.
func (v *visit) blame(work context.Context, err error) error {
	var e *mailbox.Error
	if !errors.As(err, &e) || !mailbox.SessionBroken(err) || errors.Is(err, mailbox.ErrSpool) || work.Err() != nil {
		return err
	}
	i := slices.IndexFunc(v.items, func(it mailbox.Item) bool { return it.Number == e.Number })
	if i < 0 || i < v.looked || e.Op != fmt.Sprintf("RETR %d", e.Number) {
		return err
	}
	v.log.retrieveFailed(v.items[i], err)
	v.progress.endedBy(v.items[i], err)
	return &brokenBy{v.items[i], err}
}
