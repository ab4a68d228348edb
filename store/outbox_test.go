package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/processor/template"
	"mailintegration/store"
)

// claimLease is how long the tests claim mail.
const claimLease = 5 * time.Minute

// queue writes a mail to the outbox that is due now.
func (d *desk) queue(t testing.TB, messageID, columns, values string) {
	t.Helper()
	if columns != "" {
		columns, values = ", "+columns, ", "+values
	}
	d.exec(t, fmt.Sprintf(`INSERT INTO outbox (kind, team_id, message_id, to_address, due_at%s)
		VALUES ('denied', 1, '%s', 'eve@example.net', now()%s)`, columns, messageID, values))
}

func (d *desk) claim(t testing.TB, mailboxes ...string) []store.OutgoingMail {
	t.Helper()
	list, err := d.store.ClaimMail(t.Context(), mailboxes, 10, claimLease)
	must(t, err)
	return list
}

// passes makes the given time pass for all mail of the outbox.
func (d *desk) passes(t testing.TB, duration time.Duration) {
	t.Helper()
	_, err := d.pool.Exec(t.Context(), `UPDATE outbox SET due_at = due_at - $1::interval, queued_at = queued_at - $1::interval`, duration)
	must(t, err)
}

func messageIDs(list []store.OutgoingMail) []string {
	ids := []string{}
	for _, m := range list {
		ids = append(ids, m.MessageID)
	}
	return ids
}

func TestClaimedMailIsNobodyElsesUntilTheLeaseEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.queue(t, "one@it", "mailbox_id", "1")
	d.queue(t, "two@it", "", "")
	equal(t, "[one@it]", fmt.Sprint(messageIDs(d.claim(t, "HelpDesk"))))
	equal(t, "[two@it]", fmt.Sprint(messageIDs(d.claim(t, ""))))
	equal(t, "[]", fmt.Sprint(messageIDs(d.claim(t, "helpdesk", ""))))
	d.passes(t, claimLease)
	again := d.claim(t, "helpdesk", "")
	equal(t, "[one@it two@it]", fmt.Sprint(messageIDs(again)))
	equal(t, 2, again[0].Attempts)
}

func TestTwoSendersClaimNoMailTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 20 {
		d.queue(t, fmt.Sprintf("%d@it", i), "", "")
	}
	results := make(chan []store.OutgoingMail, 4)
	for range 4 {
		go func() {
			list, err := d.store.ClaimMail(context.WithoutCancel(t.Context()), []string{""}, 20, claimLease)
			if err != nil {
				t.Error(err)
			}
			results <- list
		}()
	}
	claimed := map[string]int{}
	for range 4 {
		for _, m := range <-results {
			claimed[m.MessageID]++
		}
	}
	for _, m := range d.claim(t, "") {
		claimed[m.MessageID]++
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
	equal(t, 20, len(claimed))
}

func TestMailThatWasSentIsNotClaimedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.queue(t, "one@it", "", "")
	mail := d.claim(t, "")
	must(t, d.store.MailSent(t.Context(), mail[0].ID))
	d.passes(t, time.Hour)
	equal(t, 0, len(d.claim(t, "")))
	equal(t, 1, d.count(t, `outbox WHERE sent_at IS NOT NULL`))
}

func TestDeferredMailIsDueAgainWithItsErrorAndAttempts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.queue(t, "one@it", "", "")
	must(t, d.store.MailDeferred(t.Context(), d.claim(t, "")[0].ID, time.Hour, "421 busy"))
	d.passes(t, 59*time.Minute)
	equal(t, 0, len(d.claim(t, "")))
	state, err := d.store.OutboxState(t.Context())
	must(t, err)
	equal(t, 1, state.Waiting)
	d.passes(t, time.Minute)
	again := d.claim(t, "")
	equal(t, "one@it 2 421 busy", fmt.Sprintf("%s %d %s", again[0].MessageID, again[0].Attempts, again[0].LastError))
}

