package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// reporting has a daemon report troubles.
func reporting(o *Options) { o.EventNames = []processor.Names{{Team: "IT", Login: "daemon"}} }

// newReporting returns a cluster of one or two daemons that report troubles, with n mailboxes of one server, after they have
// polled for the first time.
func newReporting(t *testing.T, daemons, n int) (*cluster, *plug) {
	t.Helper()
	c := newCluster(t, pop3test.Options{})
	p := &plug{}
	all := c.mailboxes(n)
	for i := range all {
		all[i].Account.Dial = p.between(all[i].Account.Dial)
		all[i].ConfigurationXML = []byte("<MailIntegration><Name>" + all[i].Name + "</Name></MailIntegration>")
	}
	for range daemons {
		c.first(c.join(all, reporting))
	}
	c.pass(4 * beatEvery) // everybody has a share
	return c, p
}

type dialing = func(ctx context.Context, network, address string) (net.Conn, error)

// plug is the plug of a mail server.
type plug struct{ isPulled atomic.Bool }

func (p *plug) between(dial dialing) dialing {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if p.isPulled.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, address)
	}
}

func (p *plug) pull() { p.isPulled.Store(true) }
func (p *plug) put()  { p.isPulled.Store(false) }

// events returns the events, oldest first, in words: "state: subject, n activities".
func (c *cluster) events() (lines []string) {
	c.Helper()
	for _, e := range c.eventDetails() {
		lines = append(lines, fmt.Sprintf("%s: %s, %d activities", e.State, e.Subject, len(e.Activities)))
	}
	return lines
}

// eventDetails returns the events, oldest first.
func (c *cluster) eventDetails() (all []store.RequestDetail) {
	c.Helper()
	list, err := c.store.Requests(c.Context(), store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}, Limit: 100})
	if err != nil {
		c.Fatal(err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		e, err := c.store.Request(c.Context(), list[i].Number)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// wantEvents fails the test unless there are these events; each starts with the given words.
func (c *cluster) wantEvents(want ...string) {
	c.Helper()
	got := c.events()
	if len(got) != len(want) {
		c.Fatalf("the events are %q, want %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			c.Errorf("event %d is %q, want %q", i+1, got[i], want[i])
		}
	}
}

func TestADeadServerWith200MailboxesOpensOneEventPerOutage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ daemons, mailboxes int }{{1, 20}, {2, 200}} { // 200 mailboxes make thousands of sessions
		t.Run(fmt.Sprint(tt.daemons), func(t *testing.T) {
			t.Parallel()
			c, server := newReporting(t, tt.daemons, tt.mailboxes)
			c.wantEvents()
			server.pull()
			c.pass(2 * time.Minute)
			c.wantEvents("new: Mail server " + c.mailbox.Account.Server)
			c.pass(5 * time.Minute)
			if n := c.count(`SELECT count(*) FROM problem_mailbox WHERE recovered_at IS NULL AND told`); n != tt.mailboxes {
				t.Errorf("the event and its activities name %d mailboxes, want %d", n, tt.mailboxes)
			}
			server.put()
			c.pass(7 * time.Minute)
			c.wantEvents("processed: Mail server")
			event := c.eventDetails()[0]
			if n := len(event.Attachments); n != 10 {
				t.Errorf("%d configurations are attached, want 10", n)
			}
			last := event.Activities[len(event.Activities)-1].Body
			if !strings.Contains(last, "This is over.") || !strings.Contains(last, fmt.Sprintf("(%d)", tt.mailboxes)) {
				t.Errorf("the last activity is %q", last)
			}
			c.reschedule(interval(20 * time.Minute)) // a minute would be 12,000 sessions in the hour
			c.passInSteps(time.Hour, longStep)
			c.reschedule(interval(time.Minute))
			server.pull()
			c.pass(2 * time.Minute)
			c.wantEvents("processed: Mail server", "new: Mail server")
		})
	}
}

