package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// batch holds the messages that are accepted in one transaction. Their raw octets stay in the spool until close.
type batch struct {
	first   int // how many items the session had looked at before
	entries []*entry
	octets  int64
	inHand  []string      // keys of messages that are counted because they are in hand
	parsing chan struct{} // has one element per message that is being parsed
	dropped chan struct{} // closed when the batch will not be recorded: what waits for its parsing is not parsed
	release func()        // gives the batch's slot back, which it holds until the store has recorded it
}

// entry is one message of a batch.
type entry struct {
	item     mailbox.Item
	spool    *mailbox.Spool
	key      string // under which attempts at it are counted
	short    bool   // the server gave only a part of the message
	delivery store.Delivery
	parsed   chan struct{} // closed when delivery.Message is there
}

// parsers is how many messages of a batch are parsed at once, while the next ones are retrieved. Sessions that hold no
// slot for a batch parse nothing, so that the daemon as a whole is bounded too.
const parsers = 2

// newBatch returns an empty batch of the items that the session looks at next, which holds a slot.
func (r *sessionRun) newBatch(release func()) *batch {
	return &batch{
		first: r.looked, parsing: make(chan struct{}, parsers), dropped: make(chan struct{}), release: release,
	}
}

// fill retrieves messages into a batch until it is full. A message that the server refuses to send stays in the mailbox
// and counts as failed. Whatever is not a whole message has to wait for the pending batch, so that the counts in the
// database are those of a session that takes one step after another.
func (r *sessionRun) fill(ctx, work context.Context, b *batch) {
	started := r.opts.Now()
	for n := 0; r.looked < len(r.items) && r.goesOn(); n++ {
		if r.isFull(b, started) || (n > 0 && ctx.Err() != nil) {
			break
		}
		if r.isPendingDone() {
			r.conclude(work)
			continue
		}
		r.lookAt(work, b, r.items[r.looked])
	}
	r.awaitParsed(work, b)
}

// lookAt takes the next item: it puts the message into the batch, or counts it as failed or too large.
func (r *sessionRun) lookAt(work context.Context, b *batch, it mailbox.Item) {
	r.beatFor(it)
	if r.isOversize(it) {
		if r.conclude(work); r.goesOn() {
			r.looked++
			r.broken, r.failed = r.recordOversize(work, it)
		}
		return
	}
	spool, err := r.session.Retrieve(work, it)
	if err == nil {
		r.looked++
		r.progress.retrieved(it)
		r.failed = r.add(work, b, &entry{item: it, spool: spool})
		return
	}
	r.conclude(work)
	if r.halted {
		r.leave(spool, err)
		return
	}
	r.looked++
	if errors.Is(err, mailbox.ErrShort) {
		r.failed = r.addShort(work, b, it, spool, err)
		return
	}
	r.notRetrieved(work, it, err)
}

// leave closes the spool of a message that the session will not look at any more. err is the error of its retrieval.
func (r *sessionRun) leave(spool *mailbox.Spool, err error) {
	if spool != nil {
		_ = spool.Close() // the message is on the server
	}
	if mailbox.SessionBroken(err) {
		r.broken = err
	}
}

// notRetrieved counts a message that the server did not send.
func (r *sessionRun) notRetrieved(work context.Context, it mailbox.Item, err error) {
	r.report.Failed++
	r.progress.failure = err
	switch {
	case !mailbox.SessionBroken(err):
		r.failed = r.countRefusal(work, it, err)
	case isServersFault(work, err), r.isFirstOnDisk(err):
		r.broken = r.endedBy(work, it, err)
	default:
		r.log.retrieveFailed(it, err)
		r.broken, r.failed = err, err
	}
}

// isFirstOnDisk reports whether err is of the spool and the first such error in a row, and counts it: the disk may have
// no room for this message, but room for others.
func (r *sessionRun) isFirstOnDisk(err error) bool {
	if !errors.Is(err, mailbox.ErrSpool) {
		return false
	}
	r.trouble.inARow, r.trouble.last = r.trouble.inARow+1, err
	return !r.trouble.isInfrastructure()
}

// countRefusal logs and counts that the server refused to send a message.
func (r *sessionRun) countRefusal(work context.Context, it mailbox.Item, err error) error {
	r.log.retrieveFailed(it, err)
	key := keyOf(it)
	if key == "" {
		return nil
	}
	_, err = r.countFailure(work, key, store.NotRetrieved, err)
	return err
}

