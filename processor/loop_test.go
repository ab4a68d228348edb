package processor

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestASenderOpensNoMoreRequestsThanItsMailboxAllows decides about mail from a sender who has opened requests 1 to 4, one a
// minute up to noon.
func TestASenderOpensNoMoreRequestsThanItsMailboxAllows(t *testing.T) {
	t.Parallel()
	opened := map[string][]deskOpening{"robot@example.com": {}}
	var requests []deskRequest
	for n := int64(4); n > 0; n-- {
		at := caseTime.Add(time.Duration(n-4) * time.Minute)
		opened["robot@example.com"] = append(opened["robot@example.com"], deskOpening{at, n})
		requests = append(requests, deskRequest{Request: Request{Number: n, Kind: Incident, State: StateNew, Addresses: []string{"robot@example.com"}}})
	}
	const opens, loop, follows = "open", "loop on 4", "activity on 2"
	tests := []struct {
		name   string
		limit  Limit
		change func(m *Message, p *Policy, d *desk)
		want   string
	}{
		{"below the limit, it opens a request", Limit{5, time.Hour}, nil, opens},
		{"at the limit, it is added to the last request", Limit{4, time.Hour}, nil, loop},
		{"beyond the limit as well, after the limit was lowered", Limit{1, time.Hour}, nil, loop},
		{"requests from before the window do not count", Limit{4, 3 * time.Minute}, nil, opens},
		{"those within it do", Limit{3, 3 * time.Minute}, nil, loop},
		{"0 is no limit", Limit{}, nil, opens},
		{"another sender has a limit of its own", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.From.Addr = "ann@example.com"
		}, opens},
		{"upper and lower case are one sender", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.From.Addr = "Robot@Example.COM"
		}, loop},
		{"a message without a sender has no limit", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.From = Address{}
		}, opens},
		{"messages that were sent later and arrived earlier count as well", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Date = caseTime.Add(-30 * time.Minute)
		}, loop},
		{"a message of an old backlog does not count what came after it", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Date = caseTime.AddDate(-1, 0, 0)
		}, opens},
		{"the Date of a clock that was never set counts as now", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Date = time.Unix(0, 0)
		}, loop},
		{"a message without a Date was sent now", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Date = time.Time{}
		}, loop},
		{"a Date in the future counts as now", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Date = caseTime.AddDate(1, 0, 0)
		}, loop},
		{"an answer is added to its own request", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Subject = "RE: [Incident] #2"
		}, follows},
		{"a forward of a stranger, which would open a linked request, is limited too", Limit{4, time.Hour}, func(m *Message, _ *Policy, d *desk) {
			m.Subject = "FW: [Incident] #9"
			d.Requests = append(slices.Clone(d.Requests), deskRequest{Request: Request{Number: 9, Kind: Incident, State: StateNew}})
		}, loop},
		{"a forward from one who takes part is added to its own request", Limit{4, time.Hour}, func(m *Message, _ *Policy, _ *desk) {
			m.Subject = "FW: [Incident] #2"
		}, follows},
		{"events are limited too", Limit{4, time.Hour}, func(_ *Message, p *Policy, _ *desk) {
			p.Processor = Monitoring
		}, loop},
		{"what a filter ignores stays ignored", Limit{4, time.Hour}, func(_ *Message, p *Policy, _ *desk) {
			p.Filters = []Filter{{Name: "all", Sender: regexp.MustCompile("robot"), Ignore: true}}
			p.FilterSettings = make([]FilterReferences, 1)
		}, "ignore"},
		{"it opens a request when the last one is gone", Limit{4, time.Hour}, func(_ *Message, _ *Policy, d *desk) {
			d.Requests = nil
		}, opens},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := &Message{From: Address{Addr: "robot@example.com"}, Subject: "printer", Date: caseTime, Text: "again"}
			d := desk{Opened: opened, Requests: requests}
			p := Policy{Rules: Rules{Processor: EndUserIncident, CreateNewRequests: true, MaxNewRequests: test.limit}}
			if test.change != nil {
				test.change(m, &p, &d)
			}
			p = NewPolicy(p.Rules, p.References)
			if got := outline(p.Decide(m, asked{t, p.Keys(m), d}, caseTime)); got != test.want {
				t.Errorf("decided to %s, want %s", got, test.want)
			}
		})
	}
}

// outline names a decision, and the request it adds to.
func outline(d Decision) string {
	switch d := d.(type) {
	case OpenRequest:
		return "open"
	case AddActivity:
		if d.Reason.Code == ReasonLoop {
			return fmt.Sprint("loop on ", d.Request)
		}
		return fmt.Sprint("activity on ", d.Request)
	}
	return "ignore"
}

func TestTheReasonOfALoopNamesSenderLimitAndRequest(t *testing.T) {
	t.Parallel()
	p := NewPolicy(Rules{Processor: EndUserIncident, CreateNewRequests: true, MaxNewRequests: Limit{2, 10 * time.Minute}}, References{})
	m := &Message{From: Address{Name: "Backup", Addr: "robot@example.com"}, Date: caseTime}
	d := desk{
		Requests: []deskRequest{{Request: Request{Number: 8, Kind: Incident}}},
		Opened:   map[string][]deskOpening{"robot@example.com": {{caseTime, 8}, {caseTime, 7}}},
	}
	got := p.Decide(m, d, caseTime).Why()
	want := Reason{ReasonLoop, []string{
		"robot@example.com has opened as many requests as MaxNewRequests allows (2 in 10min)", "added to the last of them, incident 8",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
}
