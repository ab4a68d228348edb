package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// withEmptyMaildrop makes the mailbox's user known to the server, without a message.
func (w *world) withEmptyMaildrop() {
	w.maildrops.SetPassword(helpdesk, pop3test.DefaultPassword)
}

func TestAnIdlePollSendsOnlySTATAndQUITAfterItsLogIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	if r := w.poll(); r.Err != nil || r.Listed != 0 {
		t.Errorf("%+v", r)
	}
	want := []string{"CAPA", "USER helpdesk", "PASS ***", "STAT", "QUIT"}
	if log := w.maildrops.Log(); !slices.Equal(log, want) {
		t.Errorf("sent %q, want %q", log, want)
	}
}

func TestAWrongNameIsReportedByTheFirstPollOfAnEmptyMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	w.mailbox.Rules.Names.Group = "Nobody"
	d := w.daemon()
	for range 2 { // and by each poll after it, until somebody corrects it
		var wrong *store.UnresolvedError
		if r := once(t, d); !errors.As(r.Err, &wrong) {
			t.Errorf("error %v, want one about the group", r.Err)
		}
	}
	if log := w.maildrops.Log(); len(log) != 0 {
		t.Errorf("the server heard %q", log)
	}
	if _, err := w.rows.Exec(t.Context(), `INSERT INTO support_group (team_id, name) VALUES (1, 'Nobody')`); err != nil {
		t.Fatal(err)
	}
	if r := once(t, d); r.Err != nil {
		t.Errorf("once the group exists: %v", r.Err)
	}
}

func TestNamesAreLookedUpAgainAfterAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.options.Now = func() time.Time { return now }
	w.withEmptyMaildrop()
	d := w.daemon()
	once(t, d)
	if _, err := w.rows.Exec(t.Context(), `UPDATE source SET name = 'E-mail'`); err != nil {
		t.Fatal(err)
	}
	w.mail()
	now = now.Add(namesTime - time.Second)
	if r := once(t, d); r.Err != nil || r.Opened != 1 {
		t.Errorf("within a minute: %+v, want the message recorded", r)
	}
	w.mail()
	now = now.Add(time.Second)
	var wrong *store.UnresolvedError
	if r := once(t, d); !errors.As(r.Err, &wrong) || r.Listed != 0 {
		t.Errorf("after a minute: %+v, want an error about the source", r)
	}
	if n := w.maildrops.Count(helpdesk); n != 1 {
		t.Errorf("%d messages are left, want the one that was not recorded", n)
	}
	w.wantRecorded(1)
}

func TestANameThatIsRemovedMeanwhileIsLookedUpAgainAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	d := w.daemon()
	once(t, d)
	for _, sql := range []string{`DELETE FROM source`, `INSERT INTO source (team_id, name) VALUES (1, 'Email')`} {
		if _, err := w.rows.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	w.mail()
	if r := once(t, d); r.Err != nil || r.Opened != 1 {
		t.Errorf("%+v, want the message recorded with the new row", r)
	}
	w.wantEachOnce(1)
}

func TestTheNextPollResumesTheTLSSession(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
	w.withEmptyMaildrop()
	w.mailbox.Account.Security, w.mailbox.Account.Roots = mailbox.SslOnConnect, w.maildrops.Roots()
	d := w.daemon()
	for range 3 {
		if r := once(t, d); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if all, resumed := w.maildrops.Handshakes(); all != 3 || resumed != 2 {
		t.Errorf("%d handshakes, %d of them resumed a session", all, resumed)
	}
}

// pollHeld polls with a worker of d as long as its lease holds, without asking the database for one.
func pollHeld(t *testing.T, d *Daemon) Report {
	t.Helper()
	return d.workers[0].poll(t.Context(), func() bool { return true })
}

func TestAnIdlePollAsksTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	w.withEmptyMaildrop()
	d := w.daemon()
	once(t, d) // the first poll looks the names up
	before, _ := proxy.Counts()
	for range 5 {
		if r := pollHeld(t, d); r.Err != nil || r.Listed != 0 {
			t.Errorf("%+v", r)
		}
	}
	if after, _ := proxy.Counts(); after != before {
		t.Errorf("five polls sent %d messages to the database", after-before)
	}
}

func TestAnIdlePollSucceedsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	w.withEmptyMaildrop()
	d := w.daemon()
	proxy.Refuse()
	for range 2 { // the first poll cannot look the names up
		if r := pollHeld(t, d); r.Err != nil {
			t.Errorf("without the database: %v", r.Err)
		}
	}
	w.mail()
	if r := pollHeld(t, d); !errors.Is(r.Err, store.ErrUnavailable) {
		t.Errorf("error %v, want the database's", r.Err)
	}
	if n := w.maildrops.Count(helpdesk); n != 1 {
		t.Errorf("%d messages are left, want 1", n)
	}
	proxy.Pass()
	w.pollUntilGood()
	w.wantEachOnce(1)
}

func TestAServerThatHangsKeepsNoOtherServersMailboxWaiting(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"greeting", "PASS ***"} {
		w := newWorld(t)
		w.options.MaxPolls, w.options.MaxSessionsPerServer, w.options.SlotTime = 2, 1, time.Millisecond
		w.withEmptyMaildrop()
		w.maildrops.At(strings.TrimSuffix(step, " ***")).Stall()
		fine := pop3test.Run(t, pop3test.Options{})
		fine.Add("fine", []byte("Subject: fine\r\n\r\n"))
		var hanging []Mailbox
		for i := range 10 {
			m := w.newMailbox(fmt.Sprint("hangs-", i), w.maildrops)
			m.Account.UserName = helpdesk
			hanging = append(hanging, m)
		}
		d := w.daemon(append(hanging, w.newMailbox("fine", fine))...)
		d.options().StopGrace = time.Millisecond
		ctx, stop := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		for _, worker := range d.workers[:len(d.workers)-1] {
			ended.Go(func() { worker.poll(ctx, func() bool { return true }) })
		}
		storetest.Until(t, "the mailboxes of the server that hangs are polled or wait", func() bool {
			d.sessionSlots.mu.Lock()
			defer d.sessionSlots.mu.Unlock()
			return d.sessionSlots.asked == len(hanging)+1
		})
		if r := d.workers[len(d.workers)-1].poll(t.Context(), func() bool { return true }); r.Err != nil || r.Opened != 1 {
			t.Errorf("%s: %+v", step, r)
		}
		stop()
		ended.Wait()
		wantAllFree(t, d.sessionSlots)
	}
}
