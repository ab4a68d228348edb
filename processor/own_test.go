package processor

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ownDesk is a directory with a closed request, in which Ann and, since an older version, the desk's own address take part.
var ownDesk = desk{
	Users: []deskUser{
		{User{ID: 10, Logon: "ann", Name: "Ann"}, []string{"ann@example.com"}},
		{User{ID: 11, Logon: "desk", Name: "Shared mailbox"}, []string{"shared@example.com"}},
	},
	Requests: []deskRequest{{Request{
		Number: 4711, Kind: Incident, State: StateClosed, Participants: []int64{10, 11},
		Addresses: []string{"desk@example.com", "read@example.com", "sales@example.com", "helpdesk@example.com"},
	}, []string{"first@example.com"}}},
}

// ownPolicy returns the policy of a mailbox that reopens what is answered.
func ownPolicy(change func(*Rules, *References)) Policy {
	rules := Rules{
		Processor: EndUserIncident, CreateNewRequests: true, UnknownFollowUp: Accept, ClosedFollowUp: Reopen,
		Replies: true, AcknowledgeNewRequests: true, AnswerClosedFollowUp: true, MaxReplies: 5,
		DeskAddresses: []string{"Read@Example.com", "shared@example.com", "büro@bücher.example"}, OwnAddresses: []string{"other-team@example.com"},
	}
	references := References{
		Team: Ref{1, "IT"}, Login: User{ID: 1, Name: "Daemon"}, TeamAddress: "Desk@example.com", DeliveredTo: []string{"delivered@example.com"},
	}
	if change != nil {
		change(&rules, &references)
	}
	return NewPolicy(rules, references)
}

func TestMailFromAnAddressOfOurOwnIsFlaggedAndReopensNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, header string
		own          bool
	}{
		{"Ann takes part and reopens", "From: ann@example.com", false},
		{"the address of the team", "From: Help desk <desk@EXAMPLE.com>", true},
		{"the address of the team with a detail", "From: desk+printers@example.com", true},
		{"the address of the team within quotes", "From: \"desk\"@example.com", true},
		{"the address of the team with the dot of the root", "From: desk@example.com.", true},
		{"the address of the team after a comment and with spaces", "From: (Help) desk @ example.com", true},
		{"the address of the team within a group", "From: Desk: desk@example.com;", true},
		{"another address at the domain of the team", "From: desktop@example.com", false},
		{"the address of the team at another domain", "From: desk@example.com.evil.example", false},
		{"a mailbox of the team", "From: read@example.com", true},
		{"a mailbox of the team that a user has, who takes part", "From: shared@example.com", true},
		{"an address to which a mailbox of the team gets its mail", "From: delivered@example.com", true},
		{"the address that this message was delivered to",
			"Delivered-To: helpdesk@example.com\nReceived: from mx by mail\nFrom: helpdesk@example.com", true},
		{"the same without a Received", "Return-Path: <x@example.com>\nDelivered-To: <helpdesk@example.com>\nFrom: helpdesk@example.com", true},
		{"an address that another server delivered it to before",
			"Received: from mx by mail\nDelivered-To: sales@example.com\nFrom: sales@example.com", false},
		{"the last of two deliveries counts",
			"Delivered-To: helpdesk@example.com\nReceived: from a by b\nDelivered-To: sales@example.com\nFrom: sales@example.com", false},
		{"a Delivered-To that is no address", "Delivered-To: inbox\nFrom: ann@example.com", false},
		{"no From, but Sender", "Sender: desk@example.com", true},
		{"sent in the name of the desk", "From: desk@example.com\nSender: ann@example.com", true},
		{"sent by the desk in the name of Ann", "From: ann@example.com\nSender: desk@example.com", false},
		{"Ann through the group of the desk", "From: Ann via Help desk <desk@example.com>\nX-Original-From: Ann <ann@example.com>", false},
		{"answers go to the desk", "From: ann@example.com\nReply-To: desk@example.com", false},
		{"an internationalized domain in the other form", "From: büro@xn--bcher-kva.example", true},
		{"an address that only looks like ours", "From: \"desk@example.com\" <ann@example.com>", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			raw := tc.header + "\nSubject: Re: [Incident] 4711 - printer\n\nIt is broken again.\n"
			p, m := ownPolicy(nil), Parse(strings.NewReader(raw), int64(len(raw)))
			d, ok := p.Decide(m, asked{t, p.Keys(m), ownDesk}, caseTime).(AddActivity)
			if !ok || d.FromOwn != tc.own || d.Flagged != tc.own || d.Reopen == tc.own || tc.own && (d.Reply != nil || d.NoReply == "") {
				t.Errorf("decided %+v", d)
			}
			if says := strings.Contains(d.Reason.Detail(), "an address of our own: a loop, a forgery, or"); says != tc.own {
				t.Errorf("the reason is %q", d.Reason.Detail())
			}
		})
	}
}

