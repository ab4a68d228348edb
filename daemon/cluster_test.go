package daemon

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// cluster is a few daemons on one database, with a clock that the test sets forward, for the daemons and the database
// together.
type cluster struct {
	*world
	clock   *setClock
	members []*member
	url     string // of the database

	mu     sync.Mutex
	logIns []logIn
}

// logIn is one connection to the mail server.
type logIn struct {
	mailbox string
	member  int
	at      time.Time // by the cluster's clock
}

// member is one daemon of a cluster, with a connection to the database of its own.
type member struct {
	*Daemon
	proxy *storetest.Proxy
	view  *clockView
	stop  context.CancelFunc
	ended chan error // receives what Run returns
}

// slowness is how many times slower the clocks of a cluster go than real ones. They stand almost still, so that neither a beat nor
// a poll comes by itself, however busy the machine is.
const slowness = 1000

// databaseClock gives the database a slow clock that a test can set forward: now() of the search path.
const databaseClock = `CREATE SCHEMA clock; CREATE TABLE clock.ahead (by interval NOT NULL, began timestamptz NOT NULL);
	INSERT INTO clock.ahead VALUES ('0', '%s');
	CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS
		'SELECT began + (pg_catalog.now() - began) / %d + by FROM clock.ahead'`

// newCluster returns a cluster without daemons. The maildrops of its mailboxes are empty.
func newCluster(t *testing.T, o pop3test.Options) *cluster {
	t.Helper()
	c := &cluster{}
	w := newWorldVia(t, func(url string) string {
		c.url = url
		return url
	})
	w.maildrops = pop3test.Run(t, o)
	w.mailbox = w.newMailbox(helpdesk, w.maildrops)
	c.world, c.clock = w, &setClock{began: time.Now(), changed: make(chan struct{})}
	if _, err := w.rows.Exec(t.Context(), fmt.Sprintf(databaseClock, c.clock.began.Format(time.RFC3339Nano), slowness)); err != nil {
		t.Fatal(err)
	}
	return c
}

// mailboxes returns n mailboxes that are polled once a minute.
func (c *cluster) mailboxes(n int) []Mailbox {
	var all []Mailbox
	for i := range n {
		m := c.newMailbox(fmt.Sprintf("m%02d", i), c.maildrops)
		c.maildrops.SetPassword(m.Name, pop3test.DefaultPassword)
		m.Schedule = interval(time.Minute)
		all = append(all, m)
	}
	return all
}

// join starts another daemon for these mailboxes, after prepare has changed its options.
func (c *cluster) join(mailboxes []Mailbox, prepare func(*Options)) *member {
	c.Helper()
	n := len(c.members)
	m := &member{proxy: storetest.NewProxy(c, c.url), view: newClockView(c.clock), ended: make(chan error, 1)}
	opts := patientOptions()
	opts.Logger, opts.Now, opts.Mailboxes = c.options.Logger.With(zap.Int("member", n)), c.clock.now, c.recording(n, mailboxes)
	opts.Open = func(ctx context.Context) (*store.Store, error) { return c.openAt(ctx, m.proxy.URL) }
	if prepare != nil {
		prepare(&opts)
	}
	d, err := New(opts)
	if err != nil {
		c.Fatal(err)
	}
	d.timer, d.alarm, m.Daemon = m.view.timer, m.view.alarm, d // before it runs
	ctx, stop := context.WithCancel(c.Context())
	m.stop = stop
	go func() { m.ended <- d.Run(ctx) }()
	c.Cleanup(func() {
		stop()
		m.view.resume()
		m.leave()
	})
	c.members = append(c.members, m)
	return m
}

// silenceDatabase lets the database answer nothing more, so that the next beat fails.
func (m *member) silenceDatabase() {
	m.proxy.SilenceAtFrontend(1)
	m.limitBeats(time.Millisecond)
}

// answer ends what silenceDatabase or Proxy.Refuse has begun.
func (m *member) answer() {
	m.limitBeats(patientOptions().beatTime)
	m.proxy.Pass()
}

// limitBeats sets how long a beat may take from the next one on.
func (m *member) limitBeats(to time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setOptions(func(o *Options) { o.beatTime = to })
}

// leave stops the daemon and waits for its end.
func (m *member) leave() error {
	m.stop()
	err := <-m.ended
	m.ended <- err
	return err
}

