package daemon

import (
	"context"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
)

func TestAnAnswerIsSentOnceItsMessageIsRecorded(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{TLS: smtptest.StartTLS})
	w.change(`UPDATE team SET address = 'it@acme.example'`)
	w.mail()
	w.poll()
	w.poll()
	got := w.wantSent(1, 1)
	if m := got[0]; m.From != "it@acme.example" || m.To != "ann@acme.example" || m.User != "desk" {
		t.Errorf("from %s to %s by %s", m.From, m.To, m.User)
	}
	read, err := mail.ReadMessage(strings.NewReader(string(got[0].Data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"IT" <it@acme.example>`, "To": `"Ann Lee" <ann@acme.example>`, "In-Reply-To": "<1@acme.example>", "References": "<1@acme.example>",
		"Auto-Submitted": "auto-replied", "Subject": "[Incident] IT #1 - Nr. 1",
	} {
		if got := read.Header.Get(name); got != want && name != "Subject" || name == "Subject" && !strings.HasPrefix(got, "[Incident] IT #1") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	w.account.AlwaysUseFrom = true
	w.mail()
	w.poll()
	if m := w.wantSent(2, 2)[1]; m.From != "desk@acme.example" {
		t.Errorf("from %s, although AlwaysUseThisAddress is set", m.From)
	}
}

// TestNoAnswerIsLostAndNoneIsSentMoreOftenThanTheProtocolForces lets each step fail once, and then the time of a wait pass.
func TestNoAnswerIsLostAndNoneIsSentMoreOftenThanTheProtocolForces(t *testing.T) {
	t.Parallel()
	type fault = func(*smtptest.Step)
	reply := func(lines string) fault { return func(s *smtptest.Step) { s.Reply(lines) } }
	drop, dropReply, stall := (*smtptest.Step).Drop, (*smtptest.Step).DropReply, (*smtptest.Step).Stall
	for _, test := range []struct {
		step  string
		name  string
		fault fault
		sent  int // 1, or 2 where nobody can know whether the server took the first one
	}{
		{"connect", "drop", drop, 1},
		{"connect", "stall", stall, 1},
		{"greeting", "421", reply("421 4.3.2 busy"), 1},
		{"greeting", "stall", stall, 1},
		{"EHLO", "drop", drop, 1},
		{"STARTTLS", "454", reply("454 4.7.0 TLS is not available"), 1},
		{"AUTH", "454", reply("454 4.7.0 temporary failure"), 1},
		{"AUTH", "535", reply("535 5.7.3 unsuccessful"), 1},
		{"AUTH", "550 5.7.30", reply("550 5.7.30 Basic authentication is not supported"), 1},
		{"AUTH", "stall", stall, 1},
		{"MAIL", "421", reply("421 4.3.2 shutting down"), 1},
		{"MAIL", "451", reply("451 4.3.0 later"), 1},
		{"MAIL", "500", reply("500 what?"), 1},
		{"MAIL", "550 5.7.60", reply("550 5.7.60 no permission to send as this sender"), 1},
		{"MAIL", "drop", drop, 1},
		{"RCPT", "450", reply("450 4.2.0 greylisted"), 1},
		{"RCPT", "drop", drop, 1},
		{"DATA", "451", reply("451 4.3.0 no space"), 1},
		{"DATA", "drop", drop, 1},
		{".", "421", reply("421 4.3.0 bye"), 1},
		{".", "450", reply("450 4.7.0 scanning"), 1},
		{".", "550 5.7.30", reply("550 5.7.30 Basic authentication is not supported"), 1},
		{".", "drop", drop, 1},
		{".", "answer lost", dropReply, 2},
		{"QUIT", "drop", drop, 1},
		{"QUIT", "stall", stall, 1},
	} {
		t.Run(test.step+" "+test.name, func(t *testing.T) {
			t.Parallel()
			w := newOffice(t, smtptest.Options{TLS: smtptest.StartTLS})
			w.queue(1)
			var waiting silences
			w.account.Dial = waiting.between(new(net.Dialer).DialContext)
			if test.name == "stall" {
				w.smtp.At(test.step).Times(1).Call(waiting.fall)
			}
			test.fault(w.smtp.At(test.step).Times(1))
			d := w.daemon()
			d.sender.once(t.Context())
			if isWaiting := w.waiting() == 1; isWaiting == (test.step == "QUIT") {
				t.Errorf("after the fault the mail waits: %v", isWaiting)
			}
			waiting.end()
			w.later()
			d.sender.once(t.Context())
			w.later()
			d.sender.once(t.Context())
			w.wantSent(test.sent, 1)
			if s := d.Status().Sending; len(s) != 1 || s[0].Cause != CauseNone {
				t.Errorf("%+v", s)
			}
			if got := w.events(); got != "; activities 0" {
				t.Errorf("events: %s", got)
			}
		})
	}
}

func TestNothingIsSentInClearWhereSTARTTLSIsConfiguredAndNotOffered(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.account.Security = mailbox.StartTLS
	w.queue(1)
	d := w.daemon()
	d.sender.once(t.Context())
	s := d.Status().Sending[0]
	if s.Cause != CauseTLS || s.Failures != 1 || s.Waiting != 1 || s.Since.IsZero() || !strings.Contains(Hint(s.Err), "nothing is sent without TLS") {
		t.Errorf("%+v", s)
	}
	for _, line := range w.smtp.Log() {
		if !strings.HasPrefix(line, "EHLO") {
			t.Errorf("sent in clear: %q", line)
		}
	}
}

func TestAnAccessTokenIsUsedWhereTheServerWantsXOAUTH2(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{TLS: smtptest.StartTLS, Mechanisms: []string{"LOGIN", "XOAUTH2"}})
	w.queue(1)
	tokens, asked := []string{"old", "new"}, 0
	w.smtp.SetToken("desk", "new")
	w.account.Password = ""
	w.account.Token = func(context.Context) (string, error) { return tokens[asked], nil }
	w.account.TokenRefused = func() { asked++ }
	d := w.daemon()
	d.sender.once(t.Context())
	if s := d.Status().Sending[0]; s.Cause != CauseLogin || w.waiting() != 1 {
		t.Errorf("%+v, %d wait", s, w.waiting())
	}
	w.later()
	d.sender.once(t.Context())
	w.wantSent(1, 1)
}

func TestOneMailHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		fault    func(*smtptest.Server)
		sessions int
		left     int
	}{
		{"a recipient is refused for ever", func(s *smtptest.Server) { s.At("RCPT").After(1).Times(1).Reply("550 5.1.1 no") }, 1, 0},
		{"a recipient is refused for now", func(s *smtptest.Server) { s.At("RCPT").After(1).Times(1).Reply("450 4.2.0 later") }, 1, 1},
		{"the content is refused", func(s *smtptest.Server) { s.At(".").After(1).Times(1).Reply("554 5.6.0 no") }, 1, 0},
		{"the sender is refused", func(s *smtptest.Server) { s.At("MAIL").After(1).Times(1).Reply("550 5.7.60 no") }, 1, 1},
		{"the session breaks", func(s *smtptest.Server) { s.At(".").After(1).Times(1).Drop() }, 2, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newOffice(t, smtptest.Options{})
			w.queue(4)
			test.fault(w.smtp)
			w.daemon().sender.once(t.Context())
			if n := len(w.smtp.Messages()); n != 3 || w.smtp.Sessions() != test.sessions || w.waiting() != test.left {
				t.Errorf("%d mails in %d sessions, %d wait", n, w.smtp.Sessions(), w.waiting())
			}
		})
	}
}

func TestTwoDaemonsSendEachMailOnce(t *testing.T) {
	t.Parallel()
	const mails = 25
	w := newOffice(t, smtptest.Options{})
	w.queue(mails)
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { w.daemon().sender.once(t.Context()) })
	}
	running.Wait()
	w.wantSent(mails, mails)
}

func TestAStopEndsASessionAtOnceAndAnotherDaemonGoesOn(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(3)
	ctx, stop := context.WithCancel(t.Context())
	w.smtp.At(".").Times(1).Call(stop) // the mail in hand is finished
	w.daemon().sender.run(ctx)
	if n := len(w.smtp.Messages()); n != 1 || w.waiting() != 2 {
		t.Errorf("%d mails were sent and %d wait", n, w.waiting())
	}
	if log := w.smtp.Log(); log[len(log)-1] != "QUIT" {
		t.Errorf("the session ended with %q", log[len(log)-1])
	}
	w.daemon().sender.once(t.Context())
	w.wantSent(3, 3)
}

// TestADaemonThatDiesWhileItSends stops a daemon like SIGKILL does: it notes nothing more. Its mails are due again when its
// claim ends.
func TestADaemonThatDiesWhileItSends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		before int // mails that the server had taken over
	}{{"before it sends", 0}, {"after it has sent, before it notes that", 1}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newOffice(t, smtptest.Options{})
			w.queue(1)
			claimed, err := w.store.ClaimMail(t.Context(), []string{helpdesk}, 1, claimTime(nil))
			if err != nil || len(claimed) != 1 {
				t.Fatalf("%v, %v", claimed, err)
			}
			dying := &round{sender: newSender(w.daemon()), account: w.account}
			if message, err := dying.compose(claimed[0]); test.before > 0 && (err != nil || dying.deliver(t.Context(), message) != nil) {
				t.Fatal(err)
			}
			dying.close(t.Context())
			d := w.daemon()
			d.sender.once(t.Context())
			if n := len(w.smtp.Messages()); n != test.before {
				t.Errorf("%d mails were sent while another daemon had the claim", n)
			}
			w.later()
			d.sender.once(t.Context())
			w.wantSent(test.before+1, 1)
		})
	}
}

// TestAMailThatCannotBeMarkedIsNotSentAgain lets the database fail between the answer of the mail server and the mark.
func TestAMailThatCannotBeMarkedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(1)
	d := w.daemon()
	w.smtp.At(".").Call(func() { w.change(`ALTER TABLE outbox RENAME COLUMN sent_at TO sent`) })
	d.sender.once(t.Context())
	w.change(`ALTER TABLE outbox RENAME COLUMN sent TO sent_at`)
	if n := w.waiting(); n != 1 {
		t.Fatalf("%d wait", n)
	}
	w.later()
	d.sender.once(t.Context())
	w.wantSent(1, 1)
}

func TestTheMailOfAMailboxIsLeftAloneWithoutAnAccount(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(1)
	w.mailbox.Sending = nil
	w.options.Sending = w.account // for notifications only: this daemon's mailbox has none
	w.daemon().sender.once(t.Context())
	if w.waiting() != 1 || w.smtp.Sessions() != 0 {
		t.Errorf("%d wait, %d sessions", w.waiting(), w.smtp.Sessions())
	}
}

func TestAMailIsClaimedForLongerThanItMayTake(t *testing.T) {
	t.Parallel()
	slow := route{account: &SendingAccount{Account: smtp.Account{StepTimeout: time.Hour}}}
	for _, routes := range [][]route{{slow}, {{account: &SendingAccount{}}, slow}} {
		if got := claimTime(routes); got <= 20*time.Hour {
			t.Errorf("claimed for %s, although the server may take 20 h", got)
		}
	}
}

// TestAPanicOverOneMailHoldsUpNoOther has the program fail over the first mail.
func TestAPanicOverOneMailHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newOffice(t, smtptest.Options{})
	w.queue(3)
	dialed := 0
	w.account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dialed++; dialed == 1 {
			panic("a bug")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	w.daemon().sender.once(t.Context())
	if n := len(w.smtp.Messages()); n != 2 || w.waiting() != 1 {
		t.Errorf("%d mails were sent, %d wait", n, w.waiting())
	}
}