func TestWhileATroubleLastsTheActivitiesBecomeRarer(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 1, 1)
	server.pull()
	for range 18 {
		if c.pass(lookEvery); len(c.events()) > 0 {
			break
		}
	}
	c.wantEvents("new: Mail server")
	activities := func() int { return len(c.eventDetails()[0].Activities) }
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{5*time.Minute + lookEvery, 1}, {10 * time.Minute, 2}, {45 * time.Minute, 3}} {
		c.pass(step.pass)
		if n := activities(); n != step.want {
			t.Errorf("after %s more there are %d activities, want %d", step.pass, n, step.want)
		}
	}
	last := c.eventDetails()[0].Activities[2].Body
	if !strings.Contains(last, "This lasts for 1 hour") {
		t.Errorf("the activity says %q", last)
	}
}

func TestATroubleThatTheFirstRetryOvercomesOpensNothing(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 1, 3)
	for range 3 {
		server.pull()
		storetest.Until(t, "a poll has failed", func() bool {
			c.tick(c.running())
			return c.members[0].Status().Mailboxes[0].Failures > 0
		})
		server.put()
		c.pass(2 * time.Minute)
	}
	c.wantEvents()
	if n := c.count(`SELECT count(*) FROM problem`); n != 0 {
		t.Errorf("%d problems", n)
	}
}

func TestATroubleThatComesAndGoesStaysOneEvent(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 1, 1)
	for range 6 {
		server.pull()
		c.pass(2 * time.Minute)
		server.put()
		c.pass(3 * time.Minute)
	}
	c.wantEvents("processed: Mail server", "processed: Mail server", "new: Mail server")
	flapping := c.eventDetails()[2]
	if !strings.Contains(flapping.Body, "it has begun 3 times within an hour (see event 1, 2)") {
		t.Errorf("the event says %q", flapping.Body)
	}
	c.pass(time.Hour)
	c.wantEvents("processed: Mail server", "processed: Mail server", "processed: Mail server")
	flapping = c.eventDetails()[2]
	if last := flapping.Activities[len(flapping.Activities)-1].Body; !strings.Contains(last, "it had begun 6 times") {
		t.Errorf("the last activity is %q", last)
	}
}

func TestADaemonThatDiedLeavesItsProblemsToWhoeverTakesTheMailboxes(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 2, 4)
	server.pull()
	c.pass(2 * time.Minute)
	c.wantEvents("new: Mail server")
	c.members[0].die()
	c.pass(2 * time.Minute)
	c.wantEvents("new: Mail server")
	server.put()
	c.pass(7 * time.Minute)
	c.wantEvents("processed: Mail server")
}

func TestAProblemOfAnEarlierRunIsClosedOrGoesOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		put  bool
		want string
	}{
		{"it is closed when the mailbox can be read", true, "processed: Mail server"},
		{"it goes on with the same event", false, "new: Mail server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, server := newReporting(t, 1, 2)
			server.pull()
			c.pass(2 * time.Minute)
			c.wantEvents("new: Mail server")
			if err := c.members[0].leave(); err != nil {
				t.Fatal(err)
			}
			c.setForward(2 * time.Hour)
			if tt.put {
				server.put()
			}
			c.first(c.join(c.members[0].options().Mailboxes, reporting))
			c.pass(20 * time.Minute)
			c.wantEvents(tt.want)
		})
	}
}

func TestAMailboxThatNoDaemonPollsAnyMoreLeavesItsProblem(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 1, 2)
	server.pull()
	c.pass(2 * time.Minute)
	m := c.members[0]
	if _, err := m.Apply(Settings{Mailboxes: m.options().Mailboxes[:1]}); err != nil {
		t.Fatal(err)
	}
	c.pass(10 * time.Minute)
	affected := func() int { return c.count(`SELECT count(*) FROM problem_mailbox WHERE recovered_at IS NULL`) }
	if n := affected(); n != 2 {
		t.Errorf("after ten minutes the problem has %d mailboxes, want 2", n)
	}
	c.pass(10 * time.Minute)
	if n := affected(); n != 1 {
		t.Errorf("after twenty minutes the problem has %d mailboxes, want 1", n)
	}
	if _, err := m.Apply(Settings{}); err != nil {
		t.Fatal(err)
	}
	c.pass(20 * time.Minute)
	c.wantEvents("processed: Mail server")
	activities := c.eventDetails()[0].Activities
	if last := activities[len(activities)-1].Body; !strings.Contains(last, "It began on") {
		t.Errorf("the last activity is %q", last)
	}
}

