package daemon

import (
	"context"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// batch is the messages that are accepted in one transaction. Their raw octets are spooled until close.
type batch struct {
	looked     int // items of the listing that were looked at, retrieved or not
	items      []mailbox.Item
	deliveries []store.Delivery
	spools     []*mailbox.Spool
	octets     int64
}

// retrieve fills a batch from items. A message that the server will not give is left and counted as failed; an
// error that breaks the session comes with the batch of what was retrieved before, which can still be accepted.
func (p *poll) retrieve(ctx, work context.Context, session *mailbox.Session, items []mailbox.Item) (*batch, error) {
	b := &batch{}
	started := time.Now()
	for _, it := range items {
		if b.full(p.opts, started) || (b.looked > 0 && ctx.Err() != nil) {
			break
		}
		spool, err := session.Retrieve(work, it)
		if err != nil {
			p.log.retrieveFailed(it, err)
			p.report.Failed++
			b.looked++
			p.meet(it)
			if mailbox.SessionBroken(err) {
				p.broke[it.UIDL] = it.UIDL != ""
				return b, &brokenBy{it, err}
			}
			continue
		}
		b.looked++
		p.meet(it)
		delete(p.broke, it.UIDL)
		m := p.judge.parse(spool)
		if m.ReadError != nil { // of the spool: the message may be whole on the server
			p.log.retrieveFailed(it, m.ReadError)
			p.report.Failed++
			spool.Close()
			continue
		}
		b.add(it, spool, m)
	}
	return b, nil
}

// meet notes that this poll has looked at an item.
func (p *poll) meet(it mailbox.Item) {
	if it.UIDL != "" {
		p.met[it.UIDL] = true
	}
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
