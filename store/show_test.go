package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// filled returns a store with an incident that has a value everywhere, an event, and a service request of another team.
func filled(t *testing.T) (*store.Store, *storetest.Database) {
	t.Helper()
	s, db := openStore(t)
	ctx := t.Context()
	must(t, s.AddTeam(ctx, "IT", store.TeamOptions{}))
	must(t, s.AddTeam(ctx, "HR", store.TeamOptions{}))
	must(t, s.AddSite(ctx, "Québec"))
	for _, u := range []store.User{{Logon: "daemon"}, {Logon: "zoe", Name: "Zoë"}, {Logon: "ann", Name: "Ann"}} {
		must(t, s.AddUser(ctx, u))
	}
	db.Exec(t, fill)
	return s, db
}

const fill = `
INSERT INTO mailbox (name) VALUES ('helpdesk');
INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
SELECT t.id, 'service_request', 'A desk', u.id, u.id, '2026-01-01 10:00+00', u.id
FROM team t, user_account u WHERE t.name = 'HR' AND u.logon = 'daemon';
INSERT INTO request (team_id, kind, state, subject, body, html, requester_id, user_id, site_id, source_id, priority_id, group_id,
                     assignee_id, linked_to_id, mailbox_id, sender_name, sender_address, sent_at, opened_at, opened_by_id, defects)
SELECT t.id, 'incident', 'open', 'Printer', 'It smokes.', '<p>It smokes.</p>', z.id, z.id, si.id, so.id, p.id, g.id,
       a.id, 1, m.id, 'Zoë', 'zoe@x.org', '2026-02-01 10:00+01', '2026-02-01 09:01+00', d.id, '{date cannot be read}'
FROM team t, user_account z, user_account a, user_account d, site si, source so, priority p, support_group g, mailbox m
WHERE t.name = 'IT' AND z.logon = 'zoe' AND a.logon = 'ann' AND d.logon = 'daemon'
  AND so.team_id = t.id AND p.team_id = t.id AND p.name = 'High' AND g.team_id = t.id;
INSERT INTO request (team_id, kind, state, subject, requester_id, user_id, opened_at, opened_by_id, processed_at)
SELECT t.id, 'event', 'processed', 'Disk full', u.id, u.id, '2026-03-01 10:00+00', u.id, '2026-03-01 11:00+00'
FROM team t, user_account u WHERE t.name = 'IT' AND u.logon = 'daemon';
INSERT INTO activity (request_id, body, subject, sender_name, sender_address, flagged, recorded_at, recorded_by_id, defects)
SELECT 2, 'Now it burns.', 'RE: Printer', 'Bob', 'bob@else.org', true, '2026-02-02 10:00+00', id, '{"From names 2 authors; bob@else.org counts"}' FROM user_account WHERE logon = 'daemon';
INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256, content_id, inline, raw) VALUES
	(2, NULL, 2, 'message.eml', 'message/rfc822', 1000, decode(repeat('02', 32), 'hex'), '', false, true),
	(2, NULL, 1, 'smoke.png', 'image/png', 5, decode(repeat('01', 32), 'hex'), 'cid@x', true, false),
	(2, 1, 1, 'fire.png', 'image/png', 6, decode(repeat('ab', 32), 'hex'), '', false, false);
INSERT INTO history (request_id, activity_id, at, author_id, what, reason, detail)
SELECT 2, NULL, '2026-02-01 09:01+00', id, 'opened', 'new_mail', '' FROM user_account WHERE logon = 'daemon';
INSERT INTO history (request_id, activity_id, at, author_id, what, reason, detail)
SELECT 2, 1, '2026-02-02 10:00+00', id, 'activity_added', 'subject', 'a stranger' FROM user_account WHERE logon = 'daemon';
INSERT INTO participant (request_id, user_id) SELECT 2, id FROM user_account WHERE logon = 'ann';
INSERT INTO participant (request_id, address) VALUES (2, 'bob@else.org');
INSERT INTO thread (team_id, message_id, request_id, via)
SELECT r.team_id, m.id, r.number, m.via FROM request r, (VALUES ('one@x', 'seen'), ('two@x', 'sent'), ('other@x', 'referenced')) AS m (id, via)
WHERE r.number = 2;
`