func TestMailboxesThatJoinAreNamedTogetherInOneActivity(t *testing.T) {
	t.Parallel()
	c, _ := newReporting(t, 1, 1)
	m, all := c.members[0], c.mailboxes(6)
	first, second := &plug{}, &plug{}
	for i := range all {
		all[i].Account.Dial = map[bool]*plug{true: first, false: second}[i < 2].between(all[i].Account.Dial)
	}
	if _, err := m.Apply(Settings{Mailboxes: c.recording(0, all)}); err != nil {
		t.Fatal(err)
	}
	c.pass(2 * time.Minute)
	first.pull()
	c.pass(20 * time.Minute) // the activities after 5 and 15 minutes
	before := len(c.eventDetails()[0].Activities)
	second.pull()
	c.pass(10 * time.Minute)
	activities := c.eventDetails()[0].Activities
	if len(activities) != before+1 || !strings.Contains(activities[before].Body, "Also affected since the last entry:\nm02, m03, m04, m05\n") {
		t.Errorf("the activities are %d and then %+v", before, activities[before:])
	}
	c.wantEvents("new: Mail server")
}

func TestAnOutageOfTheDatabaseIsOneEventForAllDaemons(t *testing.T) {
	t.Parallel()
	c, server := newReporting(t, 2, 2)
	server.pull() // another trouble, which begins before
	c.pass(2 * time.Minute)
	c.wantEvents("new: Mail server")
	for _, m := range c.members {
		m.proxy.Refuse()
	}
	c.pass(3 * time.Minute)
	for _, m := range c.members {
		m.proxy.Pass()
	}
	c.pass(time.Minute)
	c.wantEvents("new: Mail server", "processed: The database could not be used for 3 minutes")
	outage := c.eventDetails()[1]
	for _, part := range []string{"From 20", "Nothing was lost.", "What to do:\n1. "} {
		if !strings.Contains(outage.Body, part) {
			t.Errorf("the event does not say %q:\n%s", part, outage.Body)
		}
	}
	server.put()
	c.pass(10 * time.Minute)
	c.wantEvents("processed: Mail server", "processed: The database")
}

func TestAnOutageThatTheNextBeatOvercomesIsNotReported(t *testing.T) {
	t.Parallel()
	c, _ := newReporting(t, 1, 1)
	for range 3 {
		c.members[0].proxy.Refuse()
		c.tick(c.running())
		c.reconnect(c.members[0])
		c.pass(time.Minute)
	}
	c.wantEvents()
}

// reconnect gives a daemon its database back. The pool asks whether a connection works only if nobody has used it for a second of
// real time, in which a test lets many beats pass: so the next beat might get one that was cut.
func (c *cluster) reconnect(m *member) {
	c.Helper()
	m.proxy.Pass()
	storetest.Until(c, "a connection works", func() bool { return m.options().Store.Ping(c.Context()) == nil })
}

