package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// aside is a message that is being set aside.
type aside struct {
	id       int64
	activity int64 // that carries it, 0 if the event does
}

// setAside writes the event that carries a message which cannot be recorded or, if the same fault has an open event in this
// mailbox, an activity on that. It returns the message's record, which has the rows that are still to be written.
func (a *acceptance) setAside(ctx context.Context, m *newMessage, why processor.Reason) (*record, error) {
	r := &record{newMessage: m, decision: processor.SetAside{Reason: why}, aside: &aside{}}
	if err := a.tx.QueryRow(ctx, `SELECT nextval('set_aside_id_seq')`).Scan(&r.aside.id); err != nil {
		return nil, a.note(err)
	}
	m.Aside = r.aside.id
	key := asideKey(a.mailbox, why)
	p, err := a.FindProblem(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		p, err = a.openAside(ctx, key, m, why)
	default:
		err = a.SeeProblem(ctx, p, a.asideActivity(m, why, p.Event))
		r.aside.activity = p.Activity
	}
	if err != nil {
		return nil, err
	}
	r.request = p.Event
	return r, nil
}

// openAside opens the event that carries a message, and the problem of its fault. The problem names no mailbox, because no
// status of a mailbox ends it: it ends with its messages (settleAside).
func (a *acceptance) openAside(ctx context.Context, key ProblemKey, m *newMessage, why processor.Reason) (*Problem, error) {
	event := a.asideEvent(m, why)
	event.Attachments, event.AttachRaw = nil, true
	return a.OpenProblem(ctx, key, *a.newRequest(m, event, event.Body, ""))
}

// asideActivity returns the activity that carries a message. If the decider panics, its text is a plain one.
func (a *acceptance) asideActivity(m *newMessage, why processor.Reason, event int64) (add *NewActivity) {
	add = &NewActivity{
		Reason: why, Request: event, Subject: cmp.Or(m.Message.Subject, noSubject), Author: a.author, Sender: senderOf(m.Message),
		SentAt: m.Message.Date, Files: messageFiles(m, nil, true),
	}
	defer func() {
		if v := recover(); v != nil {
			add.Body = "Another message was set aside: " + why.Detail() + "\n" + panicReason(v).Detail() + "\n"
		}
	}()
	add.Body = a.decider.SetAsideAgain(m.Delivery, why, event)
	return add
}

// asideEvent returns the event for a message that is set aside.
func (a *acceptance) asideEvent(m *newMessage, why processor.Reason) processor.OpenRequest {
	return a.decidersEvent(why, func() processor.OpenRequest { return a.decider.SetAside(m.Delivery, why) })
}

// decidersEvent returns the event that write has the decider write about a message. If the decider panics or returns no event,
// the event is a plain one: a failure to write the text must not keep the message in its mailbox.
func (a *acceptance) decidersEvent(why processor.Reason, write func() processor.OpenRequest) (event processor.OpenRequest) {
	defer func() {
		if v := recover(); v != nil {
			event = a.plainEvent(why, panicReason(v))
		}
		event.Reason = why
	}()
	event = write()
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
	digest                             [][]byte
	id, event, activity                []int64
	reason, detail                     []string
	subject, senderName, senderAddress []string
}

func (t *asideRows) add(r *record) {
	why := r.decision.Why()
	t.digest = append(t.digest, r.digest[:])
	t.id = append(t.id, r.aside.id)
	t.event = append(t.event, r.request)
	t.activity = append(t.activity, r.aside.activity)
	t.reason = append(t.reason, capped(string(why.Code), maxLine))
	t.detail = append(t.detail, capped(why.Detail(), maxDetail))
	t.subject = append(t.subject, subject(r.Message.Subject))
	t.senderName = append(t.senderName, capped(r.Message.From.Name, maxLine))
	t.senderAddress = append(t.senderAddress, capped(r.Message.From.Addr, maxLine))
}

func (t *asideRows) queue(b *pgx.Batch, mb Mailbox, now time.Time) {
	if len(t.digest) == 0 {
		return
	}
	b.Queue(`INSERT INTO set_aside (mailbox_id, at, digest, id, event_id, activity_id, reason, detail, subject, sender_name, sender_address)
		OVERRIDING SYSTEM VALUE
		SELECT $1, $2, s.digest, s.id, s.event_id, nullif(s.activity, 0), s.reason, s.detail, s.subject, s.sender_name, s.sender_address
		FROM unnest($3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
			AS s (digest, id, event_id, activity, reason, detail, subject, sender_name, sender_address)`,
		mb.ID, now, t.digest, t.id, t.event, t.activity, t.reason, t.detail, t.subject, t.senderName, t.senderAddress)
}
