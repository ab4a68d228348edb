package store

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// asideEvent is the event that carries a message which was set aside.
func asideEvent(mb Mailbox, arr *arrival, why processor.Reason) processor.OpenRequest {
	group := mb.Group
	if group.ID == 0 {
		group = mb.ServiceDesk
	}
	priority := mb.Priority
	if priority.ID == 0 {
		priority = mb.DefaultPriority
	}
	return processor.OpenRequest{
		Reason:    why,
		Kind:      processor.Event,
		Subject:   "Message set aside: " + subject(arr.Message.Subject),
		Requester: mb.Login,
		User:      mb.Login,
		Source:    mb.Source,
		Priority:  priority,
		Group:     group,
	}
}

// asideBody tells a person what happened and what to do.
func asideBody(mb Mailbox, arr *arrival, why processor.Reason) string {
	m := arr.Message
	date := "unknown"
	if !m.Date.IsZero() {
		date = m.Date.Format(time.RFC1123Z)
	}
	facts := []struct{ name, value string }{
		{"Mailbox", mb.Name},
		{"From", strings.TrimSpace(m.From.Name + " <" + m.From.Addr + ">")},
		{"Subject", m.Subject},
		{"Date", date},
		{"Message-ID", m.MessageID},
		{"Size", fmt.Sprintf("%d octets", arr.Raw.Size())},
		{"Why", why.Detail() + " [" + string(why.Code) + "]"},
	}
	var b strings.Builder
	b.WriteString("A message could not be recorded as what it is and was set aside. Nothing of it is lost: " +
		"it is attached to this event, exactly as it was received, as " + rawName + ".\n\n")
	for _, f := range facts {
		fmt.Fprintf(&b, "%s: %s\n", f.name, capped(cmp.Or(f.value, "none"), maxDetail))
	}
	b.WriteString("\nWhat to do:\n" + remedy(why.Code) +
		"\nThe mailbox goes on: other messages are not affected, and this one is not retrieved again.\n")
	return b.String()
}

// remedy is what a person can do about a message that was set aside for that reason.
func remedy(why processor.ReasonCode) string {
	if why == processor.ReasonBadBlock {
		return "1. Read in the line \"Why\" which lines of the block are wrong, and what is right. Lines are counted from the first of the message's text.\n" +
			"2. When the block is right and a name is missing here, add it (mailintegration request-type add, group add, user add …) " +
			"and run mailintegration replay --set-aside with the number of this event: the message is recorded and the event processed.\n" +
			"3. Else have the sender send a corrected message, or record the service request by hand, and mark this event as processed.\n"
	}
	return "1. Open " + rawName + " with a mail program and read what the sender wants.\n" +
		"2. Record it by hand, as a new request or on the request it belongs to, and answer the sender if need be.\n" +
		"3. Report the line \"Why\" with " + rawName + " to whoever maintains MailIntegration, so that such a message is understood the next time.\n" +
		"4. Mark this event as processed. A later version that understands the message records it by mailintegration replay --set-aside " +
		"with the number of this event, as long as that was not done by hand.\n"
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
	b.Queue(`INSERT INTO set_aside (mailbox_id, at, digest, event, reason, detail)
		SELECT $1, $2, s.digest, s.event, s.reason, s.detail
		FROM unnest($3::bytea[], $4::bigint[], $5::text[], $6::text[]) AS s (digest, event, reason, detail)`,
		mb.ID, now, t.digest, t.event, t.reason, t.detail)
}
