package daemon

import (
	"context"
	"errors"
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
	octets     int64
}

// fill retrieves messages into a batch. A message that the server will not give is left and counted as failed.
// broken is the error that ended the session, failed one of the spool; what was retrieved before can still be accepted.
func (v *visit) fill(ctx, work context.Context, b *batch) (broken, failed error) {
	started := time.Now()
	for n := 0; v.looked < len(v.items); n++ {
		if b.full(v.opts, started) || (n > 0 && ctx.Err() != nil) {
			break
		}
		it := v.items[v.looked]
		v.looked++
		spool, err := v.session.Retrieve(work, it)
		if err == nil {
			v.progress.retrieved(it)
			v.keep(b, it, spool)
			continue
		}
		v.log.retrieveFailed(it, err)
		v.report.Failed++
		switch {
		case !mailbox.SessionBroken(err):
		case errors.Is(err, mailbox.ErrSpool), work.Err() != nil:
			return err, err // not the message's fault
		default:
			v.progress.endedBy(it)
			return &brokenBy{it, err}, nil
		}
	}
	return nil, nil
}

// keep parses a retrieved message and puts it into the batch.
func (v *visit) keep(b *batch, it mailbox.Item, spool *mailbox.Spool) {
	m := v.judge.parse(spool)
	if m.ReadError != nil { // of the spool: the message may be whole on the server
		v.log.retrieveFailed(it, m.ReadError)
		v.report.Failed++
		spool.Close()
		return
	}
	b.add(it, spool, m)
}

// full tells whether the batch should be accepted before more is retrieved: by count, by octets, or since its
// first message has waited long enough.
func (b *batch) full(o *Options, started time.Time) bool {
	n := len(b.items)
	return n >= o.BatchMessages || b.octets >= o.BatchOctets || (n > 0 && time.Since(started) >= o.BatchTime)
}

// add puts one retrieved message into the batch, which owns its spool from now on.
func (b *batch) add(it mailbox.Item, spool *mailbox.Spool, m *processor.Message) {
	b.items = append(b.items, it)
	b.spools = append(b.spools, spool)
	b.deliveries = append(b.deliveries, store.Delivery{UIDL: it.UIDL, Message: m, Raw: spool})
	b.octets += spool.Size()
}

// close gives the spools back.
func (b *batch) close() {
	for _, s := range b.spools {
		s.Close()
	}
}