func TestMailIsGivenUpInTheTransactionOfItsEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.queue(t, "one@it", "", "")
	id := d.claim(t, "")[0].ID
	giveUp := func(and error) error {
		return d.store.Write(t.Context(), d.mailbox.Login, func(j *store.Journal) error {
			return errors.Join(j.GiveUpMail(t.Context(), id, "550 no such user"), and)
		})
	}
	if err := giveUp(errors.New("the event failed")); err == nil {
		t.Error("the transaction was committed")
	}
	equal(t, 1, d.count(t, `outbox WHERE due_at IS NOT NULL`))
	must(t, giveUp(nil))
	equal(t, "550 no such user", one[string](t, d, `SELECT last_error FROM outbox WHERE given_up_at IS NOT NULL`))
	if err := giveUp(nil); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("given up twice: %v", err)
	}
}

func TestAClaimedMailHasWhatItsTextNeeds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `UPDATE team SET address = 'it@example.com', language = 'fr' WHERE id = 1;
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id) VALUES (1, 'incident', 'The secret', 1, 1, now(), 1);
		INSERT INTO outbox (kind, team_id, mailbox_id, request_id, message_id, to_name, to_address, language, subject, written_at, opens_requests, in_reply_to, refers_to, due_at)
		VALUES ('closed', 1, 1, 1, 'one@it', 'Eve', 'eve@example.net', 'en', 'Printer', '2026-11-22 10:00Z', true, 'q@x', '{p@x,q@x}', now())`)
	mail := d.claim(t, "helpdesk")[0]
	mail.QueuedAt, mail.Data.Date = time.Time{}, mail.Data.Date.UTC()
	want := store.OutgoingMail{
		ID: mail.ID, MessageID: "one@it", Mailbox: "helpdesk", Kind: processor.ReplyClosed, To: processor.Address{Name: "Eve", Addr: "eve@example.net"},
		Language: "en", Team: "IT", TeamAddress: "it@example.com", Request: 1, InReplyTo: "q@x", References: []string{"p@x", "q@x"}, Attempts: 1,
		Data: template.Data{
			Name: "Eve", Subject: "Printer", Number: 1, Kind: processor.Incident, Team: "IT", TeamAddress: "it@example.com",
			Date: today.Truncate(time.Second), OpensRequests: true,
		},
	}
	if diff := cmp.Diff(want, mail); diff != "" {
		t.Errorf("the mail differs (-want +got):\n%s", diff)
	}
}

// A team that has written no text in a language has chosen none for it.
func TestTheTextOfATeamIsTheOneInTheLanguageOfTheMail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, mail, want string }{
		{"its own language", "fr", "fr Sujet"},
		{"no language means the team's", "", "fr Sujet"},
		{"a language that comes with the program", "en", "en "},
		{"a language that nobody has", "de", "fr Sujet"},
		{"a language that only the team has", "es", "es Asunto"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, `UPDATE team SET language = 'fr' WHERE id = 1; INSERT INTO reply_template (team_id, kind, language, subject, body)
				VALUES (1, 'denied', 'fr', 'Sujet', 'x'), (1, 'denied', 'es', 'Asunto', 'x'), (1, 'closed', 'en', 'Other kind', 'x'), (2, 'denied', 'en', 'Other team', 'x')`)
			d.queue(t, "one@it", "language", "'"+tc.mail+"'")
			mail := d.claim(t, "")[0]
			equal(t, tc.want, mail.Language+" "+mail.Template.Subject)
		})
	}
}

func TestOnlyMailThatIsDoneIsPurged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.queue(t, "sent@it", "", "")
	must(t, d.store.MailSent(t.Context(), d.claim(t, "")[0].ID))
	d.queue(t, "waits@it", "", "")
	d.passes(t, 30*24*time.Hour)
	for _, tc := range []struct {
		name      string
		olderThan time.Duration
		want      int
	}{{"too young", 31 * 24 * time.Hour, 0}, {"old", 29 * 24 * time.Hour, 1}, {"gone", time.Hour, 0}} {
		n, err := d.store.PurgeMail(t.Context(), tc.olderThan)
		must(t, err)
		equal(t, tc.name+fmt.Sprint(tc.want), tc.name+fmt.Sprint(n))
	}
	equal(t, "waits@it", one[string](t, d, `SELECT message_id FROM outbox`))
}
