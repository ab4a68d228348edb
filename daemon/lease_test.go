package daemon

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// wantGaps fails the test unless the log-ins of each of n mailboxes are between least and most apart.
func (c *cluster) wantGaps(n int, least, most time.Duration) {
	c.Helper()
	gaps := c.gaps()
	if len(gaps) != n {
		c.Errorf("%d of %d mailboxes were polled twice", len(gaps), n)
	}
	for name, all := range gaps {
		if lo, hi := slices.Min(all), slices.Max(all); lo < least || hi > most {
			c.Errorf("%s: %v and %v between log-ins, want %v to %v", name, lo, hi, least, most)
		}
	}
}

// slack is how much later than due a poll may be where the clock jumps from beat to beat, and a lease changes hands.
const slack = 4 * beatEvery

func TestThreeDaemonsPollEachMailboxOncePerScheduleTogether(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		o     pop3test.Options
		least time.Duration
	}{
		{"in step", pop3test.Options{}, 30*time.Second - beatEvery},
		{"and never sooner than LOGIN-DELAY allows", pop3test.Options{Extra: []string{"LOGIN-DELAY 55"}}, 55 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, tt.o)
			mailboxes := c.mailboxes(7)
			for range 3 {
				c.first(c.join(mailboxes, nil))
				c.tick(c.running())
			}
			c.pass(5 * time.Minute)
			c.wantGaps(7, tt.least, time.Minute+slack)
			if loads := c.loads(); slices.Min(loads) < 2 || slices.Max(loads) > 3 {
				t.Errorf("the daemons have %v mailboxes, want equal shares", loads)
			}
		})
	}
}

func TestFiveDaemonsPollOneMailboxAsOneDoes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{Extra: []string{"LOGIN-DELAY 55"}})
	for range 5 {
		c.first(c.join(c.oneMailbox(), nil))
	}
	c.mail()
	c.pass(3 * time.Minute)
	c.wantGaps(1, 55*time.Second, time.Minute+slack)
	c.wantEachOnce(1)
	if loads := c.loads(); slices.Max(loads) != 1 || slices.Index(loads, 1) != 0 {
		t.Errorf("the daemons have %v mailboxes, want the first to keep its one", loads)
	}
}

// TestManyMailboxesShareTheConnectionsOfTheStore looks at the database's connections each time a message was recorded.
func TestManyMailboxesShareTheConnectionsOfTheStore(t *testing.T) {
	t.Parallel()
	const connections, mailboxes = 3, 100
	w := newWorld(t)
	s, err := store.Open(t.Context(), store.Options{
		URL: w.rows.Config().ConnString() + "&application_name=counted", AttachmentDirectory: w.attachments, MaxConns: connections,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var peak atomic.Int64
	opts := w.options
	opts.Store = s
	opts.Recorded = func(string, *processor.Message, store.Outcome) {
		n := w.count(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted' AND datname = current_database()`)
		for was := peak.Load(); int64(n) > was && !peak.CompareAndSwap(was, int64(n)); was = peak.Load() {
		}
	}
	for n := range mailboxes {
		m := w.newMailbox(fmt.Sprintf("m%03d", n), w.maildrops)
		w.maildrops.Add(m.Name, fmt.Appendf(nil, "From: ann@acme.example\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", n))
		opts.Mailboxes = append(opts.Mailboxes, m)
	}
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	reports, err := d.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if r.Err != nil || r.Opened != 1 {
			t.Errorf("%+v", r)
		}
	}
	if n := peak.Load(); n == 0 || n > connections {
		t.Errorf("%d connections at once, want at most %d", n, connections)
	}
}

func TestAStoppedDaemonGivesItsMailboxesBackAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	mailboxes := c.mailboxes(6)
	for range 2 {
		c.first(c.join(mailboxes, nil))
	}
	c.pass(time.Minute)
	if err := c.members[0].leave(); err != nil {
		t.Fatal(err)
	}
	if n := c.count(`SELECT count(*) FROM lease WHERE holder_id IS NULL`); n == 0 {
		t.Error("the stopped daemon has not given any lease back")
	}
	c.pass(3 * beatEvery) // what nobody else has asked for stays free for two beats
	if loads := c.loads(); loads[1] != 6 {
		t.Errorf("the other daemon has %d mailboxes, want all", loads[1])
	}
	c.pass(2 * time.Minute)
	c.wantGaps(6, 30*time.Second-beatEvery, time.Minute+slack)
	if n := c.count(`SELECT count(*) FROM daemon`); n != 1 {
		t.Errorf("%d daemons are in the database, want one", n)
	}
}

func TestTheMailboxesOfADeadDaemonAreTakenWithinAMinute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		o     pop3test.Options
		least time.Duration
	}{
		{"", pop3test.Options{}, 0},
		{"and LOGIN-DELAY is respected", pop3test.Options{Extra: []string{"LOGIN-DELAY 55"}}, 55 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, tt.o)
			mailboxes := c.mailboxes(6)
			for range 2 {
				c.first(c.join(mailboxes, nil))
			}
			c.pass(2 * time.Minute)
			c.members[0].die()
			c.pass(45 * time.Second)
			if loads := c.loads(); loads[1] != 6 {
				t.Errorf("after 45 s the other daemon has %d mailboxes, want all", loads[1])
			}
			c.pass(2 * time.Minute)
			c.wantGaps(6, tt.least, 2*time.Minute+slack)
		})
	}
}

