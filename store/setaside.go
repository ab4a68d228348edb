package store

import (
	"cmp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// asideEvent returns the decider's event for a message that is set aside. If the decider panics or returns no event, the
// event is a plain one: a failure to write the text must not keep the message in its mailbox.
func (a *acceptance) asideEvent(m *newMessage, why processor.Reason) (event processor.OpenRequest) {
	defer func() {
		if v := recover(); v != nil {
			event = a.plainEvent(why, panicReason(v))
		}
		event.Reason = why
	}()
	event = a.decider.SetAside(m.Delivery, why)
	if event.Kind != processor.Event || event.Requester.ID == 0 || event.User.ID == 0 {
		return a.plainEvent(why)
	}
	return event
}

// plainEvent returns an event whose text is only the reasons.
func (a *acceptance) plainEvent(reasons ...processor.Reason) processor.OpenRequest {
	mb := a.mailbox
	var body strings.Builder
	for _, why := range reasons {
		body.WriteString(why.Detail() + "\n")
	}
	return processor.OpenRequest{
		Kind: processor.Event, Subject: "Message set aside", Body: body.String(), Requester: mb.Login, User: mb.Login,
		Source: mb.Source, Priority: cmp.Or(mb.Priority, mb.DefaultPriority), Group: cmp.Or(mb.Group, mb.ServiceDesk),
	}
}

// asideRows are rows of the table set_aside, column by column.
type asideRows struct {
	digest         [][]byte
	event          []int64
	reason, detail []string
}

func (t *asideRows) add(r *record) {
	why := r.decision.Why()
	t.digest = append(t.digest, r.digest[:])
	t.event = append(t.event, r.request)
	t.reason = append(t.reason, capped(string(why.Code), maxLine))
	t.detail = append(t.detail, capped(why.Detail(), maxDetail))
}

func (t *asideRows) queue(b *pgx.Batch, mb Mailbox, now time.Time) {
	if len(t.digest) == 0 {
		return
	}
	b.Queue(`INSERT INTO set_aside (mailbox_id, at, digest, event_id, reason, detail)
		SELECT $1, $2, s.digest, s.event_id, s.reason, s.detail
		FROM unnest($3::bytea[], $4::bigint[], $5::text[], $6::text[]) AS s (digest, event_id, reason, detail)`,
		mb.ID, now, t.digest, t.event, t.reason, t.detail)
}
