package main

import (
	"fmt"
	"strings"
	"testing"

	"mailintegration/config"
)

func TestAMailboxAnswersOnlyWhereAnSmtpSaysHow(t *testing.T) {
	t.Parallel()
	own, shared := &config.Smtp{}, &config.Smtp{}
	own.Address, shared.Address = "helpdesk@own.example", "desk@shared.example"
	for _, tc := range []struct {
		name           string
		service, of    *config.Smtp
		answers        bool
		domain         string
		notifies       bool
		withoutEffects int
	}{
		{"no Smtp anywhere", nil, nil, false, "", false, 2},
		{"an Smtp of the service", shared, nil, true, "shared.example", true, 0},
		{"an Smtp of the mailbox alone, which notifies nobody of events", nil, own, true, "own.example", false, 0},
		{"both", shared, own, true, "shared.example", true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := &config.Mailbox{Smtp: tc.of}
			m.UserName, m.AcknowledgeNewRequests, m.AnswerClosedFollowUp, m.MaxReplies = "incident@example.com", true, true, 3
			other := &config.Mailbox{}
			other.UserName = "requests" // no address
			service := &config.Service{Smtp: tc.service, Mailboxes: []*config.Mailbox{m, other}}
			r := rules(service, m)
			if r.Replies != tc.answers || !r.AcknowledgeNewRequests || !r.AnswerClosedFollowUp || r.MaxReplies != 3 {
				t.Errorf("rules %+v", r)
			}
			if got := fmt.Sprint(r.OwnAddresses); !strings.Contains(got, "incident@example.com") || strings.Contains(got, "requests") ||
				tc.service != nil && !strings.Contains(got, shared.Address) || tc.of != nil && !strings.Contains(got, own.Address) {
				t.Errorf("own addresses %s", got)
			}
			if s := sendingOf(service); s.Domain != tc.domain || s.Notifies != tc.notifies {
				t.Errorf("sending %+v", s)
			}
			if silent := withoutEffect(service, m); len(silent) != tc.withoutEffects {
				t.Errorf("without effect: %q", silent)
			}
		})
	}
}

func TestOwnAddressesAreThoseOfTheMailboxesOfTheTeam(t *testing.T) {
	t.Parallel()
	of := func(team, user, smtp string) *config.Mailbox {
		m := &config.Mailbox{}
		m.Team, m.UserName = team, user
		if smtp != "" {
			m.Smtp = &config.Smtp{}
			m.Smtp.Address = smtp
		}
		return m
	}
	shared := &config.Smtp{}
	shared.Address = "noreply@desk.example"
	service := &config.Service{Smtp: shared, Mailboxes: []*config.Mailbox{
		of("IT", "it@desk.example", ""), of("HR", "hr@desk.example", "people@desk.example"),
		of("it", "printers@desk.example", "it@desk.example"), of("IT", "alerts", ""),
	}}
	r := rules(service, service.Mailboxes[0])
	if got := fmt.Sprint(r.DeskAddresses); got != "[noreply@desk.example it@desk.example printers@desk.example]" {
		t.Errorf("addresses of the team: %s", got)
	}
	if got := fmt.Sprint(r.OwnAddresses); !strings.Contains(got, "hr@desk.example people@desk.example") {
		t.Errorf("addresses that are not answered: %s", got)
	}
}
