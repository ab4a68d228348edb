package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
)

var ignoreDecision = cmpopts.IgnoreFields(store.Outcome{}, "Decision", "AcceptedAt")

func TestAcceptRecordsEachMessageOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		first, then []store.Delivery
		want        []store.Outcome // for the batch then
		requests    int
	}{
		{
			name:  "the same batch twice",
			first: []store.Delivery{mail("1", "a"), mail("2", "b")},
			then:  []store.Delivery{mail("1", "a"), mail("2", "b")},
			want: []store.Outcome{
				{Known: true, Result: store.Opened, Request: 1}, {Known: true, Result: store.Opened, Request: 2}},
			requests: 2,
		},
		{
			name:     "the same octets under another unique-id",
			first:    []store.Delivery{mail("1", "a")},
			then:     []store.Delivery{mail("77", "a")},
			want:     []store.Outcome{{Known: true, Result: store.Opened, Request: 1}},
			requests: 1,
		},
		{
			name:     "the same octets without a unique-id",
			first:    []store.Delivery{mail("", "a")},
			then:     []store.Delivery{mail("", "a")},
			want:     []store.Outcome{{Known: true, Result: store.Opened, Request: 1}},
			requests: 1,
		},
		{
			name:     "other octets under the same unique-id and Message-ID are another message",
			first:    []store.Delivery{mail("1", "a")},
			then:     []store.Delivery{mail("1", "b", func(m *processor.Message) { m.MessageID = "a@example.com" })},
			want:     []store.Outcome{{Result: store.Opened, Request: 2}},
			requests: 2,
		},
		{
			name: "the same octets three times in one batch",
			then: []store.Delivery{mail("1", "a"), mail("2", "a"), mail("3", "b"), mail("4", "a")},
			want: []store.Outcome{
				{Result: store.Opened, Request: 1}, {Known: true, Result: store.Opened, Request: 1},
				{Result: store.Opened, Request: 2}, {Known: true, Result: store.Opened, Request: 1}},
			requests: 2,
		},
		{name: "an empty batch", want: nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), test.first...)
			got := d.accept(t, d.clerk(), test.then...)
			if diff := cmp.Diff(test.want, got, ignoreDecision); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if n := d.count(t, "request"); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if n := d.count(t, "receipt"); n != test.requests {
				t.Errorf("%d receipts, want %d", n, test.requests)
			}
		})
	}
}

func TestAReceiptCountsHowOftenItsMessageWasSeen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"), mail("2", "a"))
	d.accept(t, d.clerk(), mail("3", "a"))
	d.accept(t, d.clerk(), mail("4", "a"), mail("5", "a"))
	got := one[string](t, d, `SELECT concat_ws(' ', uidl, times_seen, outcome, reason, message_id, octets, raw_kept) FROM receipt`)
	if want := "5 5 opened new_mail a@example.com 1 f"; got != want {
		t.Errorf("receipt is %q, want %q", got, want)
	}
}

func TestARequestAndAnActivityKeepTheDefectsOfTheirMessages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	marked := func(what ...string) func(*processor.Message) {
		return func(m *processor.Message) {
			for _, w := range what {
				m.Defects = append(m.Defects, processor.Defect{What: w})
			}
		}
	}
	d.accept(t, d.clerk(), mail("1", "a", marked("the name in From is another address: a@x, not b@y")), mail("2", "b"))
	d.accept(t, d.clerk(), mail("3", "c", answerTo("a"), marked("two\nlines", "From names 2 authors; a@x counts")))
	r, err := d.store.Request(t.Context(), 1)
	must(t, err)
	equal(t, []string{"the name in From is another address: a@x, not b@y"}, r.Defects)
	equal(t, []string{"two lines", "From names 2 authors; a@x counts"}, r.Activities[0].Defects)
	r, err = d.store.Request(t.Context(), 2)
	must(t, err)
	equal(t, []string{}, r.Defects)
}

func TestMailboxesDoNotShareReceipts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	d.mailbox = d.resolve(t, "other", deskNames)
	if got := d.accept(t, d.clerk(), mail("1", "a")); got[0].Known {
		t.Error("a message of one mailbox is known in another")
	}
}

