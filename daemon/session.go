package daemon

import (
	"context"
	"errors"
	"fmt"

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
}

// session works through one POP3 session and tells whether another one would find more. A stop (ctx) ends it
// after the message in hand; work lives on for a while then, so that no step is cut. The error is a *brokenBy when
// retrieving a message ended the session and nothing else was wrong.
func (p *poll) session(ctx, work context.Context) (more bool, err error) {
	session, err := mailbox.Open(work, p.mailbox.Account)
	if err != nil {
		return false, err
	}
	defer session.Close()
	listing, err := session.List(work)
	if err != nil {
		return false, err
	}
	items, rest := p.progress.choose(listing, p.opts.MessagesPerSession)
	p.log.sessionOpened(len(listing), len(items))
	p.report.Listed += len(items)
	v := &visit{poll: p, session: session, items: items}
	broken, storeErr := v.drain(ctx, work)
	p.report.Deferred += len(items) - v.looked
	if broken == nil {
		// QUIT even when the store failed: what was deleted in this session was committed before.
		broken = session.Quit(work)
	}
	p.progress.visited(v, len(listing), broken == nil)
	p.log.sessionClosed(v.looked, v.deleted)
	if ctx.Err() != nil {
		p.report.Listed += rest
		p.report.Deferred += rest
		return false, errors.Join(storeErr, broken, ctx.Err())
	}
	if storeErr != nil { // what ended the session, if anything did, was logged
		return false, storeErr
	}
	return rest+len(items)-v.looked > 0, broken
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
	for i, o := range outcomes {
		v.report.count(o)
		v.log.messageAccepted(b.items[i], b.deliveries[i], o)
		if o.Err == nil && !o.Known && v.opts.Recorded != nil {
			v.opts.Recorded(v.mailbox.Name, b.deliveries[i].Message, o)
		}
	}
	// DELE must follow the commit: a mail deleted before it is stored is lost; a mail stored but not deleted
	// is met again and recognised by its receipt.
	for i, o := range outcomes {
		if o.Err != nil {
			continue
		}
		switch err := v.session.Delete(work, b.items[i]); {
		case err == nil:
			v.deleted++
			if o.Known {
				v.known++
			}
		case mailbox.SessionBroken(err):
			return err, failed
		default:
			v.log.deleteRefused(b.items[i], err)
		}
	}
	return nil, failed
}
