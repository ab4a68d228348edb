package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/smtp/smtptest"
)

// TestAFaultOfTheAccountKeepsTheMailWaiting lets an account fail until its mail is too old.
func TestAFaultOfTheAccountKeepsTheMailWaiting(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(3)
	w.smtp.At("AUTH").Reply("550 5.7.30 Basic authentication is not supported for Client Submission")
	d := w.daemon()
	var waits []time.Duration
	for range 12 {
		before := d.options().Now()
		d.sender.once(t.Context())
		waits = append(waits, d.Status().Sending[0].Next.Sub(before).Round(time.Minute))
		d.sender.once(t.Context()) // before its time, the server is left alone
		w.later()
	}
	if got := fmt.Sprint(waits); got != "[1m0s 2m0s 4m0s 8m0s 16m0s 32m0s 1h4m0s 2h8m0s 4h0m0s 4h0m0s 4h0m0s 4h0m0s]" {
		t.Errorf("waits %s", got)
	}
	if w.smtp.Sessions() != 12 || w.waiting() != 3 || w.events() != "; activities 0" {
		t.Errorf("%d sessions, %d mails wait, events %s", w.smtp.Sessions(), w.waiting(), w.events())
	}
	if s := d.Status().Sending[0]; s.Cause != CauseLogin || s.Failures != 12 || s.Waiting != 3 || !strings.Contains(Hint(s.Err), "Exchange Online has ended") {
		t.Errorf("%+v", s)
	}
	w.change(`UPDATE outbox SET queued_at = now() - interval '6 days'`)
	d.sender.once(t.Context())
	if got, want := w.events(), fmt.Sprintf("Mail not sent for 8 days: 127.0.0.1:%d [new]; activities 2", w.smtp.Port()); w.waiting() != 0 || got != want {
		t.Errorf("%d wait, events %s, want %s", w.waiting(), got, want)
	}
	w.smtp.Heal()
	w.queue(1)
	w.later()
	d.sender.once(t.Context())
	w.wantSent(1, 1)
	if got := w.events(); !strings.Contains(got, "[processed]; activities 3") {
		t.Errorf("events: %s", got)
	}
}

func TestARefusedRecipientIsToldOnceAndTheEventEndsWhenMailIsDelivered(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(2)
	w.smtp.At("RCPT TO:<ann@acme.example>").Reply("550 5.1.1 <ann@acme.example>: no such user")
	d := w.daemon()
	d.sender.once(t.Context())
	if got := w.events(); got != "Mail not delivered: ann@acme.example [new]; activities 1" {
		t.Errorf("events: %s", got)
	}
	var body string
	if err := w.rows.QueryRow(t.Context(), `SELECT body FROM request WHERE kind = 'event'`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A mail to a user was refused, and MailIntegration does not send it again.", "Recipient: Ann Lee <ann@acme.example>", "About: request 1",
		"Kind: acknowledgement of a new request", "Mailbox: helpdesk", "no such user", "Nothing that came in is lost", "What to do:\n1. The cause: ",
		"The mail says:\n\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, "secret") {
		t.Errorf("a secret in\n%s", body)
	}
	if s := d.Status().Sending[0]; s.Cause != CauseNone || w.smtp.Sessions() != 1 {
		t.Errorf("%+v in %d sessions", s, w.smtp.Sessions())
	}
	w.smtp.Heal()
	w.queue(1)
	w.daemon().sender.once(t.Context()) // another daemon, which reads of the problem in the database
	w.wantSent(1, 1)
	if got := w.events(); got != "Mail not delivered: ann@acme.example [processed]; activities 2" {
		t.Errorf("events: %s", got)
	}
}

func TestAnEventAboutAMailEndsWhicheverDaemonDeliversTheNext(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(1)
	other := w.daemon()
	other.sender.once(t.Context())
	w.queue(1)
	w.smtp.At("RCPT").Reply("550 5.1.1 no such user")
	w.daemon().sender.once(t.Context())
	if got := w.events(); !strings.Contains(got, "[new]") {
		t.Fatalf("events: %s", got)
	}
	w.smtp.Heal()
	w.queue(1)
	w.ahead.Add(int64(toldTime))
	other.sender.once(t.Context())
	if got := w.events(); !strings.Contains(got, "[processed]") {
		t.Errorf("events: %s", got)
	}
}