// shown is the documented output of request show --json.
const shown = `{
	"number": 2, "kind": "incident", "state": "open", "team": "IT", "subject": "Printer",
	"requester": {"logon": "zoe", "name": "Zoë"}, "user": {"logon": "zoe", "name": "Zoë"}, "assignee": {"logon": "ann", "name": "Ann"},
	"sender": {"name": "Zoë", "address": "zoe@x.org"},
	"site": "Québec", "source": "Email", "priority": "High", "group": "Service Desk", "type": "", "mailbox": "helpdesk", "linked_to": 1,
	"opened_at": "2026-02-01T09:01:00Z", "opened_by": {"logon": "daemon", "name": "daemon"}, "sent_at": "2026-02-01T09:00:00Z", "from_own": false, "due_at": null, "processed_at": null,
	"activity_count": 1, "attachment_count": 3,
	"body": "It smokes.", "html": "<p>It smokes.</p>", "fields": [], "defects": ["date cannot be read"],
	"attachments": [
		{"id": 2, "name": "smoke.png", "media_type": "image/png", "octets": 5, "sha256": "0101010101010101010101010101010101010101010101010101010101010101", "content_id": "cid@x", "inline": true, "raw": false},
		{"id": 1, "name": "message.eml", "media_type": "message/rfc822", "octets": 1000, "sha256": "0202020202020202020202020202020202020202020202020202020202020202", "content_id": "", "inline": false, "raw": true}
	],
	"activities": [{
		"id": 1, "subject": "RE: Printer", "body": "Now it burns.", "html": "", "author": null, "sender": {"name": "Bob", "address": "bob@else.org"},
		"sent_at": null, "flagged": true, "from_own": false, "defects": ["From names 2 authors; bob@else.org counts"], "recorded_at": "2026-02-02T10:00:00Z", "recorded_by": {"logon": "daemon", "name": "daemon"},
		"attachments": [{"id": 3, "name": "fire.png", "media_type": "image/png", "octets": 6, "sha256": "abababababababababababababababababababababababababababababababab", "content_id": "", "inline": false, "raw": false}]
	}],
	"history": [
		{"at": "2026-02-01T09:01:00Z", "author": {"logon": "daemon", "name": "daemon"}, "what": "opened", "reason": "new_mail", "detail": "", "activity": null},
		{"at": "2026-02-02T10:00:00Z", "author": {"logon": "daemon", "name": "daemon"}, "what": "activity_added", "reason": "subject", "detail": "a stranger", "activity": 1}
	],
	"participants": [{"user": {"logon": "ann", "name": "Ann"}, "address": ""}, {"user": null, "address": "bob@else.org"}],
	"messages": ["one@x", "two@x"]
}`

// asJSON returns v as a program reads it from JSON.
func asJSON(t *testing.T, v any) (read any) {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	must(t, json.Unmarshal(b, &read))
	return read
}

func TestRequestReturnsEveryValueOfARequest(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	r, err := s.Request(t.Context(), 2)
	must(t, err)
	equal(t, asJSON(t, json.RawMessage(shown)), asJSON(t, r))
}

func TestAnEmptyRequestHasEveryNameAndNoNullList(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	r, err := s.Request(t.Context(), 1)
	must(t, err)
	got := asJSON(t, r).(map[string]any)
	for name := range asJSON(t, json.RawMessage(shown)).(map[string]any) {
		if _, there := got[name]; !there {
			t.Errorf("%s is missing", name)
		}
	}
	for _, list := range []string{"attachments", "activities", "history", "participants", "messages", "defects"} {
		equal(t, []any{}, got[list])
	}
	for _, none := range []string{"assignee", "linked_to", "sent_at", "processed_at"} {
		equal(t, nil, got[none])
	}
}

func TestAnUnknownRequestIsAnError(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	_, err := s.Request(t.Context(), 4711)
	fails(t, err, store.ErrUnknown, "request 4711")
}

func TestRequestsAreListedByFilter(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	for _, tc := range []struct {
		name   string
		filter store.RequestFilter
		want   []int64
	}{
		{"all, the newest first", store.RequestFilter{}, []int64{3, 2, 1}},
		{"events", store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}}, []int64{3}},
		{"incidents and service requests", store.RequestFilter{Kinds: []processor.RequestKind{processor.Incident, processor.ServiceRequest}}, []int64{2, 1}},
		{"in a state", store.RequestFilter{State: processor.StateOpen}, []int64{2}},
		{"of a team, whose name is matched without regard to case", store.RequestFilter{Team: "hr"}, []int64{1}},
		{"a page", store.RequestFilter{Limit: 1}, []int64{3}},
		{"of a mailbox, whose name is matched without regard to case", store.RequestFilter{Mailbox: "HelpDesk"}, []int64{2}},
		{"in a state, of a mailbox", store.RequestFilter{Mailbox: "helpdesk", State: processor.StateClosed}, []int64{}},
		{"with a part of the subject", store.RequestFilter{Subject: "DES"}, []int64{1}},
		{"with a subject that looks like a pattern", store.RequestFilter{Subject: "_ri%"}, []int64{}},
		{"opened since", store.RequestFilter{Since: time.Date(2026, 2, 1, 9, 1, 0, 0, time.UTC)}, []int64{3, 2}},
		{"of a kind that has no such state", store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}, State: processor.StateClosed}, []int64{}},
		{"no match", store.RequestFilter{State: processor.StateClosed}, []int64{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			all, err := s.Requests(t.Context(), tc.filter)
			must(t, err)
			numbers := []int64{}
			for _, r := range all {
				numbers = append(numbers, r.Number)
			}
			equal(t, tc.want, numbers)
		})
	}
	for _, f := range []store.RequestFilter{{Team: "nobody"}, {Mailbox: "nowhere"}} {
		_, err := s.Requests(t.Context(), f)
		fails(t, err, store.ErrUnknown)
	}
}

func TestAListedEventSaysWhenItWasProcessed(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	all, err := s.Requests(t.Context(), store.RequestFilter{State: processor.StateProcessed})
	must(t, err)
	processed := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	daemon := &store.Person{Logon: "daemon", Name: "daemon"}
	equal(t, []store.RequestSummary{{
		Number: 3, Kind: processor.Event, State: processor.StateProcessed, Team: "IT", Subject: "Disk full",
		Requester: daemon, User: daemon, OpenedBy: daemon, OpenedAt: processed.Add(-time.Hour), ProcessedAt: &processed,
	}}, all)
}