// die ends the daemon as SIGKILL would, for the others: it neither reports anything more nor gives its leases back.
func (m *member) die() {
	m.proxy.Refuse()
	m.leave()
}

// openAt opens a store with the cluster's clock.
func (c *cluster) openAt(ctx context.Context, url string) (*store.Store, error) {
	return store.Open(ctx, store.Options{
		URL: url + "&search_path=clock,pg_catalog,public", AttachmentDirectory: c.attachments, Now: c.clock.now,
	})
}

// recording returns mailboxes whose connections are noted with the member's number.
func (c *cluster) recording(n int, mailboxes []Mailbox) []Mailbox {
	all := slices.Clone(mailboxes)
	for i := range all {
		name, dial := all[i].Name, all[i].Account.Dial
		all[i].Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c.mu.Lock()
			c.logIns = append(c.logIns, logIn{name, n, c.clock.now()})
			c.mu.Unlock()
			return dial(ctx, network, address)
		}
	}
	return all
}

// pass lets the time pass, one beat after another, and waits each time until the daemons that run have beaten and the
// polls that were due have ended.
func (c *cluster) pass(d time.Duration) {
	c.Helper()
	for ; d > 0; d -= beatEvery {
		c.tick(c.running())
	}
}

// running returns the members that run and are not paused.
func (c *cluster) running() []*member {
	return slices.DeleteFunc(slices.Clone(c.members), func(m *member) bool { return len(m.ended) > 0 || m.view.isPaused() })
}

// tick lets the time of one beat pass.
func (c *cluster) tick(running []*member) {
	c.Helper()
	c.step(running, beatEvery)
}

// step lets the time of one beat or more pass, in which each daemon beats once.
func (c *cluster) step(running []*member, d time.Duration) {
	c.Helper()
	var beats []int
	for _, m := range running {
		beats = append(beats, m.view.waits())
	}
	c.setForward(d)
	for i, m := range running {
		storetest.Until(c, "a daemon has beaten", func() bool { return m.view.waits() > beats[i] || len(m.ended) > 0 })
	}
	c.settle(running)
}

// tickUntil lets the time of one beat pass after the other until a daemon's status is as it should be.
func (c *cluster) tickUntil(m *member, what string, is func(Status) bool) {
	c.Helper()
	for range 50 {
		if is(m.Status()) {
			return
		}
		c.tick(c.running())
	}
	c.Fatalf("fifty beats have passed in vain until %s: %+v", what, m.Status())
}

// setForward sets the clocks forward, the database's first.
func (c *cluster) setForward(d time.Duration) {
	c.Helper()
	if _, err := c.rows.Exec(c.Context(), `UPDATE clock.ahead SET by = by + $1::bigint * interval '1 ms'`, d.Milliseconds()); err != nil {
		c.Fatal(err)
	}
	c.clock.setForward(d)
}

// settle waits until no poll, no beat and no look of the diagnosis is due or under way. A beat may bring polls that are due, so it asks
// for the polls last.
func (c *cluster) settle(members []*member) {
	c.Helper()
	storetest.Until(c, "no beat is due, the diagnosis has looked, and the polls that are due have ended", func() bool {
		return !slices.ContainsFunc(members, (*member).isAtWork) && !slices.ContainsFunc(members, (*member).isPolling)
	})
}

// isAtWork reports whether a beat or a look of the diagnosis is due or under way.
func (m *member) isAtWork() bool {
	return (m.view.isLooking() || m.view.isBeating()) && len(m.ended) == 0
}

// isPolling reports whether a poll is due or under way.
func (m *member) isPolling() bool {
	s := m.Status()
	return slices.ContainsFunc(s.Mailboxes, func(b MailboxStatus) bool {
		return b.State != Standby && b.State != Paused && (b.State != Waiting || !b.NextPoll.After(s.At))
	})
}

// first waits until a daemon that was started has beaten, is ready, and has made the polls that were due.
func (c *cluster) first(m *member) {
	c.Helper()
	storetest.Until(c, "the daemon has beaten", func() bool { return m.view.waits() > 0 })
	c.tickUntil(m, "the daemon is ready", isReady)
	c.settle([]*member{m})
}