func TestMailThatNobodySendsIsGivenUpWithAnEvent(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(12)
	w.mailbox.Sending = nil
	d := w.daemon()
	d.sender.giveUpUnsent(t.Context())
	w.change(`UPDATE outbox SET queued_at = now() - interval '6 days'`)
	w.ahead.Add(int64(unsentEvery))
	d.sender.giveUpUnsent(t.Context()) // a daemon may have it, and wait for its server
	if w.waiting() != 12 || w.events() != "; activities 0" {
		t.Errorf("%d wait, events %s", w.waiting(), w.events())
	}
	w.change(`UPDATE outbox SET due_at = now() - interval '25 hours'`)
	w.mailbox.Sending = w.account
	w.daemon().sender.giveUpUnsent(t.Context()) // has an account and will send it
	d.sender.giveUpUnsent(t.Context())          // has looked just now
	if w.waiting() != 12 {
		t.Errorf("%d wait", w.waiting())
	}
	w.ahead.Add(int64(unsentEvery))
	d.sender.giveUpUnsent(t.Context())
	const subject = "Mail not sent, because nobody has an account for it: mailbox helpdesk"
	if got := w.events(); w.waiting() != 0 || got != subject+" [new]; activities 11" {
		t.Errorf("%d wait, events %s", w.waiting(), got)
	}
	w.queue(1)
	w.daemon().sender.once(t.Context())
	if got := w.events(); got != subject+" [processed]; activities 12" {
		t.Errorf("events %s", got)
	}
}

func TestOldMailIsGivenUpTogetherWhileTheServerRefuses(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(25)
	w.change(`UPDATE outbox SET queued_at = now() - interval '6 days' WHERE id <= 24`)
	w.smtp.At("AUTH").Reply("535 5.7.8 no")
	w.daemon().sender.once(t.Context())
	if w.waiting() != 1 || w.smtp.Sessions() != 1 {
		t.Errorf("%d mails wait after %d sessions", w.waiting(), w.smtp.Sessions())
	}
}

// TestATroubleEndsWhenAnotherDaemonHasSentTheMail has a server refuse mail of one daemon after the log-in.
func TestATroubleEndsWhenAnotherDaemonHasSentTheMail(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(1)
	w.smtp.At("MAIL").Times(1).Reply("530 5.7.57 no")
	d := w.daemon()
	d.sender.once(t.Context())
	if s := d.Status().Sending[0]; s.Cause != CauseLogin {
		t.Fatalf("%+v", s)
	}
	w.later()
	w.daemon().sender.once(t.Context())
	w.wantSent(1, 1)
	d.sender.once(t.Context())
	if s := d.Status().Sending[0]; s.Cause != CauseNone {
		t.Errorf("%+v", s)
	}
}

func TestAChangedAccountIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(1)
	w.account.Password = "wrong"
	d := w.daemon()
	d.sender.once(t.Context())
	w.change(`UPDATE outbox SET due_at = now()`)
	d.sender.once(t.Context())
	if w.smtp.Sessions() != 1 {
		t.Errorf("%d sessions", w.smtp.Sessions())
	}
	right := *w.account
	right.Password = "secret"
	w.mailbox.Sending = &right
	if _, err := d.Apply(Settings{Mailboxes: []Mailbox{w.mailbox}}); err != nil {
		t.Fatal(err)
	}
	d.sender.once(t.Context())
	w.wantSent(1, 1)
}

func TestAnAccountThatCannotSendHasOneEventThatClosesByItself(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	reporting(&w.options)
	w.queue(1)
	w.smtp.At("AUTH").Reply("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox")
	d := w.daemon()
	g := newDiagnosis(d, d.options().holder)
	d.sender.once(t.Context())
	g.look(t.Context())
	if got := w.events(); got != "; activities 0" {
		t.Errorf("after one failure: %s", got)
	}
	for range 2 {
		w.later()
		d.sender.once(t.Context())
		g.look(t.Context())
	}
	subject := fmt.Sprintf("No mail can be sent through 127.0.0.1:%d", w.smtp.Port())
	if got := w.events(); !strings.HasPrefix(got, subject+" [new]; activities") {
		t.Errorf("after three failures: %s", got)
	}
	var body string
	if err := w.rows.QueryRow(t.Context(), `SELECT body FROM request WHERE kind = 'event'`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5.7.139", "1 mail waiting", "Set-CASMailbox", "Nothing is lost.", "mailintegration check"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	w.smtp.Heal()
	w.later()
	d.sender.once(t.Context())
	for range 5 {
		w.ahead.Add(int64(gapTime - time.Second))
		g.look(t.Context())
	}
	if got := w.events(); !strings.HasPrefix(got, subject+" [processed]; activities") {
		t.Errorf("at the end: %s", got)
	}
	w.wantSent(1, 1)
}
