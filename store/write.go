package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"
)

// entry is a request to open or an activity to add, with all that belongs to it. With neither, it has only files.
type entry struct {
	opens *NewRequest  // nil for none
	adds  *NewActivity // nil for none

	request      int64        // number of the request opened or added to, 0 for none
	activity     int64        // the activity added, 0 for none
	change       *StateChange // that reopens the request that the activity is added to, nil for none
	participants []participant
	files        []*storedFile
}

// opening returns an entry that opens a request.
func opening(r *NewRequest, number int64) entry {
	return entry{opens: r, request: number, files: storedFiles(r.Files, true)}
}

// adding returns an entry that adds an activity.
func adding(a *NewActivity) entry {
	return entry{adds: a, request: a.Request, files: storedFiles(a.Files, true)}
}

// entryRows are all rows of some entries, table by table.
type entryRows struct {
	requests     requestRows
	fields       fieldRows
	activities   activityRows
	participants participantRows
	history      historyRows
	states       stateRows
	attachments  attachmentRows
	events       []int64 // that are announced to those who subscribed
	octets       int     // of the texts, roughly
}

func (t *entryRows) add(e *entry) {
	switch {
	case e.opens != nil:
		t.requests.add(e.request, e.opens)
		t.fields.add(e.request, e.opens.Fields)
		t.history.add(change{request: e.request, what: historyOpened, reason: e.opens.Reason})
		t.octets += len(e.opens.Body) + len(e.opens.HTML)
		if e.opens.isAnnounced() {
			t.events = append(t.events, e.request)
		}
	case e.adds != nil:
		t.activities.add(e.activity, e.adds)
		t.history.add(change{request: e.request, activity: e.activity, what: historyAdded, reason: e.adds.Reason})
		t.octets += len(e.adds.Body) + len(e.adds.HTML)
	}
	if e.change != nil {
		c := *e.change
		c.Activity = e.activity
		t.states.add(c, historyReopened)
	}
	t.participants.add(e.participants)
	t.attachments.add(e.request, e.activity, e.files)
}

// queue queues the rows of all tables, referenced rows before the rows that refer to them.
func (t *entryRows) queue(b *pgx.Batch, j *Journal) {
	t.requests.queue(b, j)
	t.fields.queue(b)
	t.activities.queue(b, j)
	t.participants.queue(b)
	t.history.queue(b, j)
	t.states.queue(b, j)
	t.attachments.queue(b)
	queueNotices(b, j, t.events)
}

// recordRows are all rows of some records, table by table.
type recordRows struct {
	entryRows
	threads  threadRows
	receipts receiptRows
	asides   asideRows
}

func (t *recordRows) add(r *record, now time.Time) {
	t.entryRows.add(&r.entry)
	t.threads.add(r.threads)
	t.receipts.add(r, now)
	if r.aside != nil {
		t.asides.add(r)
	}
}

// queue queues the rows of all tables, referenced rows before the rows that refer to them.
func (t *recordRows) queue(b *pgx.Batch, a *acceptance) {
	t.entryRows.queue(b, a.Journal)
	t.threads.queue(b, a.mailbox.Team.ID)
	t.receipts.queue(b, a.mailbox.ID, a.mailbox.Team.ID, a.now)
	t.asides.queue(b, a.mailbox, a.now)
}

// maxFlight is about how many octets of text are sent at once; pgx keeps them in memory until it has sent them.
const maxFlight = 4 << 20

// write writes all rows, in one round trip unless the texts are long.
func (a *acceptance) write(ctx context.Context, met map[[sha256.Size]byte]*knownMessage, records []*record) error {
	var b pgx.Batch
	queueSightings(&b, a.mailbox.ID, met)
	var t recordRows
	var answers outboxRows
	for _, r := range records {
		t.add(r, a.now)
		answers.add(r)
		if t.octets < maxFlight {
			continue
		}
		t.queue(&b, a)
		if err := a.send(ctx, &b); err != nil {
			return err
		}
		b, t = pgx.Batch{}, recordRows{}
	}
	t.queue(&b, a)
	answers.queue(&b, a)
	return a.send(ctx, &b)
}