func TestTwoDaemonsThatAcceptTheSameBatchRecordItOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var batch []store.Delivery
	for i := range 20 {
		batch = append(batch, mail(fmt.Sprint(i), fmt.Sprintf("m%d", i), func(m *processor.Message) {
			m.Attachments = []processor.Attachment{attachment("same.txt", strings.Repeat("same", 100)),
				attachment("own.txt", fmt.Sprint(i))}
		}))
	}
	stores := []*store.Store{d.open(t, d.url), d.open(t, d.url), d.open(t, d.url)}
	var group errgroup.Group
	outcomes := make([][]store.Outcome, len(stores))
	for i, s := range stores {
		group.Go(func() (err error) {
			outcomes[i], err = s.Accept(t.Context(), d.mailbox, batch, d.clerk())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	recorded := map[int64]int{}
	for _, of := range outcomes {
		for _, o := range of {
			if !o.Known {
				recorded[o.Request]++
			}
		}
	}
	if len(recorded) != len(batch) || d.count(t, "request") != len(batch) || d.count(t, "receipt") != len(batch) {
		t.Errorf("recorded %v, with %d requests and %d receipts; want one of each per message",
			recorded, d.count(t, "request"), d.count(t, "receipt"))
	}
	if n := len(d.fileNames(t)); n != len(batch)+1 {
		t.Errorf("%d files, want %d", n, len(batch)+1)
	}
}

func TestARequestIsRecordedWithAllItsRows(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.clerk()
	c.attachRaw = true
	d.accept(t, c, mail("1", "a", func(m *processor.Message) {
		m.HTML = "<p>x</p>"
		m.To = append(m.To, processor.Address{Addr: "Bob@example.com"}, processor.Address{Addr: "anna@home.example"})
		m.Cc = []processor.Address{{Name: "nobody"}, {Addr: "HELPDESK@example.com"}, {Addr: "x@y.z"}}
		m.References = []string{"r1", "r2", "a@example.com"}
		m.Attachments = []processor.Attachment{attachment("ü/../x.txt", "one")}
	}))
	tests := []struct {
		name, sql string
		want      []string
	}{
		{"the request", `SELECT concat_ws('|', number, team_id, kind, state, subject, body, html, requester_id, user_id, site_id,
			source_id, priority_id, group_id, assignee_id, linked_to_id, mailbox_id, sender_name, sender_address,
			sent_at AT TIME ZONE 'UTC', opened_at AT TIME ZONE 'UTC', opened_by_id) FROM request`,
			[]string{"1|1|incident|new|about a|text of a|<p>x</p>|3|3|1|1|1|1|1|Anna|Anna@Example.com|2026-11-22 09:00:00.123456|2026-11-22 10:00:00.123456|1"}},
		{"the other correspondents are participants", `SELECT coalesce('user ' || user_id, address) FROM participant ORDER BY 1`,
			[]string{"helpdesk@example.com", "user 4", "x@y.z"}},
		{"its Message-ID and its references lead to it", `SELECT message_id || ' ' || via || ' ' || request_id FROM thread ORDER BY 1`,
			[]string{"a@example.com seen 1", "r1 referenced 1", "r2 referenced 1"}},
		{"the history", `SELECT concat_ws('|', request_id, activity_id, author_id, what, reason) FROM history`,
			[]string{"1|1|opened|new_mail"}},
		{"the attachments", `SELECT concat_ws('|', request_id, activity_id, position, name, media_type, octets, inline, raw) FROM attachment ORDER BY position`,
			[]string{"1|1|ü/../x.txt|text/plain|3|f|f", "1|2|message.eml|message/rfc822|1|f|t"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, all[string](t, d, test.sql)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, content := range []string{"one", "a"} {
		if got := read(t, d.path(content)); got != content {
			t.Errorf("the file of %q contains %q", content, got)
		}
	}
}

func TestAnActivityIsRecordedWithAllItsRows(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a", from("stranger@far.example")))
	got := d.accept(t, d.clerk(),
		mail("2", "b", answerTo("a"), func(m *processor.Message) {
			m.Attachments = []processor.Attachment{attachment("log", "content")}
		}),
		mail("3", "c", answerTo("a"), from("Other@far.example")),
		mail("4", "d", answerTo("a"), from("other@far.example")))
	want := []store.Outcome{
		{Result: store.Added, Request: 1, Activity: 1}, {Result: store.Added, Request: 1, Activity: 2},
		{Result: store.Added, Request: 1, Activity: 3}}
	if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	tests := []struct {
		name, sql string
		want      []string
	}{
		{"the activities", `SELECT concat_ws('|', id, request_id, subject, body, sender_id, sender_address, flagged, recorded_by_id) FROM activity ORDER BY id`,
			[]string{"1|1|about b|text of b|3|Anna@Example.com|f|1", "2|1|about c|text of c|Other@far.example|f|1", "3|1|about d|text of d|other@far.example|f|1"}},
		{"each sender is a participant once", `SELECT coalesce('user ' || user_id, address) FROM participant ORDER BY 1`,
			[]string{"helpdesk@example.com", "other@far.example", "stranger@far.example", "user 3"}},
		{"the Message-IDs of the activities lead to the request", `SELECT message_id || ' ' || via FROM thread ORDER BY 1`,
			[]string{"a@example.com seen", "b@example.com seen", "c@example.com seen", "d@example.com seen"}},
		{"the history", `SELECT concat_ws('|', activity_id, what, reason) FROM history ORDER BY id`,
			[]string{"opened|new_mail", "1|activity_added|in_reply_to", "2|activity_added|in_reply_to", "3|activity_added|in_reply_to"}},
		{"the attachment is the activity's", `SELECT concat_ws('|', request_id, activity_id, name) FROM attachment`, []string{"1|1|log"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, all[string](t, d, test.sql)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestADecisionSeesTheEarlierDecisionsOfItsBatch(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("0", "x"))
	got := d.accept(t, d.clerk(),
		mail("1", "y"),
		mail("2", "a", from("stranger@far.example")),
		mail("3", "b", answerTo("a"), from("other@far.example")),
		mail("4", "c", answerTo("b")),
		mail("5", "d", answerTo("x")))
	want := []store.Outcome{
		{Result: store.Opened, Request: 2},
		{Result: store.Opened, Request: 3},
		{Result: store.Added, Request: 3, Activity: 1},
		{Result: store.Added, Request: 3, Activity: 2},
		{Result: store.Added, Request: 1, Activity: 3},
	}
	if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	add := got[3].Decision.(processor.AddActivity)
	if want := "answers request 3, which is new and has 2 users and [stranger@far.example helpdesk@example.com other@far.example]"; add.Request != 3 || add.Reason.Detail() != want {
		t.Errorf("decision names request %d: %s", add.Request, add.Reason.Detail())
	}
	details := all[string](t, d, `SELECT detail FROM history WHERE what = 'activity_added' ORDER BY id`)
	if details[1] != add.Reason.Detail() {
		t.Errorf("the history says %q", details[1])
	}
	if next := d.accept(t, d.clerk(), mail("6", "z"))[0].Request; next != 4 {
		t.Errorf("the next number is %d, want 4: numbers were lost", next)
	}
}

func TestARequestOpenedInTheBatchCanBeLinkedTo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.clerk()
	c.instead = func(m *processor.Message, dir processor.Directory) processor.Decision {
		if len(m.InReplyTo) == 0 {
			return nil
		}
		r, _ := dir.RequestOf(m.InReplyTo[0])
		open := clerk{Mailbox: d.mailbox}.Decide(&processor.Message{Subject: "again"}, dir, today).(processor.OpenRequest)
		open.LinkedTo = r.Number
		return open
	}
	got := d.accept(t, c, mail("1", "a"), mail("2", "b", answerTo("a")))
	if open, ok := got[1].Decision.(processor.OpenRequest); !ok || open.LinkedTo != 1 {
		t.Errorf("decision is %+v", got[1].Decision)
	}
	if n := one[int](t, d, `SELECT linked_to_id FROM request WHERE number = 2`); n != 1 {
		t.Errorf("request 2 is linked to %d", n)
	}
}

func TestAFinishedRequestIsReopenedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, kind, state, want string }{
		{"a closed incident", "incident", "closed", "open"},
		{"a resolved service request", "service_request", "resolved", "open"},
		{"a processed event", "event", "processed", "new"},
		{"a new incident stays new", "incident", "new", "new"},
		{"an event in progress stays in progress", "event", "in_progress", "in_progress"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c := d.clerk()
			c.reopen = true
			d.accept(t, c, mail("1", "a"))
			d.exec(t, fmt.Sprintf(`UPDATE request SET kind = '%s', state = '%s', processed_at = CASE WHEN '%[2]s' = 'processed' THEN now() END`, test.kind, test.state))
			got := d.accept(t, c, mail("2", "b", answerTo("a")), mail("3", "c", answerTo("a")))
			if state := one[string](t, d, `SELECT state FROM request`); state != test.want {
				t.Errorf("state is %s, want %s", state, test.want)
			}
			want := 0
			if test.want != test.state {
				want = 1
			}
			if n := d.count(t, "history WHERE what = 'reopened' AND activity_id = 1"); n != want {
				t.Errorf("reopened %d times, want %d", n, want)
			}
			if detail := got[1].Decision.Why().Detail(); !strings.Contains(detail, "is "+test.want+" ") {
				t.Errorf("the decision about the second answer says: %s", detail)
			}
		})
	}
}

func TestMailboxesThatReopenARequestAtTheSameTimeRecordItOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"), mail("2", "b"), mail("3", "c"))
	d.exec(t, `UPDATE request SET state = 'closed'`)
	var group errgroup.Group
	for i := range 4 {
		c := clerk{Mailbox: d.resolve(t, fmt.Sprintf("mailbox %d", i), deskNames), reopen: true}
		batch := []store.Delivery{mail("1", fmt.Sprintf("x%d", i), answerTo("a")), mail("2", fmt.Sprintf("y%d", i), answerTo("b")), mail("3", fmt.Sprintf("z%d", i), answerTo("c"))}
		if i%2 == 1 { // in the opposite order, to provoke a deadlock
			batch[0], batch[2] = batch[2], batch[0]
		}
		group.Go(func() error {
			_, err := d.store.Accept(t.Context(), c.Mailbox, batch, c)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := d.count(t, "history WHERE what = 'reopened'"); n != 3 {
		t.Errorf("reopened %d times, want 3", n)
	}
	if n := d.count(t, "activity"); n != 12 {
		t.Errorf("%d activities, want 12", n)
	}
}

func TestAnotherTeamsRequestIsNotFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	hr := d.resolve(t, "hr", processor.Names{Team: "HR", Login: "mailintegration", FallbackUser: "guest"})
	d.mailbox = hr
	got := d.accept(t, clerk{Mailbox: hr},
		mail("2", "b", answerTo("a")),
		mail("3", "c", func(m *processor.Message) { m.Subject = "#1" }))
	want := []store.Outcome{{Result: store.Opened, Request: 2}, {Result: store.Opened, Request: 3}}
	if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	c := clerk{Mailbox: hr, instead: func(*processor.Message, processor.Directory) processor.Decision {
		return processor.AddActivity{Request: 1}
	}}
	if got := d.accept(t, c, mail("4", "d")); got[0].Result != store.SetAside {
		t.Errorf("a decision for another team's request gave %+v", got[0])
	}
}

func TestAMessageIDLeadsToTheRequestThatHasTheMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	// Request 2 is newer, and only refers to message a.
	d.accept(t, d.exceptFor("about b", func() processor.Decision {
		return processor.OpenRequest{Kind: processor.Incident, Subject: "b", Requester: d.mailbox.Login, User: d.mailbox.Login}
	}), mail("2", "b", answerTo("a")))
	// Two answers to a message that has not arrived yet go to one request. The message goes there too when it arrives.
	d.accept(t, d.clerk(), mail("3", "c", answerTo("late")))
	got := d.accept(t, d.clerk(), mail("4", "d", answerTo("late")), mail("5", "e", answerTo("a")))
	got = append(got, d.accept(t, d.clerk(), mail("6", "late", func(m *processor.Message) { m.References = []string{"c@example.com"} }))...)
	want := []store.Outcome{
		{Result: store.Added, Request: 3, Activity: 1},
		{Result: store.Added, Request: 1, Activity: 2},
		{Result: store.Added, Request: 3, Activity: 3},
	}
	if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if via := one[string](t, d, `SELECT via FROM thread WHERE message_id = 'late@example.com'`); via != "seen" {
		t.Errorf("thread says %q of the late message, want \"seen\"", via)
	}
}

func TestRefusedAndIgnoredMessagesAreKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.clerk()
	c.instead = func(m *processor.Message, _ processor.Directory) processor.Decision {
		if m.Subject == "about a" {
			return processor.Refuse{Reason: processor.Reason{Code: processor.ReasonNoNewRequests}}
		}
		return processor.Ignore{Reason: processor.Reason{Code: "loop"}}
	}
	got := d.accept(t, c, mail("1", "a"), mail("2", "b"))
	if diff := cmp.Diff([]store.Outcome{{Result: store.Refused}, {Result: store.Ignored}}, got, ignoreDecision); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if n := d.count(t, "receipt WHERE raw_kept"); n != 2 {
		t.Errorf("%d receipts say that the raw message is kept", n)
	}
	if read(t, d.path("a")) != "a" || read(t, d.path("b")) != "b" {
		t.Error("the raw messages are not kept")
	}
	if n := d.count(t, "request"); n != 0 {
		t.Errorf("%d requests", n)
	}
}