func TestMailFromAnAddressOfOurOwnOpensNoLinkedRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Rules, *References){
		"strangers open a linked request":         func(r *Rules, _ *References) { r.UnknownFollowUp = NewRequest },
		"answers to closed requests open another": func(r *Rules, _ *References) { r.ClosedFollowUp = NewRequest },
		"nothing new is opened":                   func(r *Rules, _ *References) { r.UnknownFollowUp, r.CreateNewRequests = NewRequest, false },
	} {
		for _, subject := range []string{"[Incident] 4711", "Fwd: [Incident] 4711"} {
			raw := "From: desk@example.com\nSubject: " + subject + "\n\nIt is broken again.\n"
			d, ok := ownPolicy(change).Decide(Parse(strings.NewReader(raw), int64(len(raw))), ownDesk, caseTime).(AddActivity)
			if !ok || d.Request != 4711 || !d.Flagged || !d.FromOwn || d.Reopen {
				t.Errorf("%s, %s: %+v", name, subject, d)
			}
		}
	}
}

func TestNewMailFromAnAddressOfOurOwnIsOpenedMarkedAndNotAnswered(t *testing.T) {
	t.Parallel()
	raw := "From: Desk@example.com\nTo: ann@example.com, read@example.com, Read@example.com\nCc: delivered@example.com\n" +
		"Subject: A new printer\n\nPlease.\n"
	d, ok := ownPolicy(nil).Decide(Parse(strings.NewReader(raw), int64(len(raw))), ownDesk, caseTime).(OpenRequest)
	if !ok || !d.FromOwn || d.Reply != nil || !strings.Contains(d.NoReply, "address of our own") {
		t.Errorf("decided %+v", d)
	}
	if diff := cmp.Diff([]string{"desk@example.com", "read@example.com", "delivered@example.com"}, d.Own); diff != "" {
		t.Error(diff)
	}
}

func TestALoopOfNewMailFromAnAddressOfOurOwnStaysOnTheLastRequestAndIsMarked(t *testing.T) {
	t.Parallel()
	dir := ownDesk
	dir.Opened = map[string][]deskOpening{"desk@example.com": {{caseTime, 4711}}}
	p := ownPolicy(func(r *Rules, _ *References) { r.MaxNewRequests = Limit{1, time.Hour} })
	raw := "From: desk@example.com\nSubject: A new printer\n\nPlease.\n"
	d, ok := p.Decide(Parse(strings.NewReader(raw), int64(len(raw))), dir, caseTime).(AddActivity)
	if !ok || d.Reason.Code != ReasonLoop || !d.Flagged || !d.FromOwn {
		t.Errorf("decided %+v", d)
	}
}

func TestAnAddressThatIsNotOursAnyMoreIsAnybodys(t *testing.T) {
	t.Parallel()
	p := ownPolicy(func(r *Rules, ref *References) {
		r.DeskAddresses, r.OwnAddresses, ref.TeamAddress, ref.DeliveredTo = nil, nil, "new@example.com", nil
	})
	raw := "From: desk@example.com\nSubject: [Incident] 4711\n\nIt is broken again.\n"
	d, ok := p.Decide(Parse(strings.NewReader(raw), int64(len(raw))), ownDesk, caseTime).(AddActivity)
	if !ok || d.Flagged || d.FromOwn || !d.Reopen {
		t.Errorf("decided %+v", d)
	}
}

func TestTheAddressOfAnotherTeamTakesPartButIsNotAnswered(t *testing.T) {
	t.Parallel()
	raw := "From: other-team@example.com\nTo: desk@example.com\nSubject: An account for Bob\n\nPlease.\n"
	d, ok := ownPolicy(nil).Decide(Parse(strings.NewReader(raw), int64(len(raw))), ownDesk, caseTime).(OpenRequest)
	if !ok || d.FromOwn || d.Reply != nil || cmp.Diff([]string{"desk@example.com"}, d.Own) != "" {
		t.Errorf("decided %+v", d)
	}
}
