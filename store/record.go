package store

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"mailintegration/processor"
)

// record is the result for one new message: a decision, and the rows and files that follow from it.
type record struct {
	*newMessage
	decision processor.Decision
	entry    // for SetAside only the number of its event, whose rows are written already
	aside    *aside
	threads  []thread

	loopEvent int64 // the event that tells of the loop, if this message made it open
}

// outcome returns the receipt's word for the decision.
func (r *record) outcome() string {
	switch r.decision.(type) {
	case processor.OpenRequest:
		return Opened
	case processor.AddActivity:
		return Added
	case processor.Refuse:
		return Refused
	case processor.Ignore:
		return Ignored
	default:
		return SetAside
	}
}

// keepsRaw reports whether the raw octets are kept with the receipt: whenever nothing else tells what was in them.
func (r *record) keepsRaw() bool { return r.opens == nil && r.adds == nil || r.outcome() == SetAside }

// decide returns the records of all messages, in their order, with their numbers. Each message is decided about once. The
// numbers of requests are drawn between decisions, so that a slow database takes no time from a decision, and only once a
// decision needs one, so that follow-ups use up none.
func (a *acceptance) decide(ctx context.Context, messages []*newMessage) ([]*record, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	found, err := a.lookUp(ctx, messages)
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	d := &deciding{acceptance: a, dir: newDirectory(found), messages: messages}
	for len(d.messages) > 0 {
		if d.isSetAside() {
			if err := d.setAside(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if d.decision != nil {
			if err := a.numbers.ensure(ctx, a.tx, len(d.messages)); err != nil {
				return nil, err
			}
		}
		d.numbers = a.numbers.unused()
		if err := a.inTurn(d.inOrder); err != nil {
			return nil, err
		}
		a.numbers.used = len(a.numbers.numbers) - len(d.numbers)
	}
	if err := a.checkReconsidered(d.records); err != nil {
		return nil, err
	}
	return d.records, a.identify(ctx, d.records)
}

// deciding is the state of deciding about the messages of a batch, each over the effects of those before it.
type deciding struct {
	*acceptance
	dir      *directory         // shows the effects
	messages []*newMessage      // still without a record
	decision processor.Decision // about the first of them, nil before it is made
	numbers  []int64            // for the requests that are opened
	records  []*record
}

// inOrder decides and makes records until all messages have one, the next one opens a request and no number is left, or the
// next one is set aside. Each message has a limited time.
func (d *deciding) inOrder(t *turns) {
	for ; len(d.messages) > 0; d.messages, d.decision = d.messages[1:], nil {
		m := d.messages[0]
		t.begin(m)
		if d.decision == nil {
			d.decision = d.decideAbout(m, d.dir)
		}
		if d.isSetAside() {
			return
		}
		var number int64
		if d.needsNumber() {
			if len(d.numbers) == 0 {
				return
			}
			number, d.numbers = d.numbers[0], d.numbers[1:]
		}
		r := d.record(m, d.dir, d.decision, number)
		d.dir.show(r)
		d.records = append(d.records, r)
	}
}

// needsNumber reports whether the decision opens a request.
func (d *deciding) needsNumber() bool {
	_, opens := d.decision.(processor.OpenRequest)
	return opens
}

// isSetAside reports whether the decision sets a message aside. One that is reconsidered, and would be set aside again, is
// aside already.
func (d *deciding) isSetAside() bool {
	_, is := d.decision.(processor.SetAside)
	return is && !d.reconsiders
}

// setAside makes the record of the first message, which is set aside, and goes on to the next one.
func (d *deciding) setAside(ctx context.Context) error {
	r, err := d.acceptance.setAside(ctx, d.messages[0], d.decision.Why())
	if err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	d.records = append(d.records, r)
	d.messages, d.decision = d.messages[1:], nil
	return nil
}

// decideAbout asks the decider. A panic, no decision, and a decision about a request that is not the team's are faults
// of our own code; the message is set aside for them.
func (a *acceptance) decideAbout(m *newMessage, dir *directory) (d processor.Decision) {
	defer func() {
		if v := recover(); v != nil {
			d = processor.SetAside{Reason: panicReason(v)}
		}
	}()
	d = a.decider.Decide(m.Message, dir, a.now)
	var names int64
	switch d := d.(type) {
	case nil:
		return processor.SetAside{Reason: processor.NewReason(processor.ReasonPanic, "nothing was decided about the message")}
	case processor.AddActivity:
		names = d.Request
	case processor.OpenRequest:
		names = d.LinkedTo
	}
	if _, ok := dir.Request(names); !ok && names != 0 {
		detail := fmt.Sprintf("the decision names request %d, which is not one of the team's that was looked up", names)
		return processor.SetAside{Reason: processor.NewReason(processor.ReasonUnstorable, detail)}
	}
	return d
}

// record works out what follows from a decision. If it opens a request, that gets the number.
func (a *acceptance) record(m *newMessage, dir *directory, d processor.Decision, number int64) *record {
	r := &record{newMessage: m, decision: d}
	switch d := d.(type) {
	case processor.OpenRequest:
		r.entry = opening(a.newRequest(m, d, cmp.Or(d.Body, m.Message.Text), m.Message.HTML), number)
		r.participants = recipients(m.Message, d, number, dir)
		r.threads = threads(m.Message, number, dir)
	case processor.AddActivity:
		r.entry = adding(newActivity(m, d))
		if request, _ := dir.Request(d.Request); d.Reopen && request.State.IsDone() {
			r.change = &StateChange{Reason: d.Reason, Request: d.Request, State: reopened(request.Kind)}
		}
		r.participants = author(m.Message, d, dir)
		r.threads = threads(m.Message, r.request, dir)
	case processor.SetAside: // of a message that is reconsidered: see checkReconsidered
	default: // Refuse and Ignore
		r.files = storedFiles(messageFiles(m, nil, true), false)
	}
	return r
}

// newRequest returns the request that a decision opens from a message, with this text.
func (a *acceptance) newRequest(m *newMessage, d processor.OpenRequest, body, html string) *NewRequest {
	return &NewRequest{
		Reason: d.Reason, Kind: d.Kind, Team: a.mailbox.Team, MailboxID: a.mailbox.ID, Subject: d.Subject,
		Body: body, HTML: html, Requester: d.Requester, User: d.User, Site: d.Site, Source: d.Source,
		Priority: d.Priority, Group: d.Group, Assignee: d.Assignee, LinkedTo: d.LinkedTo,
		Sender: senderOf(m.Message), SentAt: m.Message.Date, FromOwn: d.FromOwn, Type: d.Type, Due: d.Due, Fields: d.Fields,
		Files: messageFiles(m, d.Attachments, d.AttachRaw), Defects: m.Message.DefectLines(),
	}
}

// newActivity returns the activity that a decision makes of a message.
func newActivity(m *newMessage, d processor.AddActivity) *NewActivity {
	return &NewActivity{
		Reason: d.Reason, Request: d.Request, Subject: cmp.Or(m.Message.Subject, noSubject), Body: m.Message.Text, HTML: m.Message.HTML,
		Author: d.Author, Sender: senderOf(m.Message), SentAt: m.Message.Date, Flagged: d.Flagged, FromOwn: d.FromOwn,
		Files: messageFiles(m, d.Attachments, d.AttachRaw), Defects: m.Message.DefectLines(),
	}
}

func senderOf(m *processor.Message) Sender { return Sender{Name: m.From.Name, Address: m.From.Addr} }

// identify fetches an identity for each activity.
func (a *acceptance) identify(ctx context.Context, records []*record) error {
	var adding []*entry
	for _, r := range records {
		if r.adds != nil {
			adding = append(adding, &r.entry)
		}
	}
	return a.Journal.identify(ctx, adding)
}

// asideDecider sets aside whatever it is asked about, with the event of another decider.
type asideDecider struct {
	Decider
	reason processor.Reason
}

func (asideDecider) Keys(*processor.Message) processor.Keys { return processor.Keys{} }

func (d asideDecider) Decide(*processor.Message, processor.Directory, time.Time) processor.Decision {
	return processor.SetAside{Reason: d.reason}
}

// panicReason returns the reason for a panic: what panicked, and where. The function that recovered must call it.
func panicReason(v any) processor.Reason {
	detail := fmt.Sprintf("the program failed on the message: %v (%s)", v, panicPlace())
	return processor.NewReason(processor.ReasonPanic, detail)
}

// panicPlace returns the function and line that panicked: the first one that is not the runtime's.
func panicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	panicked := false
	for {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicked && !inRuntime {
			return fmt.Sprintf("%s, line %d", frame.Function, frame.Line)
		}
		panicked = panicked || frame.Function == "runtime.gopanic"
		if !more {
			return "at an unknown place"
		}
	}
}
