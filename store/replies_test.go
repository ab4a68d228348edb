package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/processor/template"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// answers returns a decider of the mailbox that answers whatever it may, 5 times a day, and opens nothing unless change says
// otherwise.
func (d *desk) answers(change func(*processor.Rules)) store.Decider {
	rules := processor.Rules{
		Processor: processor.EndUserIncident, Names: deskNames, Replies: true, AcknowledgeNewRequests: true, AnswerClosedFollowUp: true,
		MaxReplies: 5, UnknownFollowUp: processor.AcceptAndFlag, ClosedFollowUp: processor.AddActivityOnly,
	}
	if change != nil {
		change(&rules)
	}
	return withEvents{processor.NewPolicy(rules, d.mailbox.References), d.mailbox}
}

func opensRequests(r *processor.Rules) { r.CreateNewRequests = true }

// outbox returns the mails of the outbox, as "kind address request".
func (d *desk) outbox(t testing.TB) []string {
	t.Helper()
	return all[string](t, d, `SELECT kind || ' ' || to_address || ' ' || coalesce(request_id, 0) FROM outbox WHERE due_at IS NOT NULL ORDER BY id`)
}

func TestAMessageThatIsRefusedIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range 2 { // the server forgot the deletion
		d.accept(t, d.answers(nil), mail("1", "help", from("eve@example.net")))
	}
	equal(t, "[denied eve@example.net 0]", fmt.Sprint(d.outbox(t)))
	equal(t, "refused", one[string](t, d, `SELECT outcome FROM receipt`))
	claimed := d.claim(t, "helpdesk")[0]
	equal(t, "help@example.com [help@example.com] about help", fmt.Sprintf("%s %v %s", claimed.InReplyTo, claimed.References, claimed.Data.Subject))
}

// TestAnAnswerIsQueuedOnceWhereverTheConnectionBreaks cuts the connection before and after each command of an acceptance,
// also between the COMMIT and its answer.
func TestAnAnswerIsQueuedOnceWhereverTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s := d.open(t, proxy.URL)
	proxy.Pass()
	_, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("0", "first", from("eve0@example.net"))}, d.answers(nil))
	must(t, err)
	_, completes := proxy.Counts()
	for k := 1; k <= completes; k++ {
		for i, cut := range []func(*storetest.Proxy, int){(*storetest.Proxy).CutBeforeComplete, (*storetest.Proxy).CutAfterComplete} {
			name := fmt.Sprintf("m%d-%d", k, i)
			batch := []store.Delivery{mail(name, name, from(name+"@example.net"))}
			cut(proxy, k)
			_, _ = s.Accept(t.Context(), d.mailbox, batch, d.answers(nil))
			proxy.Pass()
			_, err := d.store.Accept(t.Context(), d.mailbox, batch, d.answers(nil))
			must(t, err)
			if n := d.count(t, `outbox WHERE to_address = $1`, name+"@example.net"); n != 1 {
				t.Errorf("cut at command %d (%d): %d answers", k, i, n)
			}
		}
	}
}

func TestAutomaticMailIsNotAnsweredAndANumberStillAddsAnActivity(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	request := d.accept(t, d.clerk(), mail("1", "printer"))[0].Request
	automatic := func(m *processor.Message) { m.Automatic = processor.Notice }
	outcomes := d.accept(t, d.answers(nil), mail("2", "alert", from("robot@example.net"), automatic),
		mail("3", "more", func(m *processor.Message) { m.Subject = fmt.Sprintf("RE: [Incident] IT #%d - printer", request) }))
	equal(t, "ignored added", outcomes[0].Result+" "+outcomes[1].Result)
	equal(t, request, outcomes[1].Request)
	equal(t, "[]", fmt.Sprint(d.outbox(t)))
}

func TestAnAcknowledgementLeadsItsAnswerToTheRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `UPDATE team SET address = 'IT@Example.com', language = 'fr' WHERE id = 1; UPDATE user_account SET language = 'en' WHERE logon = 'anna'`)
	d.mailbox = d.resolve(t, "helpdesk", deskNames)
	outcomes := d.accept(t, d.answers(opensRequests), mail("1", "printer"), mail("2", "scanner", from("eve@example.net")))
	mails := d.claim(t, "helpdesk")
	equal(t, "en fr", mails[0].Language+" "+mails[1].Language)
	if id := mails[0].MessageID; !strings.HasSuffix(id, "@example.com") || strings.ContainsAny(id, "<> ") {
		t.Errorf("the Message-ID is %q", id)
	}
	answer := d.accept(t, d.answers(nil), mail("3", "yes", func(m *processor.Message) { m.Subject, m.InReplyTo = "yes", []string{mails[0].MessageID} }))[0]
	equal(t, outcomes[0].Request, answer.Request)
	equal(t, "added", answer.Result)

	subject, _, err := template.Compose(mails[1].Kind, mails[1].Language, mails[1].Template, mails[1].Data)
	must(t, err)
	equal(t, fmt.Sprintf("[Incident] IT #%d - about scanner", outcomes[1].Request), subject)
	answer = d.accept(t, d.answers(nil), mail("4", "no", from("eve@example.net"), func(m *processor.Message) { m.Subject = "RÉF : " + subject }))[0]
	equal(t, outcomes[1].Request, answer.Request)
}

func TestAMessageAboutAClosedRequestIsToldSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	request := d.accept(t, d.clerk(), mail("1", "printer"))[0].Request
	d.exec(t, `UPDATE request SET state = 'closed'`)
	d.accept(t, d.answers(nil), mail("2", "again", answerTo("printer")))
	equal(t, fmt.Sprintf("[closed Anna@Example.com %d]", request), fmt.Sprint(d.outbox(t)))
}

func TestAnAddressGetsNoMoreAnswersThanTheFuseAllows(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var batch []store.Delivery
	for i := range 4 {
		batch = append(batch, mail(fmt.Sprint(i), fmt.Sprint(i), from("Eve@Example.net")))
	}
	d.accept(t, d.answers(opensRequests), batch...)
	for i := range 4 {
		batch[i] = mail(fmt.Sprint(4+i), fmt.Sprint(4+i), from("eve@example.net"))
	}
	d.accept(t, d.answers(opensRequests), batch...)
	equal(t, 5, d.count(t, `outbox`))
	equal(t, 3, d.count(t, `history WHERE detail LIKE '%not answered: eve@example.net has got 5 answers of the kind acknowledgement%'`))
	d.accept(t, d.answers(nil), mail("k", "kind", from("eve@example.net")), mail("o", "other", from("bob@example.com")))
	equal(t, 2, d.count(t, `outbox WHERE kind = 'denied'`))
	d.passes(t, 25*time.Hour)
	d.accept(t, d.answers(opensRequests), mail("n", "next day", from("eve@example.net")))
	equal(t, 6, d.count(t, `outbox WHERE kind = 'acknowledgement'`))
}

// TestTwoDaemonsTogetherKeepToTheFuse has both decide before either has written: each sees that nothing was sent.
func TestTwoDaemonsTogetherKeepToTheFuse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var bothHaveLooked sync.WaitGroup
	bothHaveLooked.Add(2)
	var group sync.WaitGroup
	for i := range 2 {
		group.Go(func() {
			mb := d.resolve(t, fmt.Sprint("box", i), deskNames)
			waiting := meeting{d.answers(opensRequests), sync.OnceFunc(func() { bothHaveLooked.Done(); bothHaveLooked.Wait() })}
			var batch []store.Delivery
			for k := range 4 {
				batch = append(batch, mail(fmt.Sprint(k), fmt.Sprint(i, k), from("eve@example.net")),
					mail(fmt.Sprint("b", k), fmt.Sprint("b", i, k), from("bob@example.com")))
			}
			if i == 1 {
				slices.Reverse(batch)
			}
			if _, err := d.store.Accept(context.WithoutCancel(t.Context()), mb, batch, waiting); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	equal(t, 16, d.count(t, `request`))
	for _, address := range []string{"eve@example.net", "bob@example.com"} {
		equal(t, 5, d.count(t, `outbox WHERE due_at IS NOT NULL AND to_address = $1`, address))
		equal(t, 3, d.count(t, `outbox WHERE stopped_at IS NOT NULL AND to_address = $1`, address))
	}
	equal(t, 10, d.count(t, `thread WHERE via = 'sent'`))
}

// meeting is a decider that calls meet before its first decision.
type meeting struct {
	store.Decider
	meet func()
}

func (m meeting) Decide(mail *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	m.meet()
	return m.Decider.Decide(mail, dir, now)
}

func TestAnAnswerRefersOnlyToMessageIDsThatAHeaderCanHold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.answers(nil), mail("1", "x", from("eve@example.net"), func(m *processor.Message) {
		m.MessageID = "evil@x>\r\nBcc: <all@x"
		m.References = []string{"one@x", "two @x", "ünï@x", "one@x", strings.Repeat("l", 300) + "@x"}
		for i := range 40 {
			m.References = append(m.References, fmt.Sprintf("%d@x", i))
		}
	}))
	claimed := d.claim(t, "helpdesk")[0]
	equal(t, "", claimed.InReplyTo)
	equal(t, "one@x 21@x 39@x 20", fmt.Sprintf("%s %s %s %d", claimed.References[0], claimed.References[1], claimed.References[19], len(claimed.References)))
}

