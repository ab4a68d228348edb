package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// Report says what became of the messages of one poll:
// Listed = Opened + Added + Refused + Ignored + SetAside + Known + Failed + Deferred.
type Report struct {
	Mailbox string
	Skipped bool // another daemon polls this mailbox just now

	Listed                                    int
	Opened, Added, Refused, Ignored, SetAside int // recorded in this poll
	Known                                     int // recorded before, only deleted
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
	opts    *Options
	mailbox *Mailbox
	log     events
	report  *Report
	parse   parser

	target store.Mailbox
	judge  *judge
	met    map[string]bool // UIDLs looked at in this poll: not again in its next session
	broke  map[string]bool // UIDLs whose retrieval ended a session, in this poll or before
	left   int             // items that the last session should have left, when they have no UIDL
}

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
	p.target, err = p.opts.Store.Resolve(ctx, p.mailbox.Name, p.mailbox.Rules.Names)
	if err != nil {
		return err
	}
	p.judge = newJudge(processor.Policy{Rules: p.mailbox.Rules, References: p.target.References}, p.parse)

	work, cancel := finishing(ctx, p.opts.StopGrace)
	defer cancel()
	for broken := 0; ; {
		more, err := p.session(ctx, work)
		var by *brokenBy
		if errors.As(err, &by) && by.item.UIDL != "" && broken < maxBroken {
			broken++ // the others are not held up by it: the next session passes over it
			continue
		}
		if err != nil || !more {
			return err
		}
	}
}

// maxBroken is how many messages may end their session in one poll before the poll ends too.
const maxBroken = 3

// brokenBy says that retrieving an item ended the session.
type brokenBy struct {
	item mailbox.Item
	err  error
}

func (e *brokenBy) Error() string { return e.err.Error() }

// Unwrap returns the session's error.
func (e *brokenBy) Unwrap() error { return e.err }

// session works through one POP3 session and tells whether another one would find more. A stop (ctx) ends it
// after the message in hand; work lives on for a while then, so that no step is cut.
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
	items := p.unmet(listing)
	p.log.sessionOpened(len(listing), len(items))
	now := p.choose(items)
	if p.left > 0 && len(items) > p.left { // the deletions had no effect, so that these are the same again
		now = nil
	}
	p.report.Listed += len(now)
	looked, deleted, err := p.drain(ctx, work, session, now)
	p.report.Deferred += len(now) - looked
	if mailbox.SessionBroken(err) {
		return false, err
	}
	// QUIT even when the store failed: what was deleted in this session was committed before.
	if quitErr := session.Quit(work); quitErr != nil {
		return false, errors.Join(err, quitErr)
	}
	p.log.sessionClosed(looked, deleted)
	if ctx.Err() != nil {
		p.report.Listed += len(items) - len(now)
		p.report.Deferred += len(items) - len(now)
		return false, errors.Join(err, ctx.Err())
	}
	if p.left = 0; !identified(now) {
		p.left = len(items) - deleted
	}
	return err == nil && len(now) > 0 && len(items) > len(now) && (identified(now) || deleted == len(now)), err
}

// choose returns the items of this session. One that ended a session before is tried alone, when nothing else is left,
// so that no other message's deletion is lost with its session.
func (p *poll) choose(items []mailbox.Item) []mailbox.Item {
	var calm []mailbox.Item
	for _, it := range items {
		if !p.broke[it.UIDL] {
			calm = append(calm, it)
		}
	}
	if len(calm) == 0 {
		return items[:min(len(items), 1)]
	}
	return calm[:min(len(calm), p.opts.MessagesPerSession)]
}

// identified tells whether every item has a unique-id. Messages without one cannot be told apart in the next
// session, so that a poll only goes on to it when all of them were deleted, and took effect.
func identified(items []mailbox.Item) bool {
	return !slices.ContainsFunc(items, func(it mailbox.Item) bool { return it.UIDL == "" })
}

// unmet returns the items that this poll has not looked at yet.
func (p *poll) unmet(listing []mailbox.Item) []mailbox.Item {
	var items []mailbox.Item
	for _, it := range listing {
		if it.UIDL == "" || !p.met[it.UIDL] {
			items = append(items, it)
		}
	}
	return items
}

// drain retrieves, accepts and deletes items in batches. It returns how many it has looked at and deleted; an
// error means that the rest was not looked at.
func (p *poll) drain(ctx, work context.Context, session *mailbox.Session, items []mailbox.Item) (looked, deleted int, err error) {
	for looked < len(items) && ctx.Err() == nil {
		b, err := p.retrieve(ctx, work, session, items[looked:])
		looked += b.looked
		n, acceptErr := p.accept(work, session, b)
		b.close()
		deleted += n
		if err := errors.Join(err, acceptErr); err != nil {
			return looked, deleted, err
		}
	}
	return looked, deleted, nil
}

// accept records a batch and deletes what was recorded, now or before. It returns how many were deleted.
func (p *poll) accept(work context.Context, session *mailbox.Session, b *batch) (deleted int, err error) {
	if len(b.items) == 0 {
		return 0, nil
	}
	outcomes, err := p.opts.Store.Accept(work, p.target, b.deliveries, p.judge)
	if err != nil {
		p.report.Failed += len(b.items)
		return 0, fmt.Errorf("accept %d messages: %w", len(b.items), err)
	}
	for i, o := range outcomes {
		p.report.count(o)
		p.log.messageAccepted(b.items[i], b.deliveries[i], o)
		if o.Err == nil && !o.Known && p.opts.Recorded != nil {
			p.opts.Recorded(p.mailbox.Name, b.deliveries[i].Message, o)
		}
	}
	// DELE must follow the commit: a mail deleted before it is stored is lost; a mail stored but not deleted
	// is met again and recognised by its receipt.
	for i, o := range outcomes {
		if o.Err != nil {
			continue
		}
		switch err := session.Delete(work, b.items[i]); {
		case err == nil:
			deleted++
		case mailbox.SessionBroken(err):
			return deleted, err
		default:
			p.log.deleteRefused(b.items[i], err)
		}
	}
	return deleted, nil
}