func TestADaemonThatWasPausedBeginsNoPollWithAnOldLease(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	mailboxes := c.mailboxes(6)
	for range 2 {
		c.first(c.join(mailboxes, nil))
	}
	c.pass(time.Minute)
	sleeper := c.members[0]
	sleeper.view.pause()
	c.pass(2 * time.Minute)
	if loads := c.loads(); loads[1] != 6 {
		t.Fatalf("the other daemon has %d mailboxes, want all", loads[1])
	}
	c.forgetLogIns()
	before := sleeper.view.waits()
	sleeper.proxy.Refuse() // it learns nothing from the database
	sleeper.view.resume()
	for sleeper.view.waits() == before {
		c.settle(c.running())
	}
	if n := c.logInsOf(0); n != 0 {
		t.Errorf("the daemon has logged in %d times", n)
	}
	sleeper.proxy.Pass()
	c.pass(3 * time.Minute)
	c.wantGaps(6, 30*time.Second-beatEvery, time.Minute+slack)
	if loads := c.loads(); slices.Min(loads) != 3 {
		t.Errorf("in the end the daemons have %v mailboxes, want 3 each", loads)
	}
}

// TestAPollThatLosesItsLeaseEndsAfterItsBatch holds a session of a paused daemon until another one has taken the
// mailbox.
func TestAPollThatLosesItsLeaseEndsAfterItsBatch(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	c.mailbox.Schedule = interval(time.Minute)
	for range 6 {
		c.mail()
	}
	reached, goOn := make(chan struct{}), make(chan struct{})
	c.maildrops.At("RETR 2").Times(1).Call(func() {
		close(reached)
		<-goOn
	})
	sleeper := c.join([]Mailbox{c.mailbox}, func(o *Options) { o.BatchMessages = 2 })
	storetest.Await(t, "a poll is under way", reached)
	sleeper.view.pause()
	c.setForward(2 * leaseTime)
	sleeper.proxy.SilenceAtFrontend(1_000_000) // counts, and never falls silent
	close(goOn)
	storetest.Until(t, "the poll has ended", func() bool { return sleeper.Status().Totals.Polls == 1 })
	s := sleeper.Status().Mailboxes[0]
	if s.State != Standby || s.Last.Recorded() != 2 || s.Last.Deferred != 4 || s.Last.Unaccounted() != 0 {
		t.Errorf("the poll ended as %+v in the state %s, want one batch", s.Last, s.State)
	}
	if s.Failures != 0 || s.Cause != CauseNone || CauseOf(s.Last.Err) != CauseLease {
		t.Errorf("%d failures, cause %q, error %v: want none, as a lost lease is no failure", s.Failures, s.Cause, s.Last.Err)
	}
	sleeper.view.resume()
	c.idle()
	c.pass(3 * beatEvery)
	c.wantEachOnce(6)
}

func TestADaemonDoesNotPollAMailboxWithoutTheLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	other := store.NewHolder("other")
	if _, err := w.store.KeepLeases(t.Context(), other, store.Keeping{Mailboxes: []string{helpdesk}, Duration: leaseTime}); err != nil {
		t.Fatal(err)
	}
	r := w.poll()
	if !r.Skipped || r.Holder != other || r.Err != nil || len(w.maildrops.Log()) != 0 {
		t.Errorf("the report is %+v, want a poll skipped because of %+v", r, other)
	}
	if err := w.store.ReleaseLeases(t.Context(), other, nil); err != nil {
		t.Fatal(err)
	}
	w.pollUntilGood()
	w.wantEachOnce(1)
}

func TestASingleRunRespectsTheLoginDelayOfTheRunBefore(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{Extra: []string{"LOGIN-DELAY 60"}})
	w.mail()
	w.pollUntilGood()
	w.mail()
	r := w.poll()
	if !r.Skipped || r.Holder != (store.Holder{}) || r.NextPoll.Before(time.Now()) {
		t.Errorf("the report is %+v, want a poll skipped until the server allows it", r)
	}
	if _, err := w.rows.Exec(t.Context(), `UPDATE lease SET not_before = now()`); err != nil {
		t.Fatal(err)
	}
	w.pollUntilGood()
	w.wantEachOnce(2)
}
