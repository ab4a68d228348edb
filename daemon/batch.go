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
	items      []mailbox.Item
	deliveries []store.Delivery
	spools     []*mailbox.Spool
	keys       []string // under which attempts at them are counted
	short      []bool   // the server gave only a part of the message
	octets     int64
}

// fill retrieves messages into a batch until it is full. A message that the server refuses to send stays in the mailbox
// and counts as failed. broken is the error that ended the session, failed an error of the store; the messages
// retrieved before it can still be accepted.
func (r *sessionRun) fill(ctx, work context.Context, b *batch) (broken, failed error) {
	started := r.opts.Now()
	for n := 0; r.looked < len(r.items); n++ {
		if r.isFull(b, started) || (n > 0 && ctx.Err() != nil) {
			break
		}
		it := r.items[r.looked]
		r.looked++
		if r.isOversize(it) {
			broken, failed = r.recordOversize(work, it)
		} else {
			broken, failed = r.retrieve(work, b, it)
		}
		if broken != nil || failed != nil {
			return broken, failed
		}
	}
	return nil, nil
}

// retrieve puts one message into the batch, or counts it as failed.
func (r *sessionRun) retrieve(work context.Context, b *batch, it mailbox.Item) (broken, failed error) {
	spool, err := r.session.Retrieve(work, it)
	switch {
	case err == nil:
		r.progress.retrieved(it)
		return nil, r.addParsed(work, b, it, spool)
	case errors.Is(err, mailbox.ErrShort):
		return nil, r.addShort(work, b, it, spool, err)
	}
	r.report.Failed++
	switch {
	case !mailbox.SessionBroken(err):
		return nil, r.countRefusal(work, it, err)
	case isServersFault(work, err), r.isFirstOnDisk(err):
		return r.endedBy(work, it, err), nil
	}
	r.log.retrieveFailed(it, err)
	return err, err
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

// addParsed parses a retrieved message and puts it into the batch.
func (r *sessionRun) addParsed(work context.Context, b *batch, it mailbox.Item, spool *mailbox.Spool) error {
	key := store.AttemptKey(it.UIDL, spool.Digest())
	m, err := r.countInHand(work, key, spool)
	if err != nil {
		r.countFailed(it, spool, err)
		return err
	}
	if m == nil {
		m = r.guard.parse(spool)
	}
	if m.ReadError != nil { // the spool failed: the message may be whole on the server
		r.countFailed(it, spool, m.ReadError)
		return nil
	}
	if r.mailbox.TraceMessageInfo {
		r.log.messageInfo(it, m)
	}
	b.add(r, it, spool, m, key)
	return nil
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
	if err := r.addParsed(work, b, it, spool); err != nil || len(b.items) == 0 || b.items[len(b.items)-1] != it {
		return err
	}
	b.short[len(b.short)-1] = true
	d := &b.deliveries[len(b.deliveries)-1]
	d.Listed = 0 // so that with LeaveOnServer the message does not pass for recorded
	m := d.Message
	m.Defects = append(m.Defects, processor.Defect{What: fmt.Sprintf(
		"the server sent only %d of %d octets; the message stays in the mailbox", spool.Size(), it.Octets)})
	return nil
}

// countFailed counts a message that was retrieved and cannot be recorded for now; it stays on the server.
func (r *sessionRun) countFailed(it mailbox.Item, spool *mailbox.Spool, err error) {
	r.log.retrieveFailed(it, err)
	r.report.Failed++
	r.staying = append(r.staying, it)
	_ = spool.Close() // the message is on the server
}

// isFull reports whether the batch must be accepted before more is retrieved: it has enough messages or octets, or its
// first message has waited long enough. A message that may end the process is alone in its batch.
func (r *sessionRun) isFull(b *batch, started time.Time) bool {
	n, o := len(b.items), r.opts
	return n >= o.BatchMessages || b.octets >= o.BatchOctets ||
		n > 0 && (o.Now().Sub(started) >= o.BatchTime || r.trouble.suspects > 0)
}

// add puts one retrieved message into the batch, which closes its spool from then on.
func (b *batch) add(r *sessionRun, it mailbox.Item, spool *mailbox.Spool, m *processor.Message, key string) {
	d := store.Delivery{UIDL: it.UIDL, Listed: it.Octets, Message: m, Raw: spool}
	if r.mailbox.LeaveOnServer != LeaveNever {
		d.Body = bodyDigest(spool)
	}
	b.items = append(b.items, it)
	b.spools = append(b.spools, spool)
	b.keys = append(b.keys, key)
	b.short = append(b.short, false)
	b.deliveries = append(b.deliveries, d)
	b.octets += spool.Size()
}

// close closes the spools.
func (b *batch) close() {
	for _, s := range b.spools {
		s.Close()
	}
}
