package store

import (
	"context"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"
)

// rows are all rows of some records, table by table.
type rows struct {
	requests     requestRows
	fields       fieldRows
	activities   activityRows
	participants participantRows
	threads      threadRows
	history      historyRows
	reopenings   historyRows
	attachments  attachmentRows
	receipts     receiptRows
	asides       asideRows
	octets       int // of the texts, roughly
}

func (t *rows) add(r *record) {
	switch {
	case r.opens != nil:
		t.requests.add(r)
		t.fields.add(r)
		t.history.add(r, historyOpened)
	case r.adds != nil:
		t.activities.add(r)
		t.history.add(r, historyAdded)
	}
	if r.reopens {
		t.reopenings.add(r, "")
	}
	t.participants.add(r)
	t.threads.add(r)
	t.attachments.add(r)
	t.receipts.add(r)
	if r.outcome() == SetAside {
		t.asides.add(r)
	}
	t.octets += len(r.body) + len(r.html)
}

// queue queues the rows of all tables, referenced rows before the rows that refer to them.
func (t *rows) queue(b *pgx.Batch, a *acceptance) {
	t.requests.queue(b, a.mailbox, a.now)
	t.fields.queue(b)
	t.activities.queue(b, a.mailbox, a.now)
	t.participants.queue(b)
	t.threads.queue(b, a.mailbox.Team.ID)
	t.history.queue(b, a.mailbox, a.now)
	t.reopenings.queueReopening(b, a.mailbox, a.now)
	t.attachments.queue(b)
	t.receipts.queue(b, a.mailbox.ID, a.now)
	t.asides.queue(b, a.mailbox, a.now)
}

// maxFlight is about how many octets of text are sent at once; pgx keeps them in memory until it has sent them.
const maxFlight = 4 << 20

// write writes all rows, in one round trip unless the texts are long.
func (a *acceptance) write(ctx context.Context, met map[[sha256.Size]byte]*knownMessage, records []*record) error {
	var b pgx.Batch
	queueSightings(&b, a.mailbox.ID, met)
	var t rows
	for _, r := range records {
		t.add(r)
		if t.octets < maxFlight {
			continue
		}
		t.queue(&b, a)
		if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		b, t = pgx.Batch{}, rows{}
	}
	t.queue(&b, a)
	if b.Len() == 0 {
		return nil
	}
	return a.tx.SendBatch(ctx, &b).Close()
}
