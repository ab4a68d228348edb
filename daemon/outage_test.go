package daemon

import (
	"context"
	"errors"
	"testing"
	"time"

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
	proxy.Pass()
	c.setForward(maxOpenWait)
	c.first(m)
	m.until(t, "the daemon is ready", isReady)
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
		away func(*storetest.Proxy)
	}{
		{"a database that refuses connections", (*storetest.Proxy).Refuse},
		{"a database that never answers", func(p *storetest.Proxy) { p.SilenceAtFrontend(1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, pop3test.Options{})
			m := c.join(c.oneMailbox(), func(o *Options) { o.beatTime = 2 * time.Second })
			c.first(m)
			tt.away(m.proxy)
			c.mail()
			c.setForward(beatEvery)
			m.until(t, "the daemon is not ready", isUnready)
			if s := m.Status(); !s.Mailboxes[0].Held {
				t.Error("the first beat that fails takes the lease away")
			}
			c.setForward(2 * leaseTime)
			m.until(t, "the lease has run out", func(s Status) bool { return s.Mailboxes[0].State == Standby })
			m.proxy.Pass()
			for range 4 { // a beat that waits for the silent database may come first
				c.setForward(2 * beatEvery)
				storetest.Until(t, "a beat has ended", func() bool { return m.Status().Database.Err == nil || m.view.waits() > 0 })
			}
			m.until(t, "the daemon is ready", isReady)
			storetest.Until(t, "the message is recorded", func() bool {
				c.setForward(time.Second)
				return c.maildrops.Count(helpdesk) == 0
			})
			c.wantEachOnce(1)
			if n := c.logged.FilterMessage("database unreachable").Len(); n != 1 {
				t.Errorf("the outage was logged %d times, want once", n)
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