// TestADayOfNormalWorkReportsNothing restarts each part once: the mail server, the database, one of two daemons. Mail comes all
// day, and a mailbox stays empty.
func TestADayOfNormalWorkReportsNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	server, all := &plug{}, c.mailboxes(2)
	for i := range all {
		all[i].Schedule = interval(5 * time.Minute)
		all[i].Account.Dial = server.between(all[i].Account.Dial)
	}
	c.first(c.join(all, reporting))
	c.first(c.join(all, reporting))
	mails := 0
	for hour := range 24 {
		mails++
		c.maildrops.Add(all[0].Name, []byte(shortMail(mails)))
		switch hour {
		case 3: // the mail server is away for one beat
			server.pull()
			c.tick(c.running())
			server.put()
		case 9: // so is the database
			for _, m := range c.members[:2] {
				m.proxy.Refuse()
			}
			c.tick(c.running())
			for _, m := range c.members[:2] {
				c.reconnect(m)
			}
			c.tick(c.running()) // the daemons know that it is back, before a long step lets the diagnosis look
		case 15:
			if err := c.members[0].leave(); err != nil {
				t.Fatal(err)
			}
			c.first(c.join(all, reporting))
		}
		c.passInSteps(time.Hour, longStep)
	}
	c.wantEvents()
	if n := c.count(`SELECT count(*) FROM receipt`); n != mails {
		t.Errorf("%d of %d messages are recorded", n, mails)
	}
	if n := c.count(`SELECT (SELECT count(*) FROM problem) + (SELECT count(*) FROM activity)`); n != 0 {
		t.Errorf("%d problems and activities", n)
	}
}

// reschedule gives all mailboxes another schedule, at all daemons.
func (c *cluster) reschedule(schedule cron.Schedule) {
	c.Helper()
	for _, m := range c.members {
		all := slices.Clone(m.options().Mailboxes)
		for i := range all {
			all[i].Schedule, all[i].Revision = schedule, fmt.Sprint(c.clock.now())
		}
		if _, err := m.Apply(Settings{Mailboxes: all}); err != nil {
			c.Fatal(err)
		}
	}
}

// longStep is longer than the time between two beats and between two looks of the diagnosis, and shorter than a lease.
const longStep = 20 * time.Second

// passInSteps lets the time pass, and the daemons beat only once a step.
func (c *cluster) passInSteps(d, step time.Duration) {
	c.Helper()
	for ; d > 0; d -= step {
		c.step(c.running(), step)
	}
}

// TestADaemonThatStartsWithoutItsAttachmentDirectoryOpensAnEvent starts a daemon on a machine whose share is not mounted.
func TestADaemonThatStartsWithoutItsAttachmentDirectoryOpensAnEvent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	away := c.attachments + ".away"
	if err := os.Rename(c.attachments, away); err != nil {
		t.Fatal(err)
	}
	var attempts atomic.Int64
	m := c.join(c.mailboxes(1), func(o *Options) {
		reporting(o)
		open := o.Open
		o.Open = func(ctx context.Context) (*store.Store, error) {
			attempts.Add(1)
			return open(ctx)
		}
		o.OpenWithoutFiles = func(ctx context.Context) (*store.Store, error) {
			return store.Open(ctx, store.Options{
				URL: c.url + "&search_path=clock,pg_catalog,public", AttachmentDirectory: c.attachments, Now: c.clock.now, WithoutFiles: true,
			})
		}
	})
	tryAgain := func() {
		storetest.Until(t, "the daemon waits before it tries again", func() bool { return m.view.timersBegun() == attempts.Load() })
		c.setForward(maxOpenWait)
	}
	m.until(t, "the daemon waits for the share", isUnready)
	for len(c.events()) == 0 {
		before := attempts.Load()
		tryAgain()
		storetest.Until(t, "the daemon has tried again", func() bool { return attempts.Load() > before })
	}
	c.wantEvents("new: Attachment directory " + c.attachments)
	if err := os.Rename(away, c.attachments); err != nil {
		t.Fatal(err)
	}
	tryAgain()
	c.first(m)
	c.pass(2 * problemForgotten)
	c.wantEvents("processed: Attachment directory " + c.attachments)
}

