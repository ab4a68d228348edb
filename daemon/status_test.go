package daemon

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestStatusCountsAndAddsUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), nil)
	c.first(m)
	for range 3 {
		c.mail()
	}
	c.maildrops.At("RETR 2").Times(1).Reply("-ERR [SYS/TEMP] not now")
	c.pass(time.Minute)
	s := m.Status()
	b := s.Mailboxes[0]
	if b.Backlog != 1 || b.Last.Failed != 1 || b.Totals.Opened != 2 || b.Cause != CauseNone || b.SucceededAt != b.PolledAt {
		t.Errorf("the status of the mailbox is %+v, want two messages opened and one left", b)
	}
	if s.Totals != b.Totals || s.Totals.Unaccounted != 0 {
		t.Errorf("the totals are %+v, want those of the only mailbox", s.Totals)
	}
	c.tick(c.running()) // the poll may have ended after the last beat, and each beat reports the polls before it
	if n := c.count(`SELECT backlog FROM lease`); n != 1 {
		t.Errorf("the database has a backlog of %d, want 1", n)
	}
	c.pass(time.Minute)
	if b := m.Status().Mailboxes[0]; b.Backlog != 0 {
		t.Errorf("the backlog is %d after everything was recorded", b.Backlog)
	}
}

func TestStatusTellsTheCauseOfAFailure(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	mailboxes := c.oneMailbox()
	mailboxes[0].Account.Password = "not it"
	m := c.join(mailboxes, nil)
	c.first(m)
	b := m.Status().Mailboxes[0]
	if b.Cause != CauseLogin || b.Failures != 1 || b.Since.IsZero() || !b.SucceededAt.IsZero() || m.Status().Totals.FailedPolls != 1 {
		t.Errorf("the status is %+v", b)
	}
	c.pass(2 * beatEvery)
	if n := c.count(`SELECT count(*) FROM lease WHERE cause = 'login' AND problem LIKE '%refused the user name or password%' AND problem_since IS NOT NULL`); n != 1 {
		t.Error("the database does not tell what is wrong with the mailbox")
	}
}

// TestStatusNeverWaits reads the status while a poll and the database hang, from several goroutines.
func TestStatusNeverWaits(t *testing.T) {
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
	storetest.Until(t, "the daemon has beaten", func() bool { return m.view.waits() > 0 })
	m.proxy.SilenceAtFrontend(1)
	c.setForward(beatEvery)
	storetest.Until(t, "the database hangs", m.proxy.Silent)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				if s := m.Status(); !s.Live || s.Mailboxes[0].State != Polling {
					t.Errorf("the status is %+v, want a poll under way", s)
					return
				}
			}
		})
	}
	readers.Wait()
	m.proxy.Pass()
	close(goOn)
}

func TestAPollThatDoesNotAddUpIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.daemon()
	d.workers[0].log.pollDoesNotAddUp(Report{Listed: 3, Opened: 1}, Report{Listed: 3, Opened: 1}.Unaccounted())
	lines := w.logged.FilterMessage("poll does not add up").All()
	if len(lines) != 1 || lines[0].ContextMap()["unaccounted"] != int64(2) {
		t.Errorf("logged %v", lines)
	}
}

func TestStatusTellsWhereAMailboxIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.Account.Server, w.mailbox.Account.Port = "Mail.Example.COM", 995
	w.mailbox.Tenant, w.mailbox.ConfigurationXML = "login.example.com/contoso", []byte("<MailIntegration/>")
	m := w.daemon().Status().Mailboxes[0]
	if m.Server != "mail.example.com:995" || m.Tenant != w.mailbox.Tenant || string(m.ConfigurationXML) != "<MailIntegration/>" {
		t.Errorf("the status is %+v", m)
	}
}

func TestStatusNamesBrokenFilesUntilTheyAreCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	w.options.Now = func() time.Time { return now }
	d := w.daemon()
	one := ConfigurationProblem{File: "/etc/one.xml", Mailbox: "one", Mistakes: []string{"/etc/one.xml:3:2: Port: x is not a port (1–65535)"}}
	d.NoteConfiguration([]ConfigurationProblem{one})
	before := d.Status()
	began := now
	now = now.Add(time.Hour)
	other := ConfigurationProblem{File: "/etc/service.xml", Mistakes: []string{"/etc/service.xml: cannot be read"}, Polled: true}
	d.NoteConfiguration([]ConfigurationProblem{one, other})
	one.Since, other.Since = began, now
	if diff := cmp.Diff([]ConfigurationProblem{one, other}, d.Status().Configuration); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]ConfigurationProblem{one}, before.Configuration); diff != "" {
		t.Errorf("an earlier status has changed: %s", diff)
	}
	d.NoteConfiguration(nil)
	if left := d.Status().Configuration; len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestStatusTellsWhenTheServersCertificateEnds(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{TLS: pop3test.STLS, Certificate: pop3test.Certificate{NotAfter: 48 * time.Hour}})
	w.maildrops.SetPassword(helpdesk, pop3test.DefaultPassword)
	w.mailbox.Account.Security, w.mailbox.Account.Roots = mailbox.StartTLS, w.maildrops.Roots()
	d := w.daemon()
	ends := func() time.Time { return d.Status().Mailboxes[0].CertificateExpires }
	if at := ends(); !at.IsZero() {
		t.Errorf("before the first session the certificate ends at %s", at)
	}
	if r, err := d.Once(t.Context()); err != nil || r[0].Err != nil {
		t.Fatal(r, err)
	}
	if left := time.Until(ends()); left < 47*time.Hour || left > 48*time.Hour {
		t.Errorf("the certificate ends in %s, want almost 48 h", left)
	}
	plain := w.mailbox
	plain.Account.Port++
	if _, err := d.Apply(Settings{Mailboxes: []Mailbox{plain}}); err != nil {
		t.Fatal(err)
	}
	if at := ends(); !at.IsZero() {
		t.Errorf("the certificate of another server ends at %s", at)
	}
}

func TestAMailboxIsSilentOnlyWhileNothingElseIsWrong(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	lastMail := now.Add(-72 * time.Hour)
	for _, tt := range []struct {
		name   string
		change func(*worker)
		want   time.Time
	}{
		{"polls that go well", func(*worker) {}, lastMail},
		{"no poll yet", func(w *worker) { w.succeededAt = time.Time{} }, time.Time{}},
		{"a failing poll", func(w *worker) { w.err = store.ErrUnavailable }, time.Time{}},
		{"a backlog", func(w *worker) { w.backlog = 1 }, time.Time{}},
		{"a mailbox of another daemon", func(w *worker) { w.loseLease() }, time.Time{}},
		{"mail again", func(w *worker) { w.setLease(store.Lease{Held: true, Until: now.Add(leaseTime)}) }, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := New(Options{
				Mailboxes: []Mailbox{{Name: helpdesk, Schedule: interval(time.Minute)}}, Now: func() time.Time { return now },
				Open: func(context.Context) (*store.Store, error) { return nil, store.ErrUnavailable },
			})
			if err != nil {
				t.Fatal(err)
			}
			w := d.workers[0]
			w.setLease(store.Lease{Held: true, Until: now.Add(leaseTime), SilentSince: lastMail})
			w.succeededAt = now
			tt.change(w)
			if got := d.Status().Mailboxes[0].SilentSince; got != tt.want {
				t.Errorf("silent since %s, want %s", got, tt.want)
			}
		})
	}
}
