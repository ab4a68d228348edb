package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
)

func TestStatusNamesOpenProblemsAndTheirEvents(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	in.keeps(store.PollReport{Mailbox: "helpdesk", Succeeded: true, DueIn: time.Hour})
	_, err := in.rows.Exec(t.Context(), `
		INSERT INTO request (number, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
			SELECT n, team.id, 'event', 'Trouble', u.id, u.id, now(), u.id FROM generate_series(901, 903) AS n, team, user_account AS u
			WHERE team.name = 'IT' AND u.logon = 'daemon';
		INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at, closed_at) VALUES
			('certificate', 'mail.example.com:995', 901, now() - interval '3 h', now(), NULL),
			('message', 'helpdesk: panic', 902, now() - interval '1 h', now(), NULL),
			('unreachable', 'mail.example.com:995', 903, now() - interval '5 h', now(), now());
		INSERT INTO problem_mailbox (problem_id, mailbox_id, since, last_seen_at) SELECT problem.id, mailbox.id, now(), now()
			FROM problem, mailbox WHERE kind = 'certificate' AND mailbox.name = 'helpdesk'`)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := in.run("status")
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	wantLines(t, out, `^mailboxes      1 ok$`, `^open problems; mailintegration event show NUMBER says what to do:$`,
		`^event 901: certificate, mail.example.com:995, since [0-9-]+ [0-9:]+ \(helpdesk\)$`, `^event 902: message, helpdesk: panic, since [0-9-]+ [0-9:]+$`)
	wantLines(t, errs, `^mailintegration: open problems: 2$`, `^hint: read what to do in their events: mailintegration event show 901$`)

	_, out, _ = in.run("status", "--json")
	var r statusReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.OpenProblems) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	p := r.OpenProblems[0]
	if ago := time.Since(p.Since); p.Kind != store.ProblemCertificate || p.Source != "mail.example.com:995" || p.Event != 901 || p.EventState != "new" ||
		!slices.Equal(p.Mailboxes, []string{"helpdesk"}) || ago < 3*time.Hour || ago > 4*time.Hour {
		t.Errorf("%+v", p)
	}

	code, out, _ = in.run("mailbox", "list")
	if code != exitDone {
		t.Errorf("exit code %d", code)
	}
	wantLines(t, out, `^helpdesk: event 901: certificate, mail.example.com:995, since [0-9-]+ [0-9:]+$`, `^helpdesk: event 902: message, helpdesk: panic, since [0-9-]+ [0-9:]+$`)
	_, out, _ = in.run("mailbox", "list", "--json")
	var list []mailboxSummary
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || len(list[0].OpenProblems) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestALineNamesSomeMailboxesOfAProblem(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 24, 8, 30, 0, 0, time.Local)
	p := openProblem{
		Kind: store.ProblemLoginDelay, Source: "mail.example.com:110", Event: 7, Since: began,
		Mailboxes: []string{"a", "b", "c", "d", "e", "f", "g"},
	}
	if got, want := p.line(), "event 7: login delay, mail.example.com:110, since 2026-11-24 08:30 (a, b, c, d, e and 2 more)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !p.affects("B") || p.affects("h") || p.affects("mail") {
		t.Error("the problem affects other mailboxes")
	}
}
