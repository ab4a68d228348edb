package store_test

import (
	"fmt"
	"testing"
	"time"

	"mailintegration/store"
)

func TestTheOutboxIsListedByWhatWaitsAndWhatIsNeverSent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 3 {
		d.queue(t, fmt.Sprintf("%d@it", i), "mailbox_id, last_error, attempts", "1, 'refused', 2")
	}
	for _, state := range []string{"sent_at", "given_up_at", "stopped_at"} {
		d.queue(t, state+"@it", "", "")
		d.exec(t, `UPDATE outbox SET due_at = NULL, `+state+` = now() WHERE message_id = '`+state+`@it'`)
	}
	first, err := d.store.WaitingMail(t.Context(), 0, 2)
	must(t, err)
	rest, err := d.store.WaitingMail(t.Context(), first[1].ID, 2)
	must(t, err)
	all := append(first, rest...)
	if len(all) != 3 {
		t.Fatalf("%d mails wait, want 3: %+v", len(all), all)
	}
	for i, m := range all {
		if i > 0 && m.ID <= all[i-1].ID || m.Mailbox != "helpdesk" || m.To.Addr != "eve@example.net" || m.Attempts != 2 ||
			m.LastError != "refused" || m.DueAt.IsZero() || m.QueuedAt.IsZero() || !m.GivenUpAt.IsZero() {
			t.Errorf("mail %d is %+v", i, m)
		}
	}
	unsent, err := d.store.UnsentMail(t.Context(), 10)
	must(t, err)
	if len(unsent) != 2 || unsent[0].StoppedAt.IsZero() || unsent[1].GivenUpAt.IsZero() || !unsent[1].DueAt.IsZero() {
		t.Errorf("never sent: %+v", unsent)
	}
}

func TestOpenProblemsAreReadPageByPageWithWhatTheirEventsSay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 3 {
		must(t, d.see(t, store.ProblemKey{Kind: store.ProblemDisk, Source: fmt.Sprint("/", i)}))
	}
	must(t, d.see(t, store.ProblemKey{Kind: store.ProblemClock, Source: "over"}))
	d.exec(t, `UPDATE problem SET closed_at = now() WHERE kind = 'clock'`)
	d.exec(t, `INSERT INTO problem_mailbox (problem_id, mailbox_id, since, last_seen_at)
		SELECT p.id, m.id, now(), now() FROM problem AS p, mailbox AS m WHERE p.source = '/2' AND m.name = 'helpdesk'`)
	first, err := d.store.Troubles(t.Context(), 0, 2)
	must(t, err)
	rest, err := d.store.Troubles(t.Context(), first[1].ID, 2)
	must(t, err)
	var sources string
	for _, p := range append(first, rest...) {
		sources += p.Source
		if p.Subject == "" || p.Event == 0 || p.OpenedAt.IsZero() {
			t.Errorf("problem %+v", p)
		}
	}
	equal(t, "/2/1/0", sources)
	if first[0].Affected != 1 || len(first[0].Mailboxes) != 1 || first[0].Mailboxes[0].Mailbox != "helpdesk" || first[1].Affected != 0 {
		t.Errorf("affected mailboxes: %+v", first)
	}
}

func TestTheMessagesOfTheDayAreCountedByMailboxAndHour(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	receive := func(age time.Duration, n int) {
		for range n {
			d.exec(t, fmt.Sprintf(`INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, raw_kept, accepted_at, last_seen_at)
				VALUES (1, sha256(random()::text::bytea), 1, 'ignored', 'bulk', true, now() - interval '%d seconds', now())`, age/time.Second))
		}
	}
	receive(time.Minute, 2)
	receive(90*time.Minute, 1)
	receive(25*time.Hour, 1)
	day, err := d.store.Day(t.Context())
	must(t, err)
	if got := day.Mailboxes["helpdesk"]; got == nil || *got != [24]int{2, 1} || day.Hours != 24 || len(day.Mailboxes) != 1 {
		t.Errorf("%+v in %d hours", got, day.Hours)
	}
	day, err = d.store.DayOf(t.Context(), 3)
	must(t, err)
	equal(t, 1, day.Hours) // there may be more messages in the hour of the last one that is counted
}
