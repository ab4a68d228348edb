package daemon

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// assumed returns the world's mailbox as it is when its file says nothing about TLS.
func (w *world) assumed() Mailbox {
	m := w.mailbox
	m.File, m.SecurityAssumed = "/etc/mailintegration/mailboxes/helpdesk.xml", true
	m.Account.Server, m.Account.Security, m.Account.Roots = "mail.example.com", mailbox.SslOnConnect, w.maildrops.Roots()
	return m
}

func TestAFailingPollSaysWhichLineAboutTLSIsMissing(t *testing.T) {
	t.Parallel()
	const file = "into /etc/mailintegration/mailboxes/helpdesk.xml, which has neither SecureSocketOption nor UseSsl"
	for _, tt := range []struct {
		name   string
		mode   pop3test.TLSMode
		change func(*Mailbox)
		want   []string
	}{
		{"a server without TLS", pop3test.NoTLS, func(*Mailbox) {},
			[]string{"write <SecureSocketOption>None</SecureSocketOption> " + file, "the password then crosses the network in clear"}},
		{"a server with STLS", pop3test.STLS, func(*Mailbox) {},
			[]string{"write <SecureSocketOption>StartTLS</SecureSocketOption> " + file}},
		{"a server with STLS whose certificate is not trusted", pop3test.STLS, func(m *Mailbox) { m.Account.Roots = nil },
			[]string{"write <SecureSocketOption>StartTLS</SecureSocketOption> " + file, "its certificate will be refused", "TrustedCertificate"}},
		{"a server without TLS at the other usual port", pop3test.NoTLS, func(m *Mailbox) { onlyAt(m, 110, 995) },
			[]string{"write <SecureSocketOption>None</SecureSocketOption> and <Port>110</Port> " + file}},
		{"a server with TLS at the other usual port", pop3test.ImplicitTLS, func(m *Mailbox) { onlyAt(m, 995, 110) },
			[]string{"write <SecureSocketOption>SslOnConnect</SecureSocketOption> and <Port>995</Port> " + file}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, pop3test.Options{TLS: tt.mode, Certificate: pop3test.Certificate{Names: []string{"mail.example.com"}}})
			w.mail()
			w.mailbox = w.assumed()
			tt.change(&w.mailbox)
			r := w.poll()
			for _, part := range tt.want {
				if hint := Hint(r.Err); !strings.Contains(hint, part) {
					t.Errorf("%v: the hint lacks %q: %s", r.Err, part, hint)
				}
			}
			w.wantRecorded(0)
			if log := strings.Join(w.maildrops.Log(), "\n"); strings.Contains(log, "USER") {
				t.Errorf("the poll tried to log in: %s", log)
			}
			if n := w.logged.FilterMessage("poll failed").FilterFieldKey("hint").Len(); n != 1 {
				t.Errorf("%d log lines tell of it", n)
			}
		})
	}
}

// onlyAt makes the mailbox's server answer at a port only, while the configuration names another one.
func onlyAt(m *Mailbox, answering, configured int) {
	dial := m.Account.Dial
	m.Account.Port = configured
	m.Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if port := address[strings.LastIndex(address, ":")+1:]; port != map[int]string{110: "110", 995: "995"}[answering] {
			return nil, syscall.ECONNREFUSED
		}
		return dial(ctx, network, address)
	}
}

