package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

const leaseTime = 30 * time.Second

// stillClock stops the clock of a database: now() of the search path.
const stillClock = `CREATE SCHEMA clock; CREATE TABLE clock.still AS SELECT now() AS at;
	CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock.still';
	DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = clock, pg_catalog, public', current_database()); END $$`

// newStillDesk returns a desk for tests of leases, which end by the clock of the database: time passes only when the test says
// so, and whoever waits for a lock gets it.
func newStillDesk(t *testing.T) *desk {
	t.Helper()
	db := storetest.New(t)
	db.Exec(t, stillClock)
	d := deskOn(t, db.URL)
	d.store.LeaseLimits(time.Hour, time.Hour)
	return d
}

// program is a daemon, as far as leases know it.
type program struct {
	*desk
	holder    store.Holder
	store     *store.Store
	mailboxes []string
	release   []string // at the next beat: what others want
}

// program returns a new daemon that is configured for mailboxes.
func (d *desk) program(host string, mailboxes ...string) *program {
	h := store.NewHolder("1.0")
	h.Host = host
	return &program{desk: d, holder: h, store: d.store, mailboxes: mailboxes}
}

// numbered returns the names of n mailboxes.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("box %04d", i)
	}
	return names
}

// beat keeps the leases of the program, and gives back what others wanted at its last beat.
func (p *program) beat(t testing.TB, reports ...store.PollReport) []store.Lease {
	t.Helper()
	return p.keep(t, store.Keeping{Reports: reports, Release: p.release})
}

func (p *program) keep(t testing.TB, k store.Keeping) []store.Lease {
	t.Helper()
	k.Mailboxes, k.Duration = p.mailboxes, leaseTime
	kept, err := p.store.KeepLeases(t.Context(), p.holder, k)
	if err != nil {
		t.Fatal(err)
	}
	p.release = nil
	for i, l := range kept.Leases {
		if l.Mailbox != p.mailboxes[i] || l.ID == 0 || l.Wanted && !l.Held {
			t.Fatalf("lease %d is %+v", i, l)
		}
		if l.Wanted {
			p.release = append(p.release, l.Mailbox)
		}
	}
	return kept.Leases
}

// held returns the names of the mailboxes whose leases are held by the caller of KeepLeases.
func held(leases []store.Lease) (names []string) {
	for _, l := range leases {
		if l.Held {
			names = append(names, l.Mailbox)
		}
	}
	return names
}

// holders returns how many mailboxes each host polls, as the database says.
func (d *desk) holders(t testing.TB) map[string]int {
	t.Helper()
	states, err := d.store.MailboxStates(t.Context())
	must(t, err)
	n := map[string]int{}
	for _, s := range states {
		if s.Holder != nil {
			n[s.Holder.Host]++
		}
	}
	return n
}

// pass lets time pass in the database, as far as leases are concerned.
func (d *desk) pass(t testing.TB, past time.Duration) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`UPDATE daemon SET alive_until = alive_until - %[1]s, started_at = started_at - %[1]s;
		UPDATE lease SET free_since = free_since - %[1]s, due_at = due_at - %[1]s, not_before = not_before - %[1]s, polled_at = polled_at - %[1]s,
			succeeded_at = succeeded_at - %[1]s, problem_since = problem_since - %[1]s`,
		fmt.Sprintf("interval '%d ms'", past.Milliseconds())))
}

func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "helpdesk", "sales"), d.program("two", "HelpDesk", "another")
	first := one.beat(t)
	want := []store.Lease{
		{Mailbox: "helpdesk", Held: true, Until: today.Add(leaseTime), Holder: one.holder},
		{Mailbox: "sales", Held: true, Until: today.Add(leaseTime), Holder: one.holder},
	}
	for i := range want {
		want[i].ID = first[i].ID
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("of the first holder (-want +got):\n%s", diff)
	}
	second := two.beat(t)
	if l := second[0]; l.Held || l.Holder != one.holder || l.ID != first[0].ID || l.Until.After(today.Add(leaseTime)) || l.Until.Before(today) {
		t.Errorf("the lease of another is %+v", l)
	}
	if !second[1].Held {
		t.Errorf("a free one is %+v", second[1])
	}
	if again := one.beat(t); !again[0].Held || again[0].Wanted {
		t.Errorf("renewed: %+v", again[0])
	}
	if n := d.count(t, "mailbox"); n != 3 {
		t.Errorf("%d mailboxes have rows, want 3", n)
	}
}

func TestABeatIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	one, two := d.program("one", numbered(50)...), d.program("two", numbered(50)...)
	one.store = d.open(t, proxy.URL)
	one.beat(t, store.PollReport{Mailbox: "box 0001"})
	two.beat(t)
	one.beat(t)
	one.beat(t) // gives back, so that every statement is prepared
	proxy.Pass()
	one.beat(t, store.PollReport{Mailbox: "box 0002", Succeeded: true})
	if n := proxy.Rounds(); n != 1 {
		t.Errorf("it is %d", n)
	}
}

func TestAStoppedDaemonGivesItsLeasesBackAtOnce(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "helpdesk"), d.program("two", "helpdesk")
	one.beat(t)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	report := store.PollReport{Mailbox: "helpdesk", Ago: time.Second, Succeeded: true, DueIn: time.Minute, Backlog: 3}
	must(t, one.store.ReleaseLeases(stopped, one.holder, []store.PollReport{report}))
	if l := two.beat(t)[0]; !l.Held || !l.DueAt.Before(today.Add(time.Minute+time.Second)) || l.DueAt.Before(today.Add(30*time.Second)) {
		t.Errorf("the next holder has %+v", l)
	}
	if n := d.count(t, "daemon"); n != 1 {
		t.Errorf("%d daemons are left", n)
	}
	must(t, one.store.ReleaseLeases(t.Context(), one.holder, nil)) // a second time does no harm
	if !two.beat(t)[0].Held {
		t.Error("it released the lease of another")
	}
}

// TestADaemonThatFallsSilentInABeatHoldsUpNoOther stops the octets of a beat in the middle of each of its messages, so that
// the server keeps the transaction open.
func TestADaemonThatFallsSilentInABeatHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	silent, other := d.program("silent", "a", "b", "c", "d"), d.program("other", "a", "b", "c", "d", "e")
	silent.store = d.open(t, proxy.URL)
	other.store = d.open(t, d.url)
	silent.store.LeaseLimits(time.Hour, time.Hour)
	other.store.LeaseLimits(time.Hour, time.Hour)
	other.store.Limits(time.Millisecond, time.Hour) // whoever waits for a lock fails
	report := store.PollReport{Mailbox: "d"}
	silent.beat(t, report)
	for n, messages := 1, 1; n <= messages; n += 2 {
		storetest.Until(t, "the daemon has its leases", func() bool { return len(held(silent.beat(t, report))) == 4 })
		proxy.Pass()
		silent.beat(t, report)
		messages, _ = proxy.Counts()
		other.beat(t)
		d.exec(t, `UPDATE daemon SET alive_until = alive_until - interval '1 minute' WHERE host = 'silent'`)
		silent.store.SetPatience(patience)
		proxy.SilenceAtFrontend(n)
		k := store.Keeping{Mailboxes: silent.mailboxes, Duration: leaseTime, Reports: []store.PollReport{report}}
		if _, err := silent.store.KeepLeases(t.Context(), silent.holder, k); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("silence at message %d: %v", n, err)
		}
		want := 4 // and one more, unless the silent daemon is about to report on it
		if d.count(t, `daemon WHERE host = 'silent' AND alive_until > now()`) == 1 {
			want = 1 // the silent daemon has renewed its leases
		}
		if got := held(other.beat(t)); len(got) < want || got[len(got)-1] != "e" {
			t.Errorf("silence at message %d: the other daemon has %v", n, got)
		}
		proxy.Pass()
		silent.store.SetPatience(store.DefaultPatience)
		storetest.Until(t, "the server has noticed that the connection was cut", func() bool {
			return d.count(t, `pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`) == 0
		})
		must(t, other.store.ReleaseLeases(t.Context(), other.holder, nil))
	}
}

func TestTheLeasesOfADeadDaemonAreTakenWhenTheyEnd(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "a", "b"), d.program("two", "a", "b")
	one.beat(t)
	two.beat(t)
	d.pass(t, leaseTime-time.Second)
	if got := held(two.beat(t)); got != nil {
		t.Errorf("before they end, the other daemon takes %v", got)
	}
	d.pass(t, 2*time.Second)
	if got := held(two.beat(t)); len(got) != 2 {
		t.Errorf("when they have ended, the other daemon takes %v", got)
	}
	states, err := d.store.DaemonStates(t.Context())
	if err != nil || len(states) != 2 || !states[0].AliveUntil.Before(today) || states[1].Mailboxes != 2 {
		t.Errorf("daemons are %+v, %v", states, err)
	}
	d.pass(t, 25*time.Hour)
	two.beat(t)
	if states, err := d.store.DaemonStates(t.Context()); err != nil || len(states) != 1 {
		t.Errorf("a day later the daemons are %+v, %v", states, err)
	}
}

