package store

import (
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// author returns the sender of an activity as a new participant, or nil if the sender is one already. It also returns
// nil for a flagged activity, such as one from an address of our own: the person who looks at it decides whether the sender
// takes part.
func author(m *processor.Message, add processor.AddActivity, dir *directory) []participant {
	if add.Flagged {
		return nil
	}
	p := participant{user: add.Author.ID}
	if p.user == 0 {
		p = dir.participant(addressKey(m.Author().Addr))
	}
	p.request = add.Request
	if p.user == 0 && p.address == "" || dir.takesPart(p) {
		return nil
	}
	return []participant{p}
}

// NewActivity holds the values of an activity to add to a request. A zero User, time or text stands for none. Texts may
// hold any octets and have any length: the store makes them storable.
type NewActivity struct {
	Reason  processor.Reason // why it is added, for the history
	Request int64            // number of the request
	Subject string
	Body    string
	HTML    string // sanitised

	Author  processor.User // of the text
	Sender  Sender         // of the message behind the activity
	SentAt  time.Time      // the same
	Flagged bool           // a person should check it
	FromOwn bool           // the message came from an address of our own; only with Flagged
	Defects []string       // of the message

	Files []File // to attach, in their order
}

// activityRows are rows of the table activity, column by column.
type activityRows struct {
	id, request, sender                            []int64
	body, html, subject, senderName, senderAddress []string
	defects                                        []string // one a line
	sentAt                                         []*time.Time
	flagged, fromOwn                               []bool
}

func (t *activityRows) add(id int64, a *NewActivity) {
	t.id = append(t.id, id)
	t.request = append(t.request, a.Request)
	t.sender = append(t.sender, a.Author.ID)
	t.body = append(t.body, capped(a.Body, maxText))
	t.html = append(t.html, capped(a.HTML, maxText))
	t.subject = append(t.subject, subject(a.Subject))
	t.senderName = append(t.senderName, capped(a.Sender.Name, maxLine))
	t.senderAddress = append(t.senderAddress, capped(a.Sender.Address, maxLine))
	t.sentAt = append(t.sentAt, storableDate(a.SentAt))
	t.flagged = append(t.flagged, a.Flagged)
	t.fromOwn = append(t.fromOwn, a.FromOwn)
	t.defects = append(t.defects, lines(a.Defects))
}

func (t *activityRows) queue(b *pgx.Batch, j *Journal) {
	if len(t.id) == 0 {
		return
	}
	b.Queue(`INSERT INTO activity (recorded_at, recorded_by_id, id, request_id, body, html, subject, sender_id, sender_name,
			sender_address, sent_at, flagged, defects, from_own)
		OVERRIDING SYSTEM VALUE
		SELECT $1, $2, a.id, a.request_id, a.body, a.html, a.subject, nullif(a.sender, 0), a.sender_name, a.sender_address,
			a.sent_at, a.flagged, string_to_array(a.defects, E'\n'), a.from_own
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
			$11::timestamptz[], $12::boolean[], $13::text[], $14::boolean[])
			AS a (id, request_id, body, html, subject, sender, sender_name, sender_address, sent_at, flagged, defects, from_own)`,
		j.now, j.author.ID, t.id, t.request, t.body, t.html, t.subject, t.sender, t.senderName, t.senderAddress, t.sentAt, t.flagged,
		t.defects, t.fromOwn)
}