// notify subscribes Anna and Bob to Network of team IT, and lets the store notify them.
func (d *desk) notify(t testing.TB) {
	t.Helper()
	must(t, d.store.Subscribe(t.Context(), "ANNA", "it", "network"))
	must(t, d.store.Subscribe(t.Context(), "bob", "IT", "Network"))
	d.store.SetSending(store.Sending{Domain: "desk.example", Notifies: true})
}

func (d *desk) announced(change func(*store.NewRequest)) store.NewRequest {
	r := store.NewRequest{
		Kind: processor.Event, Team: d.mailbox.Team, Subject: "Disk full", Body: "srv7", Group: processor.Ref{ID: 2, Name: "Network"},
		Reason: processor.NewReason(processor.ReasonMonitoring, "x"),
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestWhoIsNotifiedOfANewEvent(t *testing.T) {
	t.Parallel()
	both := "[new_event anna@example.com 1 new_event bob@example.com 1]"
	for _, tc := range []struct {
		name   string
		change func(*store.NewRequest)
		before string
		want   string
	}{
		{"those who subscribed to its group", nil, ``, both},
		{"nobody of another group", func(r *store.NewRequest) { r.Group.ID = 1 }, ``, "[]"},
		{"nobody when it has no group", func(r *store.NewRequest) { r.Group.ID = 0 }, ``, "[]"},
		{"nobody when it is assigned to a person", func(r *store.NewRequest) { r.Assignee.ID = 3 }, ``, "[]"},
		{"nobody when it is an incident", func(r *store.NewRequest) { r.Kind = processor.Incident }, ``, "[]"},
		{"nobody when it is about mail that cannot be sent", func(r *store.NewRequest) { r.Unannounced = true }, ``, "[]"},
		{"nobody without an address", nil, `DELETE FROM user_address WHERE user_id = 4`, "[new_event anna@example.com 1]"},
		{"nobody who got very many already", nil, `INSERT INTO outbox (kind, team_id, message_id, to_address, sent_at, request_id)
			SELECT 'new_event', 1, i || '@x', 'bob@example.com', now(), 9 FROM generate_series(1, 100) AS i`, "[new_event anna@example.com 1]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.notify(t)
			d.exec(t, `INSERT INTO request (number, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id) VALUES (9, 1, 'event', 'x', 1, 1, now(), 1);`+tc.before)
			d.write(t, func(ctx context.Context, j *store.Journal) error {
				_, err := j.Open(ctx, d.announced(tc.change))
				return err
			})
			equal(t, tc.want, fmt.Sprint(d.outbox(t)))
		})
	}
}

func TestANotificationOfAnEventSaysWhatItIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.notify(t)
	d.exec(t, `UPDATE team SET language = 'fr' WHERE id = 1`)
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.Open(ctx, d.announced(nil))
		return err
	})
	equal(t, 0, len(d.claim(t, "helpdesk")))
	got := d.claim(t, "")[0]
	subject, body, err := template.Compose(got.Kind, got.Language, got.Template, got.Data)
	must(t, err)
	equal(t, "[Événement] IT #1 - Disk full", subject)
	for _, part := range []string{"Bonjour Anna,", "Network", "srv7"} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is missing in\n%s", part, body)
		}
	}
	if !strings.HasSuffix(got.MessageID, "@desk.example") {
		t.Errorf("Message-ID %s", got.MessageID)
	}
	answer := d.accept(t, d.answers(nil), mail("1", "seen", func(m *processor.Message) { m.InReplyTo = []string{got.MessageID} }))[0]
	equal(t, int64(1), answer.Request)
}

func TestEventsFromMailAndMessagesSetAsideAreAnnounced(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.store.Subscribe(t.Context(), "bob", "IT", "Service Desk"))
	monitoring := d.answers(func(r *processor.Rules) { r.Processor, r.AcknowledgeNewRequests = processor.Monitoring, false })
	aside := d.exceptFor("about bad", func() processor.Decision {
		return processor.SetAside{Reason: processor.NewReason(processor.ReasonBadBlock, "no block")}
	})
	d.accept(t, monitoring, mail("0", "before anybody can send"))
	d.store.SetSending(store.Sending{Notifies: true})
	d.accept(t, monitoring, mail("1", "alert"))
	d.accept(t, aside, mail("2", "bad"))
	equal(t, "[new_event bob@example.com 2 new_event bob@example.com 3]", fmt.Sprint(d.outbox(t)))
	if id := d.claim(t, "")[0].MessageID; !strings.HasSuffix(id, "@mailintegration.invalid") {
		t.Errorf("Message-ID %s", id)
	}
}

func TestProblemsWithMailItselfAreNotAnnouncedByMail(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.notify(t)
	for _, kind := range []store.ProblemKind{store.ProblemReply, store.ProblemSMTP, store.ProblemDisk} {
		d.write(t, func(ctx context.Context, j *store.Journal) error {
			_, err := j.OpenProblem(ctx, store.ProblemKey{Kind: kind, Source: "x"}, d.announced(nil))
			return err
		})
	}
	equal(t, 2, d.count(t, `outbox`))
}

func TestSubscriptionsAreKeptOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	must(t, d.store.Subscribe(ctx, "anna", "it", "network"))
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"again", d.store.Subscribe(ctx, "Anna", "IT", "Network"), store.ErrExists},
		{"nobody", d.store.Subscribe(ctx, "nobody", "IT", "Network"), store.ErrUnknown},
		{"no such group", d.store.Subscribe(ctx, "anna", "IT", "People"), store.ErrUnknown},
		{"no such team", d.store.Subscribe(ctx, "anna", "Sales", "Network"), store.ErrUnknown},
		{"not subscribed", d.store.Unsubscribe(ctx, "bob", "IT", "Network"), store.ErrUnknown},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
	list, err := d.store.Subscriptions(ctx)
	must(t, err)
	equal(t, "[{anna Anna anna@example.com IT Network}]", fmt.Sprint(list))
	must(t, d.store.Unsubscribe(ctx, "anna", "it", "network"))
	equal(t, 0, d.count(t, `subscription`))
}

func TestTheTextsOfATeamAreCheckedWhenTheyAreSaved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	good := template.Text{Subject: "{{.Tag}} - thanks", Body: "Hello {{.Name}}\n"}
	must(t, d.store.SetReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "EN", template.Text{Subject: "{{.Tag}}", Body: "first"}))
	must(t, d.store.SetReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "en-US", good))
	for name, err := range map[string]error{
		"line 1: there is no field .Nam": d.store.SetReplyTemplate(ctx, "it", processor.ReplyDenied, "en", template.Text{Subject: "x", Body: "{{.Nam}}"}),
		"no language is given":           d.store.SetReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "", good),
		"is not a language":              d.store.SetReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "english", good),
		"does not exist":                 d.store.SetReplyTemplate(ctx, "sales", processor.ReplyAcknowledgement, "en", good),
		"there are several teams":        d.store.SetReplyTemplate(ctx, "", processor.ReplyAcknowledgement, "en", good),
		"in the language fr does not":    d.store.DropReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "fr"),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
	list, err := d.store.ReplyTemplates(ctx, "IT")
	must(t, err)
	equal(t, 1, len(list))
	equal(t, "IT acknowledgement en {{.Tag}} - thanks", fmt.Sprintf("%s %s %s %s", list[0].Team, list[0].Kind, list[0].Language, list[0].Subject))
	d.accept(t, d.answers(opensRequests), mail("1", "printer"))
	equal(t, good, d.claim(t, "helpdesk")[0].Template)
	must(t, d.store.DropReplyTemplate(ctx, "it", processor.ReplyAcknowledgement, "en"))
	equal(t, 0, d.count(t, `reply_template`))
}

func TestTeamsAndUsersHaveALanguage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	must(t, d.store.AddTeam(ctx, "Sales", store.TeamOptions{Language: "fr-CA"}))
	german, none, address := "DE", "", "it@example.com"
	must(t, d.store.SetTeam(ctx, "it", store.TeamChange{Language: &german, Address: &address}))
	must(t, d.store.SetTeam(ctx, "it", store.TeamChange{}))
	equal(t, "[HR:: IT:de:it@example.com Sales:fr:]", fmt.Sprint(all[string](t, d, `SELECT name || ':' || language || ':' || address FROM team ORDER BY name`)))
	must(t, d.store.SetTeam(ctx, "it", store.TeamChange{Language: &none, Address: &none}))
	equal(t, ":", one[string](t, d, `SELECT language || ':' || address FROM team WHERE name = 'IT'`))
	bad := "english"
	if err := d.store.SetTeam(ctx, "it", store.TeamChange{Language: &bad, Address: &bad}); err == nil || strings.Count(err.Error(), "english") != 2 {
		t.Errorf("error %v", err)
	}
	must(t, d.store.AddUser(ctx, store.User{Logon: "carl", Language: "FR"}))
	_, err := d.store.ImportUsers(ctx, strings.NewReader("logon,language\ncarl,en\nanna,fr\n"), false)
	must(t, err)
	_, err = d.store.ImportUsers(ctx, strings.NewReader("logon,name\ncarl,Carl\n"), false)
	must(t, err)
	equal(t, "[fr en]", fmt.Sprint(all[string](t, d, `SELECT language FROM user_account WHERE logon IN ('anna', 'carl') ORDER BY logon`)))
	if _, err := d.store.ImportUsers(ctx, strings.NewReader("logon,language\nanna,1\n"), false); err == nil || !strings.Contains(err.Error(), `line 2: "1" is not a language`) {
		t.Errorf("error %v", err)
	}
}
