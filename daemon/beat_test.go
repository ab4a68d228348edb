package daemon

import (
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
)

// lockedLease is a daemon that has polled a mailbox whose server wants ten minutes between log-ins, and whose lease is
// locked by another transaction.
type lockedLease struct {
	*world
	now    time.Time
	daemon *Daemon
	keeper *keeper
	unlock func()
}

func newLockedLease(t *testing.T) *lockedLease {
	t.Helper()
	l := &lockedLease{world: newWorldOn(t, pop3test.Options{Extra: []string{"LOGIN-DELAY 600"}}), now: time.Now()}
	l.options.Now = func() time.Time { return l.now }
	l.daemon = l.world.daemon()
	l.daemon.launch = func(*worker) {}
	l.keeper = newKeeper(l.daemon, nil)
	l.beat()
	l.mail()
	w := l.worker()
	if !w.claim() {
		t.Fatal("a poll is under way")
	}
	if r := w.pollOnce(t.Context()); r.Err != nil || r.Opened != 1 {
		t.Fatalf("%+v", r)
	}
	tx, err := l.rows.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), `SELECT FROM lease FOR NO KEY UPDATE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.unlock = func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *lockedLease) worker() *worker { return l.daemon.workers[0] }

func (l *lockedLease) beat() {
	l.Helper()
	if err := l.keeper.beat(l.Context()); err != nil {
		l.Fatal(err)
	}
}

func TestAReportThatABeatCouldNotMakeIsMadeByTheNext(t *testing.T) {
	t.Parallel()
	l := newLockedLease(t)
	next := l.worker().status(l.now).NextPoll
	l.beat()
	if n := l.count(`SELECT count(*) FROM lease WHERE polled_at IS NULL AND not_before IS NULL`); n != 1 {
		t.Fatal("the report is noted although the row is locked")
	}
	l.unlock()
	l.now = l.now.Add(20 * time.Second)
	l.beat()
	if n := l.count(`SELECT count(*) FROM lease WHERE polled_at <= now() - interval '20 s' AND due_at <= now() + interval '580 s'
		AND not_before BETWEEN now() + interval '1 s' AND now() + interval '580 s'`); n != 1 {
		t.Error("20 s later the report is not there, or as it was then")
	}
	if s := l.worker().status(l.now); !s.Held || !s.NextPoll.Equal(next) {
		t.Errorf("the next poll was at %v: %+v", next, s)
	}
	l.exec(`UPDATE lease SET polled_at = NULL`)
	if l.beat(); l.count(`SELECT count(*) FROM lease WHERE polled_at IS NULL`) != 1 {
		t.Error("it reports once more")
	}
}

func TestALeaseThatAnotherDaemonWantsGoesWithItsReport(t *testing.T) {
	t.Parallel()
	l := newLockedLease(t)
	next := l.worker().status(l.now).NextPoll
	l.worker().lease.wantedSince = l.now // another daemon asks for it
	l.beat()
	l.unlock()
	if n := l.count(`SELECT count(*) FROM lease WHERE holder_id IS NULL`); n != 0 {
		t.Error("it is given back without its report")
	}
	if s := l.worker().status(l.now); !s.Held || !s.NextPoll.Equal(next) {
		t.Errorf("the next poll was at %v: %+v", next, s)
	}
	l.worker().lease.wantedSince = l.now
	if l.beat(); l.count(`SELECT count(*) FROM lease WHERE holder_id IS NULL AND not_before > now() AND due_at > now()`) != 1 {
		t.Error("it is not given back, or without its report")
	}
}

func TestTheLastReportAboutAMailboxThatWasRemovedIsNoted(t *testing.T) {
	t.Parallel()
	l := newLockedLease(t)
	w := l.worker()
	if _, err := l.daemon.Apply(Settings{}); err != nil {
		t.Fatal(err)
	}
	l.daemon.mu.Lock()
	l.daemon.dropRetired(w) // as its goroutine does
	l.daemon.mu.Unlock()
	l.beat()
	l.unlock()
	if n := l.count(`SELECT count(*) FROM lease WHERE holder_id IS NULL`); n != 0 {
		t.Error("the lease is given back without the report")
	}
	if l.beat(); l.count(`SELECT count(*) FROM lease WHERE holder_id IS NULL AND not_before > now() AND due_at > now()`) != 1 {
		t.Error("the lease is not given back, or without the report")
	}
	if len(l.keeper.gone) != 0 {
		t.Error("the report will be made once more")
	}
}

// TestAMailboxWaitsAsSoonAsItsLeaseHasCome reads the status before the loop of the mailbox has noticed the lease.
func TestAMailboxWaitsAsSoonAsItsLeaseHasCome(t *testing.T) {
	t.Parallel()
	d := newWorld(t).daemon()
	d.launch = func(*worker) {}
	if s := d.workers[0].status(time.Now()); s.State != Standby || s.Held || !s.NextPoll.IsZero() {
		t.Errorf("before the first beat: %+v", s)
	}
	if err := newKeeper(d, nil).beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := d.workers[0].status(time.Now()); s.State != Waiting || !s.Held || s.NextPoll.IsZero() {
		t.Errorf("after it: %+v", s)
	}
}

func TestStatusTellsHowFarTheClocksAreApart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(nil, nil)
	c.first(m)
	if ahead := m.Status().ClockAhead; ahead != 0 {
		t.Errorf("with one clock the difference is %s", ahead)
	}
	turn := func(by time.Duration) time.Duration {
		if _, err := c.rows.Exec(t.Context(), `UPDATE clock.ahead SET by = by + $1::bigint * interval '1 ms'`, by.Milliseconds()); err != nil {
			t.Fatal(err)
		}
		c.pass(beatEvery)
		return m.Status().ClockAhead
	}
	if ahead := turn(-10 * time.Minute); ahead < 5*time.Minute || ahead > 10*time.Minute {
		t.Errorf("this machine is ahead by %s, want almost 10 min", ahead)
	}
	if ahead := turn(20 * time.Minute); ahead > -5*time.Minute || ahead < -10*time.Minute {
		t.Errorf("this machine is ahead by %s, want almost -10 min", ahead)
	}
	if ahead := turn(-10 * time.Minute); ahead != 0 {
		t.Errorf("after the clock was put right the difference is %s", ahead)
	}
}

func TestASlowAnswerIsNotTakenForAWrongClock(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name           string
		database, took time.Duration // after sent
		want           time.Duration
	}{
		{"read at once", 0, 9 * time.Second, 0},
		{"read at the end", 9 * time.Second, 9 * time.Second, 0},
		{"certainly behind", 10 * time.Second, 9 * time.Second, -time.Second},
		{"certainly ahead", -time.Second, 9 * time.Second, time.Second},
		{"set back meanwhile: unknown", -time.Hour, -time.Minute, 0},
	} {
		d := &Daemon{}
		if d.noteClock(sent, sent.Add(tt.database), sent.Add(tt.took)); d.ahead != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, d.ahead, tt.want)
		}
	}
}

// TestAPollThatIsLateIsAnnounced lets a beat come when a poll has been due for some seconds, and has not begun.
func TestAPollThatIsLateIsAnnounced(t *testing.T) {
	t.Parallel()
	l := newLockedLease(t)
	l.unlock()
	w := l.worker()
	w.mu.Lock()
	w.loginDelay, w.next = time.Minute, l.now.Add(-4*time.Second)
	w.mu.Unlock()
	l.beat()
	if n := l.count(`SELECT count(*) FROM lease JOIN daemon ON id = holder_id WHERE not_before > alive_until + $1::bigint * interval '1 ms'`,
		(70*time.Second - leaseTime).Milliseconds()); n != 1 { // 70 s after the beat
		t.Error("the daemon could log in after this beat, and the next one within a minute of that")
	}
}

// TestASlowAnswerOfTheDatabaseLetsNobodyLogInTooEarly hands over a mailbox whose server allows a log-in 60 s after the database has
// answered, which may have been at any time until the answer came.
func TestASlowAnswerOfTheDatabaseLetsNobodyLogInTooEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	received := sent.Add(9 * time.Second)
	w.options.Now = func() time.Time { return received }
	d := w.daemon()
	given := store.Lease{Mailbox: helpdesk, Held: true, Until: sent.Add(leaseTime), NotBefore: sent.Add(time.Minute)}
	newKeeper(d, nil).hand(d.workers, []store.Lease{given}, sent, received)
	if next := d.workers[0].status(received).NextPoll; next.Before(received.Add(time.Minute)) {
		t.Errorf("the next poll is at %s, %s after the answer", next, next.Sub(received))
	}
}
