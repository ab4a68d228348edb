package daemon

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// until waits until the daemon's status fulfils a condition.
func (m *member) until(t testing.TB, what string, is func(Status) bool) {
	t.Helper()
	storetest.Until(t, what, func() bool { return is(m.Status()) })
}

func isReady(s Status) bool { return s.Ready }

func isUnready(s Status) bool { return s.Live && !s.Ready && s.Database.Err != nil }

// isEachPolledSince returns the condition that a poll of each mailbox has gone well after a time.
func isEachPolledSince(at time.Time) func(Status) bool {
	return func(s Status) bool {
		return !slices.ContainsFunc(s.Mailboxes, func(b MailboxStatus) bool { return !b.SucceededAt.After(at) })
	}
}

// oneMailbox returns the cluster's mailbox helpdesk, which is polled once a minute.
func (c *cluster) oneMailbox() []Mailbox {
	c.mailbox.Schedule = interval(time.Minute)
	c.maildrops.SetPassword(helpdesk, pop3test.DefaultPassword)
	return []Mailbox{c.mailbox}
}

func TestADaemonStartsWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	proxy := storetest.NewProxy(t, c.url)
	proxy.Refuse()
	c.mail()
	m := c.join(c.oneMailbox(), func(o *Options) {
		o.Open = func(ctx context.Context) (*store.Store, error) { return c.openAt(ctx, proxy.URL) }
	})
	m.until(t, "the daemon is live and not ready", isUnready)
	if s := m.Status(); s.Database.Cause != CauseDatabase || s.Mailboxes[0].State != Standby {
		t.Errorf("the status is %+v", s)
	}
	storetest.Until(t, "the daemon waits before it tries again", func() bool { return m.view.timersBegun() > 0 })
	proxy.Pass()
	c.setForward(maxOpenWait)
	c.first(m)
	m.until(t, "the daemon is ready", isReady)
	c.tickUntil(m, "the mailbox has been polled", isEachPolledSince(time.Time{}))
	c.wantEachOnce(1)
	if n := c.logged.FilterMessage("database unreachable").Len(); n != 1 {
		t.Errorf("the outage was logged %d times, want once", n)
	}
}

func TestAStoreThatCannotBeOpenedEndsRun(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), func(o *Options) {
		o.Open = func(context.Context) (*store.Store, error) { return nil, store.ErrSchemaNewer }
	})
	if err := <-m.ended; !errors.Is(err, store.ErrSchemaNewer) {
		t.Errorf("Run returned %v", err)
	}
	m.ended <- nil
}

func TestAnOutageOfTheDatabaseCostsPollsOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		away func(*member)
	}{
		{"a database that refuses connections", func(m *member) { m.proxy.Refuse() }},
		{"a database that never answers", (*member).silenceDatabase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, pop3test.Options{})
			m := c.join(c.oneMailbox(), nil)
			c.first(m)
			tt.away(m)
			c.mail()
			c.setForward(beatEvery)
			m.until(t, "the daemon is not ready", isUnready)
			if s := m.Status(); !s.Mailboxes[0].Held {
				t.Error("the first beat that fails takes the lease away")
			}
			c.setForward(2 * leaseTime)
			m.until(t, "the lease has run out", func(s Status) bool { return s.Mailboxes[0].State == Standby })
			m.answer()
			c.tickUntil(m, "the daemon is ready", isReady)
			c.tickUntil(m, "the message is recorded", func(Status) bool { return c.maildrops.Count(helpdesk) == 0 })
			c.wantEachOnce(1)
			if n := c.logged.FilterMessage("database unreachable").Len(); n != 1 {
				t.Errorf("the outage was logged %d times, want once", n)
			}
		})
	}
}

// TestNoSessionBeginsWhileTheDatabaseIsDown counts log-ins to mailboxes that are polled every 5 s, while their leases last.
func TestNoSessionBeginsWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		away func(*member)
	}{
		{"a database that refuses connections", func(m *member) { m.proxy.Refuse() }},
		{"a database that never answers", (*member).silenceDatabase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, pop3test.Options{})
			mailboxes := c.mailboxes(3)
			for i := range mailboxes {
				mailboxes[i].Schedule = interval(beatEvery)
			}
			m := c.join(mailboxes, nil)
			c.first(m)
			c.tickUntil(m, "each mailbox is polled", isEachPolledSince(time.Time{}))
			tt.away(m)
			c.setForward(beatEvery)
			m.until(t, "the daemon is not ready", isUnready)
			c.settle(c.members)
			c.forgetLogIns()
			for range 4 {
				c.setForward(beatEvery)
				c.settle(c.members)
			}
			if s := m.Status().Mailboxes[0]; !s.Held || s.State != Paused || s.Err != nil {
				t.Errorf("the status is %+v, want a mailbox that is paused", s)
			}
			back := c.clock.now()
			m.answer()
			c.tickUntil(m, "each mailbox is polled", isEachPolledSince(back))
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, l := range c.logIns {
				if l.at.Before(back) {
					t.Errorf("%s was polled %s before the database came back", l.mailbox, back.Sub(l.at))
				}
			}
		})
	}
}