func TestAPollAsksForSecurityOnlyWhenItsFileSaysNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*world)
	}{
		{"the file says SslOnConnect", func(w *world) { w.mailbox.SecurityAssumed = false }},
		{"the certificate is not trusted", func(w *world) {
			w.maildrops = pop3test.Run(w, pop3test.Options{TLS: pop3test.ImplicitTLS})
			w.mailbox.Account.Dial, w.mailbox.Account.Roots = w.maildrops.Dial, nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mailbox = w.assumed()
			tt.change(w)
			connections := countDials(&w.mailbox)
			if r := w.poll(); r.Err == nil || strings.Contains(Hint(r.Err), "UseSsl") {
				t.Errorf("%v, hint %q", r.Err, Hint(r.Err))
			}
			if n := connections.Load(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// countDials counts a mailbox's connections.
func countDials(m *Mailbox) *atomic.Int64 {
	n, dial := new(atomic.Int64), m.Account.Dial
	m.Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		n.Add(1)
		return dial(ctx, network, address)
	}
	return n
}

func TestSettingsThatHaveWorkedAreNotDoubted(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"mail.example.com"}}})
	w.mail()
	w.mailbox = w.assumed()
	good, plain := w.mailbox.Account.Dial, pop3test.Run(t, pop3test.Options{})
	var isDown atomic.Bool
	w.mailbox.Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if isDown.Load() {
			return plain.Dial(ctx, network, address)
		}
		return good(ctx, network, address)
	}
	d := w.daemon()
	for _, down := range []bool{false, true} {
		isDown.Store(down)
		reports, err := d.Once(t.Context())
		if err != nil || (reports[0].Err != nil) != down {
			t.Fatalf("%v, %v", reports, err)
		}
		if hint := Hint(reports[0].Err); strings.Contains(hint, "None</SecureSocketOption>") {
			t.Errorf("the hint advises against TLS: %s", hint)
		}
	}
}

func TestMailboxesOfAServerAskForItsSecurityOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connections := countDials(&w.mailbox)
	w.mailbox = w.assumed()
	var others []Mailbox
	for _, name := range []string{"a", "b", "c"} {
		m := w.mailbox
		m.Name = name
		others = append(others, m)
	}
	reports, err := w.daemon(others...).Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if !strings.Contains(Hint(r.Err), "None</SecureSocketOption>") {
			t.Errorf("%s: hint %q", r.Mailbox, Hint(r.Err))
		}
	}
	const polls, questions = 4, 2 // with TLS, and without
	if n := connections.Load(); n != polls+questions {
		t.Errorf("%d connections, want %d", n, polls+questions)
	}
}

// TestAServerThatDoesNotSayWhatItWantsHoldsUpNoOtherMailbox leaves one slot for all sessions, which the look-up must not
// hold.
func TestAServerThatDoesNotSayWhatItWantsHoldsUpNoOtherMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.MaxPolls = 1
	recorded := make(chan struct{})
	w.options.Recorded = func(string, *processor.Message, store.Outcome) { close(recorded) }
	w.mail()
	silent := w.assumed()
	silent.Name = "silent"
	asked, dials := make(chan struct{}), 0
	silent.Account.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		switch dials++; dials {
		case 1:
			return nil, syscall.ECONNREFUSED
		case 2:
			close(asked)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error)
	d := w.daemon(silent)
	go func() {
		_, err := d.Once(ctx)
		ended <- err
	}()
	storetest.Await(t, "the server is asked what it wants", asked)
	storetest.Await(t, "the message of the other mailbox is recorded", recorded)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAnswerAboutSecurityIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	account := mailbox.Account{Server: srv.Host(), Port: srv.Port(), Security: mailbox.SslOnConnect}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	a := securityAdvisor{now: func() time.Time { return now }, answers: map[securityQuestion]*securityAnswer{}}
	first := a.ask(t.Context(), account)
	now = now.Add(securityKept - time.Second)
	if a.ask(t.Context(), account) != first {
		t.Error("it asked again within the time")
	}
	now = now.Add(time.Second)
	if a.ask(t.Context(), account) == first {
		t.Error("it did not ask again after the time")
	}
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	account.Port++ // another question
	if answer := a.ask(cut, account); answer != nil && answer.err == nil {
		t.Errorf("an answer after a stop: %+v", answer)
	}
	if answer := a.ask(t.Context(), account); answer == nil || !answer.at.Equal(now) {
		t.Error("the question that a stop cut short was not asked again")
	}
}
