package store

import (
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// reopened returns the state of a done request after somebody has written again.
func reopened(kind processor.RequestKind) processor.RequestState {
	if kind == processor.Event {
		return processor.StateNew
	}
	return processor.StateOpen
}

// author returns the sender of an activity as a new participant, or nil if the sender is one already. It also returns
// nil for a flagged activity: the person who looks at it decides whether the sender takes part.
func author(m *processor.Message, add processor.AddActivity, dir *directory) []participant {
	if add.Flagged {
		return nil
	}
	p := participant{user: add.Author.ID}
	if p.user == 0 {
		p = dir.participant(addressKey(m.From.Addr))
	}
	p.request = add.Request
	if p.user == 0 && p.address == "" || dir.takesPart(p) {
		return nil
	}
	return []participant{p}
}

// activityRows are rows of the table activity, column by column.
type activityRows struct {
	id, request, sender                            []int64
	body, html, subject, senderName, senderAddress []string
	sentAt                                         []*time.Time
	flagged                                        []bool
}

func (t *activityRows) add(r *record) {
	t.id = append(t.id, r.activity)
	t.request = append(t.request, r.request)
	t.sender = append(t.sender, r.adds.Author.ID)
	t.body = append(t.body, capped(r.body, maxText))
	t.html = append(t.html, capped(r.html, maxText))
	t.subject = append(t.subject, subject(r.Message.Subject))
	t.senderName = append(t.senderName, capped(r.Message.From.Name, maxLine))
	t.senderAddress = append(t.senderAddress, capped(r.Message.From.Addr, maxLine))
	t.sentAt = append(t.sentAt, storableDate(r.Message.Date))
	t.flagged = append(t.flagged, r.adds.Flagged)
}

func (t *activityRows) queue(b *pgx.Batch, mb Mailbox, now time.Time) {
	if len(t.id) == 0 {
		return
	}
	b.Queue(`INSERT INTO activity (recorded_at, recorded_by_id, id, request_id, body, html, subject, sender_id, sender_name,
			sender_address, sent_at, flagged)
		OVERRIDING SYSTEM VALUE
		SELECT $1, $2, a.id, a.request_id, a.body, a.html, a.subject, nullif(a.sender, 0), a.sender_name, a.sender_address,
			a.sent_at, a.flagged
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
			$11::timestamptz[], $12::boolean[])
			AS a (id, request_id, body, html, subject, sender, sender_name, sender_address, sent_at, flagged)`,
		now, mb.Login.ID, t.id, t.request, t.body, t.html, t.subject, t.sender, t.senderName, t.senderAddress, t.sentAt, t.flagged)
}

// historyRows are rows of the table history, column by column.
type historyRows struct {
	request, activity    []int64
	what, reason, detail []string
}

// The values of history.what for messages that were recorded.
const (
	historyOpened = "opened"
	historyAdded  = "activity_added"
)

func (t *historyRows) add(r *record, what string) {
	why := r.decision.Why()
	t.request = append(t.request, r.request)
	t.activity = append(t.activity, r.activity)
	t.what = append(t.what, what)
	t.reason = append(t.reason, capped(string(why.Code), maxLine))
	t.detail = append(t.detail, capped(why.Detail(), maxDetail))
}

func (t *historyRows) queue(b *pgx.Batch, mb Mailbox, now time.Time) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO history (at, author_id, request_id, activity_id, what, reason, detail)
		SELECT $1, $2, h.request_id, nullif(h.activity, 0), h.what, h.reason, h.detail
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
			AS h (request_id, activity, what, reason, detail)`,
		now, mb.Login.ID, t.request, t.activity, t.what, t.reason, t.detail)
}

// queueReopening queues the new states of requests with their history. Another mailbox may reopen the same request at
// the same time: the later UPDATE finds nothing to change, and then writes no history.
func (t *historyRows) queueReopening(b *pgx.Batch, mb Mailbox, now time.Time) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`WITH reopened AS (
			UPDATE request SET state = CASE kind WHEN 'event' THEN 'new' ELSE 'open' END, processed_at = NULL
			WHERE number = ANY($3) AND state IN ('resolved', 'closed', 'processed') RETURNING number)
		INSERT INTO history (at, author_id, request_id, activity_id, what, reason, detail)
		SELECT $1, $2, h.request_id, h.activity, 'reopened', h.reason, h.detail
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) AS h (request_id, activity, reason, detail)
		JOIN reopened ON reopened.number = h.request_id`,
		now, mb.Login.ID, t.request, t.activity, t.reason, t.detail)
}