func TestASchemaThatDoesNotFitEndsPollsUntilItFits(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), nil)
	c.first(m)
	c.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	c.pass(beatEvery)
	s := m.Status()
	if s.Ready || !s.Live || s.Database.Cause != CauseSchema || s.Mailboxes[0].State != Standby {
		t.Errorf("the status is %+v", s)
	}
	c.mail()
	c.forgetLogIns()
	c.pass(2 * time.Minute)
	if n := c.logInsOf(0); n != 0 {
		t.Errorf("%d polls with a schema of another version", n)
	}
	if n := c.logged.FilterMessage("schema does not fit").Len(); n != 1 {
		t.Errorf("logged %d times, want once", n)
	}
	c.exec(`DELETE FROM goose_db_version WHERE version_id = 9999`)
	c.pass(2 * beatEvery)
	m.until(t, "the daemon is ready", isReady)
	c.pass(time.Minute)
	c.wantEachOnce(1)
}

func TestADatabaseThatIsReadOnlyIsWaitedFor(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), nil)
	c.first(m)
	c.exec(`CREATE FUNCTION read_only() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE 'cannot execute INSERT in a read-only transaction' USING ERRCODE = '25006'; END $$;
		CREATE TRIGGER read_only BEFORE INSERT ON daemon FOR EACH STATEMENT EXECUTE FUNCTION read_only()`)
	c.pass(beatEvery)
	if s := m.Status(); s.Ready || s.Database.Cause != CauseDatabase {
		t.Errorf("the status is %+v", s)
	}
	c.exec(`DROP TRIGGER read_only ON daemon`)
	c.mail()
	c.pass(time.Minute + beatEvery)
	m.until(t, "the daemon is ready", isReady)
	c.wantEachOnce(1)
}

// exec changes the database behind the daemons' back.
func (c *cluster) exec(sql string) {
	c.Helper()
	if _, err := c.rows.Exec(c.Context(), sql); err != nil {
		c.Fatal(err)
	}
}

func TestAnOutageIsToldAgainAtGrowingIntervals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	began := now
	w.options.Now = func() time.Time { return now }
	d := w.daemon()
	d.noteDatabase(nil)
	for now.Sub(began) <= 50*time.Hour {
		d.noteDatabase(store.ErrUnavailable)
		now = now.Add(beatEvery)
	}
	d.noteDatabase(nil)
	if n := w.logged.FilterMessage("database unreachable").Len(); n != 1 {
		t.Errorf("the beginning was logged %d times", n)
	}
	var told []time.Duration
	for _, line := range w.logged.FilterMessage("database outage").All() {
		fields := line.ContextMap()
		if line.Level != zap.ErrorLevel || fields["since"] != began || fields["hint"] == "" || fields["mail"] == "" {
			t.Errorf("logged at %s: %v", line.Level, fields)
		}
		told = append(told, fields["lasts"].(time.Duration))
	}
	want := []time.Duration{beatEvery, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 48 * time.Hour}
	if !slices.Equal(told, want) {
		t.Errorf("the outage was told after %v, want %v", told, want)
	}
	end := w.logged.FilterMessage("database usable").All()
	if len(end) != 1 || end[0].ContextMap()["after"] != 50*time.Hour+beatEvery || end[0].ContextMap()[OutageEnded] != true {
		t.Errorf("the end was logged as %v", end)
	}
}

func TestAShortOutageIsNoError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	w.options.Now = func() time.Time { return now }
	d := w.daemon()
	for _, err := range []error{nil, store.ErrUnavailable, nil} {
		d.noteDatabase(err)
		now = now.Add(beatEvery)
	}
	for _, line := range w.logged.All() {
		if line.Level > zap.WarnLevel || line.ContextMap()[OutageEnded] == true {
			t.Errorf("logged at %s: %s", line.Level, line.Message)
		}
	}
	if n := w.logged.FilterMessage("database usable").Len(); n != 1 {
		t.Errorf("the end was logged %d times", n)
	}
}

func TestAfterALongSilenceAnOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	var o outage
	if !o.isDue(25*time.Hour) || o.isDue(25*time.Hour) || o.isDue(47*time.Hour) || !o.isDue(48*time.Hour) {
		t.Error("a host that slept for a day does not tell the outage once")
	}
}

// TestAPollThatWaitsForItsTurnBeginsNoSessionWithoutTheDatabase holds the only slot until the daemon knows of the outage.
func TestAPollThatWaitsForItsTurnBeginsNoSessionWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	mailboxes := c.oneMailbox()
	c.mail()
	m := c.join(mailboxes, func(o *Options) { o.MaxPolls = 1 })
	place, err := m.sessionSlots.acquire(t.Context(), "another server")
	if err != nil {
		t.Fatal(err)
	}
	m.until(t, "the poll waits for its turn", func(s Status) bool { return s.Mailboxes[0].State == Queued || s.Mailboxes[0].Totals.Polls > 0 })
	before := c.logInsOf(0) // the poll may have been faster than this test
	storetest.Until(t, "the daemon has beaten", func() bool { return m.view.waits() > 0 })
	m.proxy.Refuse()
	c.setForward(beatEvery)
	m.until(t, "the daemon is not ready", isUnready)
	place.release()
	m.until(t, "the poll has ended", func(s Status) bool { return s.Mailboxes[0].Totals.Polls > 0 })
	if n := c.logInsOf(0) - before; n != 0 {
		t.Errorf("it has logged in %d times", n)
	}
	if s := m.Status().Mailboxes[0]; s.Err != nil || s.Failures != 0 {
		t.Errorf("the status is %+v, want no failure of the mailbox", s)
	}
	m.proxy.Pass()
	c.pass(2 * beatEvery)
	c.wantEachOnce(1)
}
