package daemon

import (
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestAPollThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	hangs, goOn := make(chan struct{}), make(chan struct{})
	m := c.join(c.oneMailbox(), func(o *Options) {
		o.Recorded = func(string, *processor.Message, store.Outcome) {
			close(hangs)
			<-goOn
		}
	})
	c.first(m)
	c.mail()
	c.setForward(time.Minute)
	storetest.Await(t, "a message is recorded", hangs)
	if err := m.Stuck(); err != nil {
		t.Errorf("a poll under way counts as stuck: %v", err)
	}
	c.setForward(time.Hour)
	storetest.Until(t, "only the mailbox is late", func() bool {
		err := m.Stuck()
		return err != nil && strings.HasPrefix(err.Error(), "the mailbox "+helpdesk+" makes no progress") && !strings.Contains(err.Error(), "\n")
	})
	close(goOn)
	storetest.Until(t, "the poll goes on", func() bool { return m.Stuck() == nil })
}

func TestEachLoopThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	account := &SendingAccount{}
	account.Server, account.Port = "smtp.lan", 587
	for _, c := range []struct {
		name string
		beat func(*Daemon)
		want string
	}{
		{"the keeper of the leases", func(d *Daemon) { d.pulses.beats.beat(now, beatPromise) }, "the beat"},
		{"the diagnosis", func(d *Daemon) { d.pulses.looks.beat(now, lookPromise) }, "the diagnosis"},
		{"the sender", func(d *Daemon) { d.pulses.outbox.beat(now, outboxPromise) }, "the outbox"},
		{"the collector", func(d *Daemon) { d.beatCollection(collectPromise) }, "the collection of old receipts and files"},
		{"an account that sends", func(d *Daemon) { d.sender.setBusy(account, time.Hour) }, "sending through smtp.lan:587"},
		{"a worker", func(d *Daemon) { d.workers[0].pulse.beat(now, stepPromise) }, "the mailbox helpdesk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := now
			d, err := New(Options{Store: &store.Store{}, Mailboxes: []Mailbox{{Name: "helpdesk"}}, Now: func() time.Time { return at }})
			if err != nil {
				t.Fatal(err)
			}
			c.beat(d)
			if err := d.Stuck(); err != nil {
				t.Errorf("a loop that has promised a sign of life is stuck: %v", err)
			}
			at = now.Add(collectPromise + time.Minute)
			if err := d.Stuck(); err == nil || !strings.HasPrefix(err.Error(), c.want+" makes no progress") {
				t.Errorf("Stuck returned %v, want an error about %s", err, c.want)
			}
		})
	}
}

func TestALoopThatWaitsForASlotOrHasEndedIsNotStuck(t *testing.T) {
	t.Parallel()
	var p pulse
	now := time.Now()
	p.beat(now, time.Minute)
	p.rest()
	if late := p.late(now.Add(24 * time.Hour)); late != 0 {
		t.Errorf("it is late by %v", late)
	}
}

// TestOthersThatDoNotAnswerMakeNobodyStuck watches a daemon at each beat for a quarter of an hour.
func TestOthersThatDoNotAnswerMakeNobodyStuck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		hang func(*cluster, *member)
	}{
		{"a database that refuses connections", func(_ *cluster, m *member) { m.proxy.Refuse() }},
		{"a mail server that says nothing", func(c *cluster, _ *member) { c.maildrops.At("greeting").Stall() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, pop3test.Options{})
			mailboxes := c.oneMailbox()
			mailboxes[0].Account.StepTimeout = 20 * time.Millisecond
			m := c.join(mailboxes, nil)
			c.first(m)
			tt.hang(c, m)
			for range 15 * 60 / 5 {
				c.tick(c.running())
				if err := m.Stuck(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestADatabaseThatNeverAnswersMakesNobodyStuck lets a beat and the checks after it take all of their time.
func TestADatabaseThatNeverAnswersMakesNobodyStuck(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), nil)
	c.first(m)
	m.silenceDatabase()
	c.setForward(beatEvery)
	m.until(t, "the daemon is not ready", isUnready)
	c.setForward(beatEvery + recheckTime + defaultBeatTime)
	if err := m.Stuck(); err != nil {
		t.Error(err)
	}
}