// loads returns how many mailboxes each member polls.
func (c *cluster) loads() (loads []int) {
	for _, m := range c.members {
		n := 0
		for _, b := range m.Status().Mailboxes {
			if b.Held {
				n++
			}
		}
		loads = append(loads, n)
	}
	return loads
}

// forgetLogIns forgets what was noted so far.
func (c *cluster) forgetLogIns() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logIns = nil
}

// gaps returns the times between the log-ins of each mailbox.
func (c *cluster) gaps() map[string][]time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, gaps := map[string]time.Time{}, map[string][]time.Duration{}
	for _, l := range c.logIns {
		if before, ok := last[l.mailbox]; ok {
			gaps[l.mailbox] = append(gaps[l.mailbox], l.at.Sub(before))
		}
		last[l.mailbox] = l.at
	}
	return gaps
}

// logInsOf returns how often a member has logged in.
func (c *cluster) logInsOf(member int) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.logIns {
		if l.member == member {
			n++
		}
	}
	return n
}

// setClock is a slow clock, set forward by a test.
type setClock struct {
	began   time.Time
	mu      sync.Mutex
	ahead   time.Duration
	changed chan struct{} // closed when the clock is set forward
}

func (c *setClock) now() time.Time {
	now, _ := c.read()
	return now
}

// read returns the time, and a channel that is closed when the clock is set forward.
func (c *setClock) read() (time.Time, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.began.Add(time.Since(c.began)/slowness + c.ahead), c.changed
}

func (c *setClock) setForward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	close(c.changed)
	c.changed = make(chan struct{})
}

// clockView is the clock as one daemon sees it: a paused one does not notice that its timers go off.
type clockView struct {
	*setClock
	mu     sync.Mutex
	timers int64
	beats  int
	waited time.Time     // when the daemon began to wait for its next beat, zero before the first
	looked time.Time     // when the diagnosis began to wait for its next look, zero if there is none
	paused chan struct{} // not nil while the daemon is paused; closed when it goes on
}

func newClockView(c *setClock) *clockView { return &clockView{setClock: c} }

// waits returns how often the daemon began to wait for its next beat.
func (v *clockView) waits() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.beats
}

// timersBegun returns how often a loop of the daemon began to wait for a time.
func (v *clockView) timersBegun() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.timers
}

func (v *clockView) pause() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paused = make(chan struct{})
}

func (v *clockView) resume() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.paused != nil {
		close(v.paused)
	}
	v.paused = nil
}

func (v *clockView) isPaused() bool { return v.pausing() != nil }

func (v *clockView) pausing() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.paused == nil {
		return nil
	}
	return v.paused
}

// note notes what the daemon begins to wait for, and when.
func (v *clockView) note(after time.Duration, began time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.timers++
	switch after {
	case beatEvery:
		v.beats++
		v.waited = began
	case lookEvery:
		v.looked = began
	}
}

// isLooking reports whether the diagnosis is due to look at the status, or does so.
func (v *clockView) isLooking() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.looked.IsZero() && !v.looked.Add(lookEvery).After(v.now())
}

// isBeating reports whether a beat is due or under way.
func (v *clockView) isBeating() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.waited.IsZero() && !v.waited.Add(beatEvery).After(v.now())
}

// timer takes the place of newTimer.
func (v *clockView) timer(after time.Duration) (<-chan time.Time, func() bool) {
	began, _ := v.read() // before the note, upon which a test sets the clock forward
	v.note(after, began)
	return v.alarm(began.Add(after))
}

// alarm takes the place of the daemon's alarm, which goes off at a time.
func (v *clockView) alarm(at time.Time) (<-chan time.Time, func() bool) {
	fires, stopped := make(chan time.Time, 1), make(chan struct{})
	go v.goOff(at, fires, stopped)
	return fires, sync.OnceValue(func() bool { close(stopped); return true })
}

// goOff sends to fires at a time, once the daemon is not paused.
func (v *clockView) goOff(at time.Time, fires chan<- time.Time, stopped <-chan struct{}) {
	for {
		now, changed := v.read()
		left := time.NewTimer(min(at.Sub(now), 24*time.Hour) * slowness)
		select {
		case <-left.C:
			if pausing := v.pausing(); pausing != nil {
				select {
				case <-pausing:
				case <-stopped:
					return
				}
			}
			fires <- now
			return
		case <-changed:
			left.Stop()
		case <-stopped:
			left.Stop()
			return
		}
	}
}