func TestADaemonThatRenewsLateLearnsWhatItHasLost(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	paused, other := d.program("paused", "a", "b"), d.program("other", "a")
	paused.beat(t)
	other.beat(t)
	d.pass(t, time.Hour)
	other.beat(t)
	late := func(mailbox string) store.PollReport {
		return store.PollReport{Mailbox: mailbox, Problem: "it was paused"}
	}
	leases := paused.beat(t, late("a"), late("b"))
	if leases[0].Held || leases[0].Holder != other.holder || !leases[1].Held {
		t.Errorf("leases are %+v", leases)
	}
	states, err := d.store.MailboxStates(t.Context())
	must(t, err)
	if states[0].Problem != "" || states[1].Problem == "" {
		t.Errorf("a report about a mailbox that was lost counts, or the other does not: %+v", states)
	}
	must(t, paused.store.ReleaseLeases(t.Context(), paused.holder, nil))
	if !other.beat(t)[0].Held {
		t.Error("the paused daemon released the lease of the other one")
	}
}

// TestALateRenewalWaitsForTheDaemonThatTakesTheLease lets a dead daemon come back while another takes its leases.
func TestALateRenewalWaitsForTheDaemonThatTakesTheLease(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	paused, other := d.program("paused", "a"), d.program("other", "a")
	paused.beat(t)
	d.pass(t, time.Hour)
	taking, err := d.pool.Begin(t.Context())
	must(t, err)
	defer func() { _ = taking.Rollback(context.WithoutCancel(t.Context())) }()
	// What KeepLeases of the other daemon does, not committed yet.
	_, err = taking.Exec(t.Context(), `INSERT INTO daemon SELECT '`+other.holder.ID+`', 'other', 1, '', false, now(), now() + interval '30 s'`)
	must(t, err)
	_, err = taking.Exec(t.Context(), `SELECT FROM daemon WHERE host = 'paused' FOR UPDATE SKIP LOCKED`)
	must(t, err)
	_, err = taking.Exec(t.Context(), `UPDATE lease SET holder_id = '`+other.holder.ID+`' FROM mailbox WHERE id = mailbox_id AND name = 'a'`)
	must(t, err)
	result := make(chan []store.Lease, 1)
	go func() {
		kept, err := paused.store.KeepLeases(t.Context(), paused.holder, store.Keeping{Mailboxes: paused.mailboxes, Duration: leaseTime})
		if err != nil {
			t.Error(err)
		}
		result <- kept.Leases
	}()
	storetest.Until(t, "the paused daemon waits", func() bool {
		return d.count(t, `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	must(t, taking.Commit(t.Context()))
	if leases := <-result; len(leases) != 1 || leases[0].Held {
		t.Errorf("it has %+v", leases)
	}
}

// TestAnAcceptanceHoldsUpNoLease renews, reports and gives back while an acceptance holds the row of the mailbox.
func TestAnAcceptanceHoldsUpNoLease(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "helpdesk"), d.program("two", "helpdesk")
	one.beat(t)
	accepting, err := d.pool.Begin(t.Context())
	must(t, err)
	defer func() { _ = accepting.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = accepting.Exec(t.Context(), `SELECT FROM mailbox FOR NO KEY UPDATE`)
	must(t, err)
	one.store.Limits(time.Hour, time.Hour) // whoever waits never returns
	if l := one.beat(t, store.PollReport{Mailbox: "helpdesk", Problem: "slow", Cause: "server"})[0]; !l.Held {
		t.Errorf("renewed: %+v", l)
	}
	must(t, one.store.ReleaseLeases(t.Context(), one.holder, nil))
	if l := two.beat(t)[0]; !l.Held {
		t.Errorf("taken: %+v", l)
	}
}

func TestReportsAreForTheNextHolderAndForPeople(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	p := d.program("one", "helpdesk")
	state := func() store.MailboxState {
		t.Helper()
		states, err := d.store.MailboxStates(t.Context())
		if err != nil || len(states) != 1 {
			t.Fatalf("states are %+v, %v", states, err)
		}
		return states[0]
	}
	if s := state(); s.Name != "helpdesk" || s.Holder != nil || s.PolledAt != nil || s.DueAt != nil || s.RecordedAt == nil {
		t.Errorf("before the first poll: %+v", s)
	}
	p.beat(t)
	l := p.beat(t, store.PollReport{
		Mailbox: "HELPDESK", Ago: 4 * time.Second, Succeeded: true, DueIn: time.Minute, NotBeforeIn: time.Hour, Backlog: 7,
	})[0]
	about := func(what string, got time.Time, want time.Duration) {
		t.Helper()
		if diff := got.Sub(today.Add(want)); diff > 0 || diff < -time.Second { // in milliseconds
			t.Errorf("%s is %s, want %s", what, got.Sub(today), want)
		}
	}
	about("due", l.DueAt, time.Minute)
	about("not before", l.NotBefore, time.Hour)
	s := state()
	about("due in the state", *s.DueAt, time.Minute)
	about("polled", *s.PolledAt, -4*time.Second)
	about("succeeded", *s.SucceededAt, -4*time.Second)
	about("lease", *s.LeaseUntil, leaseTime)
	if s.Backlog != 7 || *s.Holder != p.holder || s.Problem+s.Cause != "" || s.ProblemSince != nil {
		t.Errorf("state is %+v", s)
	}
	d.pass(t, 10*time.Second)
	p.beat(t, store.PollReport{Mailbox: "helpdesk", Problem: "no\x00 answer", Cause: "unreachable"})
	since := *state().ProblemSince
	d.pass(t, 10*time.Second)
	p.beat(t, store.PollReport{Mailbox: "helpdesk", Problem: strings.Repeat("refused ", 10_000), Cause: "login"})
	s = state()
	if !strings.HasPrefix(s.Problem, "refused") || s.Cause != "login" || s.Backlog != 0 || len(s.Problem) > 10_000 {
		t.Errorf("state is %+v", s)
	}
	about("succeeded before the problem", *s.SucceededAt, -24*time.Second)
	about("problem since", *s.ProblemSince, since.Sub(today)-10*time.Second)
	about("due as before", *s.DueAt, 40*time.Second)
	if l := p.beat(t)[0]; !l.NotBefore.IsZero() {
		t.Errorf("the server allows every log-in, and not before is %s", l.NotBefore)
	}
	p.beat(t, store.PollReport{Mailbox: "Helpdesk", Problem: "gone by now"}, store.PollReport{Mailbox: "helpdesk", Succeeded: true},
		store.PollReport{Mailbox: "not configured"})
	if s = state(); s.Problem+s.Cause != "" || s.ProblemSince != nil {
		t.Errorf("after the problem: %+v", s)
	}
}

// TestClocksThatDifferByYearsChangeNothing gives each daemon a clock of its own.
func TestClocksThatDifferByYearsChangeNothing(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	at := func(host string, now time.Time) *program {
		p := d.program(host, "a")
		var err error
		p.store, err = store.Open(t.Context(), store.Options{URL: d.url, Now: func() time.Time { return now }})
		must(t, err)
		t.Cleanup(p.store.Close)
		return p
	}
	behind, ahead := at("behind", today.AddDate(-7, 0, 0)), at("ahead", today.AddDate(7, 0, 0))
	if l := behind.beat(t, store.PollReport{Mailbox: "a"})[0]; !l.Held || !l.Until.Equal(today.AddDate(-7, 0, 0).Add(leaseTime)) {
		t.Errorf("behind: %+v", l)
	}
	behind.beat(t, store.PollReport{Mailbox: "a", DueIn: time.Hour})
	if l := ahead.beat(t)[0]; l.Held || l.DueAt.Sub(today.AddDate(7, 0, 0)).Round(time.Minute) != time.Hour {
		t.Errorf("ahead: %+v", l)
	}
	must(t, behind.store.ReleaseLeases(t.Context(), behind.holder, nil))
	if l := ahead.beat(t)[0]; !l.Held || l.DueAt.Sub(today.AddDate(7, 0, 0)).Round(time.Minute) != time.Hour {
		t.Errorf("ahead, after the other one has stopped: %+v", l)
	}
}

func TestADatabaseWhoseClockIsSetBackKeepsNoLeaseForADeadDaemon(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	dead, other := d.program("dead", "a"), d.program("other", "a")
	dead.beat(t)
	d.pass(t, -365*24*time.Hour)
	if !other.beat(t)[0].Held {
		t.Error("the lease lasts for a year")
	}
}

func TestABeatWithAnotherSchemaChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, change string
		want         error
	}{
		{"a newer schema", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`, store.ErrSchemaNewer},
		{"a newer schema without the table", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true); DROP TABLE lease CASCADE`,
			store.ErrSchemaNewer},
		{"an older schema", `DELETE FROM goose_db_version WHERE version_id >= 6`, store.ErrSchemaOlder},
		{"a schema of before", `DELETE FROM goose_db_version WHERE version_id >= 6; DROP TABLE lease, daemon CASCADE`, store.ErrSchemaOlder},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newStillDesk(t)
			p := d.program("one", "a")
			p.beat(t)
			d.pass(t, time.Hour)
			d.exec(t, tc.change)
			_, err := p.store.KeepLeases(t.Context(), p.holder, store.Keeping{Mailboxes: p.mailboxes, Duration: leaseTime})
			if !errors.Is(err, tc.want) {
				t.Errorf("KeepLeases: %v", err)
			}
			if err := p.store.ReleaseLeases(t.Context(), p.holder, nil); !errors.Is(err, tc.want) {
				t.Errorf("ReleaseLeases: %v", err)
			}
			if err := p.store.Recheck(t.Context()); !errors.Is(err, tc.want) {
				t.Errorf("Recheck: %v", err)
			}
			if !strings.Contains(tc.change, "daemon") && d.count(t, `daemon WHERE alive_until > now()`) != 0 {
				t.Error("the lease was renewed")
			}
		})
	}
}

func TestNoLeaseIsKeptWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	p := d.program("one", "a")
	p.store = d.open(t, proxy.URL)
	p.beat(t)
	proxy.Refuse()
	k := store.Keeping{Mailboxes: p.mailboxes, Duration: leaseTime}
	if _, err := p.store.KeepLeases(t.Context(), p.holder, k); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("KeepLeases: %v", err)
	}
	if err := p.store.ReleaseLeases(t.Context(), p.holder, nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ReleaseLeases: %v", err)
	}
	if err := p.store.Recheck(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Recheck: %v", err)
	}
	proxy.Pass()
	must(t, p.store.Recheck(t.Context()))
	if !p.beat(t)[0].Held {
		t.Error("the lease is lost")
	}
}

func TestADurationOfALeaseHasLimits(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	for _, wrong := range []time.Duration{0, -1, store.MaxLease + 1} {
		if _, err := d.store.KeepLeases(t.Context(), store.NewHolder(""), store.Keeping{Duration: wrong}); err == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

func TestAPausedDaemonDoesNotEndTheWorkOfAnother(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	_, err := d.store.BeginWork(t.Context(), d.mailbox)
	must(t, err)
	other := d.open(t, d.url)
	if interrupted, err := other.BeginWork(t.Context(), d.mailbox); err != nil || !interrupted {
		t.Errorf("interrupted %t, %v", interrupted, err)
	}
	must(t, d.store.EndWork(t.Context(), d.mailbox))
	if n := d.count(t, `mailbox WHERE working_since IS NOT NULL`); n != 1 {
		t.Error("the paused daemon has ended the work of the other one")
	}
	must(t, other.EndWork(t.Context(), d.mailbox))
	if n := d.count(t, `mailbox WHERE working_since IS NOT NULL`); n != 0 {
		t.Error("the work has not ended")
	}
}

// TestADatabaseWhoseClockIsSetBackKeepsNoLeaseFree has daemons with mailboxes of their own, so that the share of each is
// smaller than what it has to poll.
func TestADatabaseWhoseClockIsSetBackKeepsNoLeaseFree(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "a", "b", "c", "d"), d.program("two", "x")
	one.beat(t)
	two.beat(t)
	must(t, one.store.ReleaseLeases(t.Context(), one.holder, nil))
	again := d.program("again", "a", "b", "c", "d")
	d.exec(t, `UPDATE lease SET free_since = free_since + interval '1 year'`)
	if n := len(held(again.beat(t))); n != 4 {
		t.Errorf("%d of 4 mailboxes are polled", n)
	}
}

func TestKeepLeasesTellsTheTimeOfTheDatabase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	now := func() (at time.Time) {
		must(t, d.pool.QueryRow(t.Context(), `SELECT now()`).Scan(&at))
		return at
	}
	before := now()
	kept, err := d.program("one").store.KeepLeases(t.Context(), store.NewHolder("1.0"), store.Keeping{Duration: leaseTime})
	if after := now(); err != nil || kept.Now.Before(before) || kept.Now.After(after) {
		t.Errorf("the database's clock reads %s, want %s to %s; %v", kept.Now, before, after, err)
	}
}