// add puts a retrieved message into the batch, which closes its spool from then on, and has it parsed.
func (r *sessionRun) add(work context.Context, b *batch, e *entry) error {
	e.key = store.AttemptKey(e.item.UIDL, e.spool.Digest())
	if r.isSuspect(e.key) {
		if r.conclude(work); r.halted {
			r.leave(e.spool, nil)
			return r.failed
		}
	}
	m, err := r.countInHand(work, b, e.key, e.spool)
	if err != nil {
		r.countFailed(e.item, e.spool, err)
		return err
	}
	e.delivery = store.Delivery{UIDL: e.item.UIDL, Listed: e.item.Octets, Message: m, Raw: e.spool}
	e.parsed = make(chan struct{})
	b.entries = append(b.entries, e)
	b.octets += e.spool.Size()
	go r.parseEntry(b, e)
	return nil
}

// parseEntry parses a message in its turn, unless it is parsed already or the batch is dropped before.
func (r *sessionRun) parseEntry(b *batch, e *entry) {
	defer close(e.parsed)
	select {
	case b.parsing <- struct{}{}:
		defer func() { <-b.parsing }()
	case <-b.dropped:
		return
	}
	if e.delivery.Message == nil {
		began := time.Now()
		e.delivery.Message = r.guard.parse(e.spool)
		r.opts.Meter.Parsed(time.Since(began))
	}
	if r.mailbox.LeaveOnServer != LeaveNever {
		e.delivery.Body = bodyDigest(e.spool)
	}
}

// awaitParsed waits until all messages of the batch are parsed. It takes those out whose spool could not be read: they
// may be whole on the server.
func (r *sessionRun) awaitParsed(work context.Context, b *batch) {
	read := b.entries[:0:0]
	for _, e := range b.entries {
		<-e.parsed
		r.beat(0)
		if err := e.delivery.Message.ReadError; err != nil {
			if r.conclude(work); r.halted {
				return // the whole batch is given back
			}
			r.countFailed(e.item, e.spool, err)
			continue
		}
		if e.short {
			e.notePart()
		}
		if r.mailbox.TraceMessageInfo {
			r.log.messageInfo(e.item, e.delivery.Message)
		}
		read = append(read, e)
	}
	b.entries = read
}

// addShort counts a message of which the server sent only a part. The message stays in the mailbox. After its attempts,
// the part is recorded once, with a defect.
func (r *sessionRun) addShort(work context.Context, b *batch, it mailbox.Item, spool *mailbox.Spool, cause error) error {
	key := store.AttemptKey(it.UIDL, spool.Digest())
	a, err := r.countFailure(work, key, store.CameShort, cause)
	if err != nil || a.Count < maxAttempts && !a.Kept {
		r.countFailed(it, spool, cause)
		return err
	}
	r.log.retrieveFailed(it, cause)
	return r.add(work, b, &entry{item: it, spool: spool, short: true})
}

// notePart notes in the message that the server sent only a part of it.
func (e *entry) notePart() {
	e.delivery.Listed = 0 // so that with LeaveOnServer the message does not pass for recorded
	m := e.delivery.Message
	m.Defects = append(m.Defects, processor.Defect{What: fmt.Sprintf(
		"the server sent only %d of %d octets; the message stays in the mailbox", e.spool.Size(), e.item.Octets)})
}

// countFailed counts a message that was retrieved and cannot be recorded for now; it stays on the server.
func (r *sessionRun) countFailed(it mailbox.Item, spool *mailbox.Spool, err error) {
	r.log.retrieveFailed(it, err)
	r.report.Failed++
	r.progress.failure = err
	r.staying = append(r.staying, it)
	_ = spool.Close() // the message is on the server
}

// isFull reports whether the batch must be accepted before more is retrieved: it has enough messages or octets, or its
// first message has waited long enough. A message that may end the process is alone in its batch.
func (r *sessionRun) isFull(b *batch, started time.Time) bool {
	n, o := len(b.entries), r.opts
	return n >= o.BatchMessages || b.octets >= o.BatchOctets ||
		n > 0 && (o.Now().Sub(started) >= o.BatchTime || r.trouble.suspects > 0)
}

// deliveries returns the messages as the store takes them.
func (b *batch) deliveries() []store.Delivery {
	list := make([]store.Delivery, len(b.entries))
	for i, e := range b.entries {
		list[i] = e.delivery
	}
	return list
}

// drop ends the parsing of a batch that will not be recorded.
func (b *batch) drop() {
	close(b.dropped)
	for _, e := range b.entries {
		<-e.parsed
	}
}

// close closes the spools.
func (b *batch) close() {
	for _, e := range b.entries {
		_ = e.spool.Close() // the message is recorded, or on the server
	}
}
