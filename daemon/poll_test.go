package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestMessagesThatPostgreSQLWouldRefuseAreRecorded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, octets string }{
		{"U+0000 in subject, name and body", "From: \"A\x00nn\" <ann@acme.example>\nSubject: a\x00b\n\nbo\x00dy\n"},
		{"octets that are not UTF-8", "From: \xff\xfe <ann@acme.example>\nSubject: \xc3(\xed\xa0\x80\n\n\xff\xfe\xc0\n"},
		{"a subject of 100 kB", "From: ann@acme.example\nSubject: " + strings.Repeat("x", 100_000) + "\n\nHelp!\n"},
		{"a folded subject of 100 kB", "From: ann@acme.example\nSubject: a" + strings.Repeat("\n "+strings.Repeat("é", 40), 1200) + "\n\nHelp!\n"},
		{"10,000 recipients", "From: ann@acme.example\nTo: " + strings.Repeat("someone@acme.example,\n ", 9_999) + "x@acme.example\nSubject: to all\n\nHelp!\n"},
		{"a date in the year 99999", "From: ann@acme.example\nDate: Mon, 01 Jan 99999 00:00:00 +0000\nSubject: late\n\nHelp!\n"},
		{"a date before Christ", "From: ann@acme.example\nDate: Mon, 01 Jan -5000 00:00:00 +0000\nSubject: early\n\nHelp!\n"},
		{"a Message-ID of 50 kB", "From: ann@acme.example\nMessage-ID: <" + strings.Repeat("m", 50_000) + "@x>\nSubject: id\n\nHelp!\n"},
		{"50,000 references", "From: ann@acme.example\nReferences: " + strings.Repeat("<r@x> ", 50_000) + "\nSubject: refs\n\nHelp!\n"},
		{"no header at all", "\n\n\n"},
		{"nothing", ""},
		{"only a dot", ".\n"},
		{"an attachment with an impossible name", "From: ann@acme.example\nContent-Type: application/pdf; name=\"../../etc/\x00passwd\"\nContent-Disposition: attachment\n\n%PDF\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.add(tt.octets)
			w.mail()
			r := w.poll()
			if r.Err != nil || r.Opened != 2 {
				t.Errorf("got %+v, want both messages opened", r)
			}
			w.wantEachOnce(2)
		})
	}
}

func TestAMessageOnWhichParsingPanicsIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.add("Subject: poison\n\nthe original\n")
	w.mail()
	r := w.pollReading(func(raw io.ReaderAt, size int64) *processor.Message {
		m := processor.Parse(raw, size)
		if m.Subject == "poison" {
			panic("cannot read this")
		}
		return m
	})
	if r.Err != nil || r.Opened != 2 || r.SetAside != 1 {
		t.Fatalf("got %+v, want two messages opened and one set aside", r)
	}
	w.wantEachOnce(3)
	if n := w.count(`SELECT count(*) FROM set_aside AS s JOIN request AS r ON r.number = s.event_id JOIN attachment AS a ON a.request_id = r.number
		WHERE r.kind = 'event' AND s.reason = 'panic' AND s.detail LIKE '%cannot read this%' AND a.raw AND a.octets = 33`); n != 1 {
		t.Error("no event has the reason and carries the original")
	}
	if w.logged.FilterMessage("message set aside").Len() != 1 {
		t.Error("the log does not say that the message was set aside")
	}
}

// pollReading polls once with read as its parser.
func (w *world) pollReading(read func(io.ReaderAt, int64) *processor.Message) Report {
	w.Helper()
	d := w.daemon()
	d.workers[0].parse = read
	reports, err := d.Once(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return reports[0]
}

func TestANameThatIsNotInTheDatabaseLeavesTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Rules.Names.Group = "Nobody"
	w.mail()
	r := w.poll()
	var names *store.UnresolvedError
	if !errors.As(r.Err, &names) || !needsPerson(r.Err) || !strings.Contains(Hint(r.Err), "mailintegration group add Nobody") {
		t.Errorf("error %v with hint %q, want one about the group", r.Err, Hint(r.Err))
	}
	if w.maildrops.Count(helpdesk) != 1 {
		t.Error("the message is gone")
	}
}

func TestAMailboxWithAProblemIsNotPolled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Problem = errors.New("Azure is not supported")
	r := w.poll()
	if r.Err == nil || !needsPerson(r.Err) || len(w.maildrops.Log()) != 0 {
		t.Errorf("error %v after the commands %q, want a refusal before any", r.Err, w.maildrops.Log())
	}
}

func TestAWrongPasswordNeedsAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.mailbox.Account.Password = "not it"
	if r := w.poll(); !errors.Is(r.Err, mailbox.ErrCredentials) || !needsPerson(r.Err) {
		t.Errorf("error %v", r.Err)
	}
	for _, e := range w.logged.All() {
		for k, v := range e.ContextMap() {
			if s, ok := v.(string); ok && strings.Contains(s, "not it") {
				t.Errorf("the password is in the log: %s: %s", k, s)
			}
		}
	}
}

func TestALargeBacklogIsPolledInSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 25 {
		w.mail()
	}
	w.options.MessagesPerSession, w.options.BatchMessages = 10, 4
	if r := w.poll(); r.Err != nil || r.Listed != 25 || r.Opened != 25 {
		t.Errorf("got %+v", r)
	}
	w.wantEachOnce(25)
	quits := 0
	for _, line := range w.maildrops.Log() {
		if line == "QUIT" {
			quits++
		}
	}
	if quits != 3 {
		t.Errorf("%d sessions, want 3", quits)
	}
}

