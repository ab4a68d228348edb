package daemon

import (
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
)

// office is a world whose daemon answers every message that opens a request.
type office struct {
	*world
	smtp    *smtptest.Server
	account *SendingAccount
	ahead   atomic.Int64 // how far the daemons' clock is ahead
}

func newOffice(t *testing.T, o smtptest.Options) *office {
	t.Helper()
	w := &office{world: newWorld(t), smtp: smtptest.Run(t, o)}
	w.smtp.SetPassword("desk", "secret")
	security := mailbox.None
	if o.TLS == smtptest.StartTLS {
		security = mailbox.StartTLS
	}
	w.account = &SendingAccount{Account: smtp.Account{
		Server: "127.0.0.1", Port: w.smtp.Port(), Security: security, UserName: "desk", Password: "secret", Roots: w.smtp.Roots(),
		From: smtp.Address{Address: "desk@acme.example"}, StepTimeout: 10 * time.Minute,
	}}
	w.mailbox.Rules.Replies, w.mailbox.Rules.AcknowledgeNewRequests, w.mailbox.Rules.MaxReplies = true, true, 1000
	w.mailbox.Sending = w.account
	w.options.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	return w
}

// queue has n messages recorded, each of which is to be answered, while nothing can be sent.
func (w *office) queue(n int) {
	w.Helper()
	for range n {
		w.mail()
	}
	w.mailbox.Sending = nil
	w.poll()
	w.mailbox.Sending = w.account
	if got := w.waiting(); got != n {
		w.Fatalf("%d mails wait, want %d", got, n)
	}
}

func (w *office) waiting() int {
	w.Helper()
	return w.count(`SELECT count(*) FROM outbox WHERE due_at IS NOT NULL`)
}

// later lets the longest wait pass.
func (w *office) later() {
	w.Helper()
	w.ahead.Add(int64(lastSendingWait))
	w.change(`UPDATE outbox SET due_at = now() WHERE due_at IS NOT NULL`)
}

func (w *office) change(sql string) {
	w.Helper()
	if _, err := w.rows.Exec(w.Context(), sql); err != nil {
		w.Fatal(err)
	}
}

// wantSent fails the test unless the server has taken over n mails with so many Message-IDs, and none waits.
func (w *office) wantSent(n, different int) []smtptest.Message {
	w.Helper()
	got := w.smtp.Messages()
	ids := map[string]bool{}
	for _, m := range got {
		read, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
		if err != nil {
			w.Fatal(err)
		}
		ids[read.Header.Get("Message-ID")] = true
	}
	if len(got) != n || len(ids) != different || w.waiting() != 0 {
		w.Errorf("%d mails with %d Message-IDs were sent and %d wait, want %d with %d", len(got), len(ids), w.waiting(), n, different)
	}
	return got
}

// events returns the subjects of the open events, and how many activities there are.
func (w *office) events() string {
	w.Helper()
	var events string
	err := w.rows.QueryRow(w.Context(), `SELECT coalesce(string_agg(subject || ' [' || state || ']', '; ' ORDER BY number), '')
		|| '; activities ' || (SELECT count(*) FROM activity) FROM request WHERE kind = 'event'`).Scan(&events)
	if err != nil {
		w.Fatal(err)
	}
	return events
}
