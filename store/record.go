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

// record is what one arrival becomes: a decision, and the rows and files that follow from it.
type record struct {
	*arrival
	decision processor.Decision // with real numbers once decide has returned

	opens *processor.OpenRequest // the request to open, which for SetAside is its event; nil for none
	adds  *processor.AddActivity // nil for none

	body, html   string // of the request or activity
	request      int64  // the request opened or added to, 0 for none
	activity     int64  // the activity added, 0 for none
	reopens      bool   // the request was done with until now
	participants []participant
	threads      []thread
	contents     []*content
}

// outcome is the receipt's word for the decision.
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

// decide gives the records of all arrivals, in their order, numbered.
//
// A request that is opened gets its number when it is known how many are, so that numbers are fetched once and none
// is lost. Until then the directory shows a negative one. When a later message of the batch asked for such a request,
// all is decided once more with the real numbers, because a reason may tell the number to a person.
func (a *acceptance) decide(ctx context.Context, arrivals []*arrival) ([]*record, error) {
	if len(arrivals) == 0 {
		return nil, nil
	}
	found, err := a.lookUp(ctx, arrivals)
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	dir, records, err := a.decideInOrder(arrivals, found, temporaryNumbers())
	if err == nil {
		err = a.stillAside(records)
	}
	if err != nil {
		return nil, err
	}
	requests, activities, err := a.numbers(ctx, records)
	if err != nil {
		return nil, err
	}
	if dir.askedForNew {
		if _, records, err = a.decideInOrder(arrivals, found, take(requests)); err != nil {
			return nil, err
		}
	}
	return records, number(records, requests, activities)
}

// decideInOrder decides about each arrival over the effects of those before it, which the directory shows. Each has a
// limited time.
func (a *acceptance) decideInOrder(arrivals []*arrival, found *findings, next func() int64) (*directory, []*record, error) {
	dir, records := newDirectory(found), make([]*record, len(arrivals))
	err := a.inTurn(func(t *turns) {
		for i, arr := range arrivals {
			t.take(arr)
			records[i] = a.record(arr, dir, a.judge(arr, dir), next)
			dir.show(records[i])
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return dir, records, nil
}

// judge asks the decider. A panic, no decision, and a decision about a request that is not the team's are faults
// of our own code; the message is set aside for them.
func (a *acceptance) judge(arr *arrival, dir *directory) (d processor.Decision) {
	defer func() {
		if v := recover(); v != nil {
			d = processor.SetAside{Reason: panicReason(v)}
		}
	}()
	d = a.decider.Decide(arr.Message, dir, a.now)
	var names int64
	switch d := d.(type) {
	case nil:
		return processor.SetAside{Reason: processor.NewReason(processor.ReasonPanic, "nothing was decided about the message")}
	case processor.AddActivity:
		names = d.Request
	case processor.OpenRequest:
		names = d.LinkedTo
	}
	if _, ok := dir.request(names); !ok && names != 0 {
		detail := fmt.Sprintf("the decision names request %d, which is not one of the team's that was looked up", names)
		return processor.SetAside{Reason: processor.NewReason(processor.ReasonUnstorable, detail)}
	}
	return d
}

// record works out what follows from a decision.
func (a *acceptance) record(arr *arrival, dir *directory, d processor.Decision, next func() int64) *record {
	r := &record{arrival: arr, decision: d, body: arr.Message.Text, html: arr.Message.HTML}
	switch d := d.(type) {
	case processor.OpenRequest:
		r.opens, r.request = &d, next()
		r.body = cmp.Or(d.Body, r.body)
		r.participants = recipients(arr.Message, d, dir)
		r.threads = threads(arr.Message, r.request, dir)
		r.attach(d.Attachments, d.AttachRaw)
	case processor.AddActivity:
		r.adds, r.request = &d, d.Request
		r.reopens = d.Reopen && dir.isDone(d.Request)
		r.participants = author(arr.Message, d, dir)
		r.threads = threads(arr.Message, r.request, dir)
		r.attach(d.Attachments, d.AttachRaw)
	case processor.SetAside:
		event := asideEvent(a.mailbox, arr, d.Reason)
		r.opens, r.request = &event, next()
		r.body, r.html = asideBody(a.mailbox, arr, d.Reason), ""
		r.attach(nil, true)
	default: // Refuse and Ignore
		r.contents = []*content{rawContent(arr)}
	}
	return r
}

// temporaryNumbers counts down from -1.
func temporaryNumbers() func() int64 {
	var n int64
	return func() int64 { n--; return n }
}

// take hands out the numbers in order, and 0 when there are no more.
func take(numbers []int64) func() int64 {
	return func() int64 {
		if len(numbers) == 0 {
			return 0
		}
		n := numbers[0]
		numbers = numbers[1:]
		return n
	}
}

// numbers fetches a number for each request that is opened and an identity for each activity.
func (a *acceptance) numbers(ctx context.Context, records []*record) (requests, activities []int64, err error) {
	var opened, added int
	for _, r := range records {
		switch {
		case r.opens != nil:
			opened++
		case r.adds != nil:
			added++
		}
	}
	if opened+added == 0 {
		return nil, nil, nil
	}
	err = a.tx.QueryRow(ctx, `SELECT ARRAY(SELECT nextval('request_number') FROM generate_series(1, $1)),
		ARRAY(SELECT nextval('activity_id_seq') FROM generate_series(1, $2))`, opened, added).Scan(&requests, &activities)
	if err != nil {
		return nil, nil, fmt.Errorf("numbers: %w", err)
	}
	return requests, activities, nil
}

// number gives the records their real numbers. It fails when they are not the ones the numbers were fetched for,
// which a decider that is not pure can bring about.
func number(records []*record, requests, activities []int64) error {
	nextRequest, nextActivity := take(requests), take(activities)
	for _, r := range records {
		var n int64
		switch {
		case r.opens != nil:
			n = nextRequest()
			r.setRequest(n)
		case r.adds != nil:
			n = nextActivity()
			r.activity = n
		default:
			continue
		}
		if n == 0 {
			return fmt.Errorf("the same messages were decided about in two ways")
		}
	}
	return nil
}

// setRequest makes n the number of the request that is opened.
func (r *record) setRequest(n int64) {
	r.request = n
	for i := range r.threads {
		r.threads[i].request = n
	}
	for i := range r.participants {
		r.participants[i].request = n
	}
}

// asideDecider sets aside whatever it is asked about.
type asideDecider struct{ reason processor.Reason }

func (asideDecider) Keys(*processor.Message) processor.Keys { return processor.Keys{} }

func (d asideDecider) Decide(*processor.Message, processor.Directory, time.Time) processor.Decision {
	return processor.SetAside{Reason: d.reason}
}

// panicReason says what panicked, and where. It is to be called by the function that recovered.
func panicReason(v any) processor.Reason {
	detail := fmt.Sprintf("the program failed on the message: %v (%s)", v, panicPlace())
	return processor.NewReason(processor.ReasonPanic, detail)
}

// panicPlace is the function and line that panicked: the first one that is not the runtime's.
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