func TestABacklogWithoutUniqueIDsIsRecordedOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(*pop3test.Server)
		left    int
	}{
		{"that deletes", func(*pop3test.Server) {}, 0},
		{"that never deletes", (*pop3test.Server).ForgetDeletes, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.maildrops = pop3test.Run(t, pop3test.Options{NoUIDL: true})
			w.mailbox = w.newMailbox(helpdesk, w.maildrops)
			for range 25 {
				w.mail()
			}
			tt.prepare(w.maildrops)
			w.options.MessagesPerSession = 10
			w.poll()
			w.maildrops.Heal()
			for range 3 {
				w.pollUntilGood()
			}
			w.wantEachOnce(25)
		})
	}
}

func TestOneMessageThatTheServerRefusesHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.mail()
	}
	w.maildrops.At("RETR 3").Reply("-ERR [SYS/TEMP] this one not now")
	r := w.poll()
	if r.Err != nil || r.Opened != 4 || r.Failed != 1 {
		t.Errorf("got %+v, want four recorded and one left", r)
	}
	if left := w.maildrops.Count(helpdesk); left != 1 {
		t.Errorf("%d messages left, want 1", left)
	}
}

func TestOneSlowMailboxHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := pop3test.Run(t, pop3test.Options{})
	slow.Add("slow", []byte("Subject: slow\r\n\r\n"))
	stalled := make(chan struct{})
	slow.At("RETR 1").Times(1).Call(func() { close(stalled) })
	slow.At("RETR 1").Stall()
	w.mail()

	opts := w.options
	opts.Mailboxes = []Mailbox{w.newMailbox("slow", slow), w.mailbox}
	opts.StopGrace = time.Nanosecond
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Once(ctx, "slow")
	}()
	storetest.Await(t, "the slow server is asked", stalled)
	if _, err := d.Once(t.Context(), helpdesk); err != nil {
		t.Fatal(err)
	}
	w.wantEachOnce(1)
	stop()
	<-ended
}

func TestRunPollsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Schedule = everyMillisecond{}
	recorded := make(chan string)
	w.options.Recorded = func(_ string, m *processor.Message, _ store.Outcome) { recorded <- m.Subject }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.daemon().Run(ctx) }()
	for range 3 {
		w.mail()
		storetest.Await(t, "the message is recorded", recorded)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.wantEachOnce(3)
}

// everyMillisecond is a schedule that keeps a test short.
type everyMillisecond struct{}

func (everyMillisecond) Next(t time.Time) time.Time { return t.Add(time.Millisecond) }

func TestAPanicOfThePollDoesNotEndTheDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.options.Recorded = func(string, *processor.Message, store.Outcome) { panic("outside any message") }
	if r := w.poll(); r.Err == nil || !strings.Contains(r.Err.Error(), "outside any message") {
		t.Errorf("error %v", r.Err)
	}
	w.options.Recorded = nil
	w.pollUntilGood()
	w.wantEachOnce(1)
}

func TestEachFollowUpOfAStrangerIsFlagged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.pollUntilGood()
	for range 2 {
		w.added++
		w.add(fmt.Sprintf("From: max@elsewhere.example\nSubject: Re: [Incident] 1 - Nr. 1\nMessage-ID: <%d@elsewhere.example>\n\nMe, too!\n", w.added))
		w.pollUntilGood()
	}
	if n := w.count(`SELECT count(*) FROM activity WHERE flagged`); n != 2 {
		t.Errorf("%d of 2 activities are flagged", n)
	}
}

func TestAMessageThatEndsTheSessionHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		on    pop3test.Options
		fault func(*pop3test.Step)
	}{
		{"the server hangs up", pop3test.Options{}, (*pop3test.Step).Drop},
		{"the server sends nonsense", pop3test.Options{}, func(s *pop3test.Step) { s.Garbage([]byte("what?\r\n")) }},
		{"the server falls silent", pop3test.Options{Without: []string{"PIPELINING"}}, (*pop3test.Step).Stall},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, tt.on)
			var waiting silences
			w.mailbox.Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				waiting.end() // a session of its own for each message that may end it
				return waiting.between(w.maildrops.Dial)(ctx, network, address)
			}
			d := w.daemon()
			mail := func(n int) {
				for range n {
					w.mail()
				}
			}
			mail(2)
			poison := w.maildrops.Add(helpdesk, []byte("Subject: poison\r\n\r\n"))
			if tt.name == "the server falls silent" {
				w.maildrops.AtMessage("RETR", poison).Call(waiting.fall)
			}
			tt.fault(w.maildrops.AtMessage("RETR", poison))
			mail(2)
			for range 3 {
				if _, err := d.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				mail(1)
				w.idle()
			}
			// All messages but the poison and the last one are recorded and deleted.
			w.wantRecorded(6)
			if left := w.maildrops.Count(helpdesk); left != 2 {
				t.Errorf("%d messages left, want 2", left)
			}
			w.maildrops.Heal()
			if _, err := d.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.wantEachOnce(8)
		})
	}
}

func TestAMailboxThatIsNamedTwiceIsPolledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.daemon().Once(t.Context(), helpdesk, helpdesk)
	if err != nil || len(r) != 1 {
		t.Errorf("%d reports, %v, want one", len(r), err)
	}
}