// TestADiagnosisThatWaitsForTheDatabaseDelaysNeitherPollsNorTheStop locks the table that only the diagnosis needs.
func TestADiagnosisThatWaitsForTheDatabaseDelaysNeitherPollsNorTheStop(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	server, all := &plug{}, c.mailboxes(2)
	all[0].Account.Dial = server.between(all[0].Account.Dial)
	m := c.join(all, reporting)
	c.first(m)
	lock, err := c.rows.Begin(t.Context())
	if err == nil {
		_, err = lock.Exec(t.Context(), `LOCK TABLE problem IN ACCESS EXCLUSIVE MODE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	server.pull()
	storetest.Until(t, "the diagnosis waits for the lock", func() bool {
		c.setForward(beatEvery)
		return c.count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'problem'::regclass`) > 0
	})
	polls := func() int { return m.Status().Mailboxes[1].Totals.Polls }
	before := polls()
	storetest.Until(t, "the other mailbox is polled", func() bool {
		c.setForward(beatEvery)
		return polls() > before+2
	})
	if err := m.leave(); err != nil {
		t.Error(err)
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.wantEvents()
}

func TestSingleRunsReportATroubleAndItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	c := &cluster{world: w}
	server := &plug{}
	w.mailbox.Account.Dial = server.between(w.mailbox.Account.Dial)
	reporting(&w.options)
	server.pull()
	w.poll()
	c.wantEvents()
	for range 3 {
		w.poll()
		c.wantEvents("new: Mail server")
	}
	server.put()
	w.pollUntilGood()
	c.wantEvents("processed: Mail server")
	w.pollUntilGood()
	if n := w.count(`SELECT count(*) FROM activity`); n != 1 {
		t.Errorf("%d activities, want the last one", n)
	}
}

// TestAFailureThatASingleRunHasNotedItselfIsNotOneOfAnEarlierRun has a database that takes 3 s to say since when the mailbox fails: a
// second after the run began, as a beat of this run has noted.
func TestAFailureThatASingleRunHasNotedItselfIsNotOneOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	w.poll() // makes the rows
	started, looks := time.Now(), 0
	w.options.Now = func() time.Time {
		looks++
		return started.Add(time.Duration(looks) * 3 * time.Second)
	}
	g := newDiagnosis(w.daemon(), w.options.holder)
	for ago, confirmed := range map[string]bool{"2 seconds": false, "1 hour": true} {
		w.exec(`UPDATE lease SET problem = 'no', cause = 'connection', problem_since = now() - $1::text::interval`, ago)
		seen := []sighting{{mailbox: helpdesk}}
		if err := g.confirm(t.Context(), seen, started); err != nil || seen[0].confirmed != confirmed {
			t.Errorf("a failure since %s before the answer is one of an earlier run: %t, want %t (%v)", ago, seen[0].confirmed, confirmed, err)
		}
	}
}

func TestASingleRunReportsAMistakeInAFileAndItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withEmptyMaildrop()
	c := &cluster{world: w}
	reporting(&w.options)
	w.mailbox.File = "/etc/helpdesk.xml"
	d := w.daemon()
	d.NoteConfiguration([]ConfigurationProblem{{File: "/etc/helpdesk.xml", Mailbox: helpdesk, Mistakes: []string{"Port: many"}, Since: time.Now()}})
	once(t, d)
	c.wantEvents("new: Mistake in the configuration file /etc/helpdesk.xml")
	w.poll()
	c.wantEvents("processed: Mistake in the configuration file")
}

func TestADatabaseThatComesAndGoesOpensThreeEventsAtMost(t *testing.T) {
	t.Parallel()
	c, _ := newReporting(t, 1, 1)
	for range 5 {
		c.members[0].proxy.Refuse()
		c.pass(time.Minute)
		c.members[0].proxy.Pass()
		c.pass(2 * time.Minute)
	}
	const outage = "processed: The database could not be used for 1 minute"
	c.wantEvents(outage, outage, outage)
	last := c.eventDetails()[2]
	if !strings.Contains(last.Body, "comes and goes") || len(last.Activities) != 2 {
		t.Errorf("the last event has %d activities and says %q", len(last.Activities), last.Body)
	}
}
