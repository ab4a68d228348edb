package daemon

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

func TestApplyTellsWhatHasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newMailbox("other", w.maildrops)
	d := w.daemon(other)
	changed := w.mailbox
	changed.TraceMessageInfo = true
	got, err := d.Apply(Settings{Mailboxes: []Mailbox{w.newMailbox("third", w.maildrops), changed}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Added, []string{"third"}) || !slices.Equal(got.Changed, []string{helpdesk}) || !slices.Equal(got.Removed, []string{"other"}) {
		t.Errorf("got %+v", got)
	}
	if got, err := d.Apply(Settings{Mailboxes: []Mailbox{changed, w.newMailbox("third", w.maildrops)}}); err != nil || !got.IsEmpty() {
		t.Errorf("the same settings again: %+v, %v", got, err)
	}
	if _, err := d.Apply(Settings{Mailboxes: []Mailbox{changed, w.newMailbox("HELPDESK", w.maildrops)}}); err == nil {
		t.Error("two mailboxes with the same name are accepted")
	}
	if s := d.Status(); len(s.Mailboxes) != 2 || s.Mailboxes[0].Name != helpdesk {
		t.Errorf("the mailboxes are %+v", s.Mailboxes)
	}
}

func TestWhatWasLearntIsKeptWhereTheAccountIsTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Mailbox)
		kept   bool
	}{
		{"another password", func(m *Mailbox) { m.Account.Password = "new" }, true},
		{"another schedule", func(m *Mailbox) { m.Schedule = interval(time.Hour) }, true},
		{"another server", func(m *Mailbox) { m.Account.Server = "mail.example" }, false},
		{"another port", func(m *Mailbox) { m.Account.Port++ }, false},
		{"another user", func(m *Mailbox) { m.Account.UserName = "other" }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := w.daemon()
			before := d.workers[0].progress
			m := w.mailbox
			tt.change(&m)
			if got, err := d.Apply(Settings{Mailboxes: []Mailbox{m}}); err != nil || !slices.Equal(got.Changed, []string{helpdesk}) {
				t.Fatalf("%+v, %v", got, err)
			}
			d.workers[0].settings()
			if kept := d.workers[0].progress == before; kept != tt.kept {
				t.Errorf("kept is %t, want %t", kept, tt.kept)
			}
		})
	}
}

func TestAMailboxThatFailedAndWasCorrectedIsPolledAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	right := c.oneMailbox()
	wrong := slices.Clone(right)
	wrong[0].Account.Password = "not it"
	c.mail()
	m := c.join(wrong, nil)
	c.first(m)
	if _, err := m.Apply(Settings{Mailboxes: right}); err != nil {
		t.Fatal(err)
	}
	m.until(t, "the message is recorded", func(s Status) bool {
		return s.Mailboxes[0].SucceededAt.After(s.Mailboxes[0].Since) && s.Totals.Opened == 1
	})
	c.wantEachOnce(1)
}

func TestAPollUnderWayEndsAsItBeganAlthoughItsMailboxIsRemoved(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	c.mail()
	hangs, goOn := make(chan struct{}), make(chan struct{})
	c.maildrops.At("RETR 1").Times(1).Call(func() {
		close(hangs)
		<-goOn
	})
	m := c.join(c.oneMailbox(), nil)
	storetest.Await(t, "a poll is under way", hangs)
	if _, err := m.Apply(Settings{Mailboxes: c.mailboxes(1)}); err != nil {
		t.Fatal(err)
	}
	if s := m.Status(); len(s.Mailboxes) != 2 || s.Mailboxes[1].State != Stopping {
		t.Errorf("the mailboxes are %+v, want the removed one to stop", s.Mailboxes)
	}
	close(goOn)
	m.until(t, "the worker is gone", func(s Status) bool { return len(s.Mailboxes) == 1 })
	if s := m.Status(); s.Totals.Opened != 1 {
		t.Errorf("the totals are %+v, want also those of the removed mailbox", s.Totals)
	}
	storetest.Until(t, "the lease is free", func() bool {
		return c.count(`SELECT count(*) FROM lease AS l JOIN mailbox AS m ON m.id = l.mailbox_id WHERE m.name = 'helpdesk' AND holder_id IS NULL`) == 1
	})
	c.idle()
	c.wantEachOnce(1)
}

// TestNoPollIsDroppedOrDoubledWhileSettingsChange changes settings all the time while mail comes in.
func TestNoPollIsDroppedOrDoubledWhileSettingsChange(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	mailboxes := c.mailboxes(6)
	m := c.join(mailboxes, nil)
	c.first(m)
	c.forgetLogIns()
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			settings := Settings{Mailboxes: c.recording(0, mailboxes), MaxPolls: 1 + n%3, BatchMessages: 1 + n%2}
			for i := range settings.Mailboxes {
				settings.Mailboxes[i].TraceMessageInfo = (n+i)%2 == 0
			}
			if n%3 == 0 { // one that comes and goes
				settings.Mailboxes = append(settings.Mailboxes, c.newMailbox("passing", c.maildrops))
			}
			if _, err := m.Apply(settings); err != nil {
				t.Error(err)
				return
			}
		}
	})
	const minutes = 5
	sent := 0
	for range minutes {
		for _, b := range mailboxes {
			sent++
			c.maildrops.Add(b.Name, fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: %d\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", sent, sent))
		}
		c.pass(time.Minute)
	}
	close(stop)
	changing.Wait()
	c.settle([]*member{m})
	c.wantRecorded(sent)
	c.wantGaps(6, 30*time.Second-beatEvery, time.Minute+2*beatEvery)
	if n := c.logged.FilterMessage("poll failed").FilterFieldKey("mailbox").Len(); n > 0 {
		for _, e := range c.logged.FilterMessage("poll failed").All() {
			if e.ContextMap()["mailbox"] != "passing" {
				t.Errorf("a poll failed: %v", e.ContextMap())
			}
		}
	}
}
