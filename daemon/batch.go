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

// batch is the messages that are accepted in one transaction. Their raw octets are spooled until close.
type batch struct {
	items      []mailbox.Item
	deliveries []store.Delivery
	spools     []*mailbox.Spool
	keys       []string // of their attempts
	short      []bool   // the server gave only a part of the message
	octets     int64
}

// fill retrieves messages into a batch. A message that the server will not give is left and counted as failed.
// broken is the error that ended the session, failed one of the store; what was retrieved before can still be accepted.
func (v *visit) fill(ctx, work context.Context, b *batch) (broken, failed error) {
	started := v.opts.Now()
	for n := 0; v.looked < len(v.items); n++ {
		if v.isFull(b, started) || (n > 0 && ctx.Err() != nil) {
			break
		}
		it := v.items[v.looked]
		v.looked++
		if v.isOversize(it) {
			broken, failed = v.leave(work, it)
		} else {
			broken, failed = v.retrieve(work, b, it)
		}
		if broken != nil || failed != nil {
			return broken, failed
		}
	}
	return nil, nil
}

// retrieve puts one message into the batch, or counts it as failed.
func (v *visit) retrieve(work context.Context, b *batch, it mailbox.Item) (broken, failed error) {
	spool, err := v.session.Retrieve(work, it)
	switch {
	case err == nil:
		v.progress.retrieved(it)
		return nil, v.keep(work, b, it, spool)
	case errors.Is(err, mailbox.ErrShort):
		return nil, v.keepShort(work, b, it, spool, err)
	}
	v.report.Failed++
	switch {
	case !mailbox.SessionBroken(err):
		return nil, v.refused(work, it, err)
	case isOfServer(work, err), v.isFirstOnDisk(err):
		return v.endedBy(work, it, err), nil
	}
	v.log.retrieveFailed(it, err)
	return err, err
}

// isFirstOnDisk reports whether an error of the spool is the first in a row: the message may be larger than the disk has
// room for, and others may not be.
func (v *visit) isFirstOnDisk(err error) bool {
	if !errors.Is(err, mailbox.ErrSpool) {
		return false
	}
	v.trouble.inARow, v.trouble.last = v.trouble.inARow+1, err
	return !v.trouble.isInfrastructure()
}

// refused notes that the server would not give a message.
func (v *visit) refused(work context.Context, it mailbox.Item, err error) error {
	v.log.retrieveFailed(it, err)
	key := keyOf(it)
	if key == "" {
		return nil
	}
	_, err = v.countFailure(work, key, store.NotRetrieved, err)
	return err
}

// keep parses a retrieved message and puts it into the batch.
func (v *visit) keep(work context.Context, b *batch, it mailbox.Item, spool *mailbox.Spool) error {
	key := store.AttemptKey(it.UIDL, spool.Digest())
	m, err := v.takeInHand(work, key, spool)
	if err != nil {
		v.fail(it, spool, err)
		return err
	}
	if m == nil {
		m = v.judge.parse(spool)
	}
	if m.ReadError != nil { // of the spool: the message may be whole on the server
		v.fail(it, spool, m.ReadError)
		return nil
	}
	if v.mailbox.TraceMessageInfo {
		v.log.messageInfo(it, m)
	}
	b.add(v, it, spool, m, key)
	return nil
}

// keepShort counts a message of which the server gave only a part. It stays in the mailbox; after its attempts what came
// is recorded with a defect, once.
func (v *visit) keepShort(work context.Context, b *batch, it mailbox.Item, spool *mailbox.Spool, cause error) error {
	key := store.AttemptKey(it.UIDL, spool.Digest())
	a, err := v.countFailure(work, key, store.CameShort, cause)
	if err != nil || a.Count < maxAttempts && !a.Kept {
		v.fail(it, spool, cause)
		return err
	}
	v.log.retrieveFailed(it, cause)
	if err := v.keep(work, b, it, spool); err != nil || len(b.items) == 0 || b.items[len(b.items)-1] != it {
		return err
	}
	b.short[len(b.short)-1] = true
	d := &b.deliveries[len(b.deliveries)-1]
	d.Listed = 0 // so that a mailbox that leaves its messages does not take it for recorded
	m := d.Message
	m.Defects = append(m.Defects, processor.Defect{What: fmt.Sprintf(
		"the server sent %d of %d octets: the message is not whole and stays in the mailbox", spool.Size(), it.Octets)})
	return nil
}

// fail counts a message that was retrieved and cannot be worked on; it stays on the server.
func (v *visit) fail(it mailbox.Item, spool *mailbox.Spool, err error) {
	v.log.retrieveFailed(it, err)
	v.report.Failed++
	v.staying = append(v.staying, it)
	_ = spool.Close() // the message is on the server
}

// isFull reports whether the batch is to be accepted before more is retrieved: by count, by octets, or since its first
// message has waited long enough. A message that may end the process is alone.
func (v *visit) isFull(b *batch, started time.Time) bool {
	n, o := len(b.items), v.opts
	return n >= o.BatchMessages || b.octets >= o.BatchOctets ||
		n > 0 && (o.Now().Sub(started) >= o.BatchTime || v.trouble.careful > 0)
}

// add puts one retrieved message into the batch, which owns its spool from now on.
func (b *batch) add(v *visit, it mailbox.Item, spool *mailbox.Spool, m *processor.Message, key string) {
	d := store.Delivery{UIDL: it.UIDL, Listed: it.Octets, Message: m, Raw: spool}
	if v.mailbox.LeaveOnServer != LeaveNever {
		d.Body = bodyDigest(spool)
	}
	b.items = append(b.items, it)
	b.spools = append(b.spools, spool)
	b.keys = append(b.keys, key)
	b.short = append(b.short, false)
	b.deliveries = append(b.deliveries, d)
	b.octets += spool.Size()
}

// close gives the spools back.
func (b *batch) close() {
	for _, s := range b.spools {
		s.Close()
	}
}
