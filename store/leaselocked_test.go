package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

// lockLease locks the row of a mailbox's lease until unlock is called, as a beat of another daemon does for a moment.
func (d *desk) lockLease(t *testing.T, mailbox string) (unlock func()) {
	t.Helper()
	tx, err := d.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM lease JOIN mailbox ON id = mailbox_id WHERE name = $1 FOR NO KEY UPDATE OF lease`, mailbox)
	must(t, err)
	return func() { must(t, tx.Rollback(t.Context())) }
}

func TestAReportWhoseRowIsLockedIsForTheCallerToRepeat(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "a", "b", "new"), d.program("two", "a")
	one.mailboxes = one.mailboxes[:2]
	one.beat(t)
	one.mailboxes = append(one.mailboxes, "new") // its row is added within the call
	report := func(mailbox string) store.PollReport {
		return store.PollReport{Mailbox: mailbox, Succeeded: true, DueIn: time.Hour, NotBeforeIn: 30 * time.Minute}
	}
	k := store.Keeping{
		Mailboxes: one.mailboxes, Release: []string{"a"}, Duration: leaseTime,
		Reports: []store.PollReport{report("A"), report("b"), report("of another")},
	}
	unlock := d.lockLease(t, "a")
	kept, err := one.store.KeepLeases(t.Context(), one.holder, k)
	if err != nil || !slices.Equal(kept.Unnoted, []string{"A"}) || !kept.Leases[0].NotBefore.IsZero() ||
		kept.Leases[1].NotBefore.IsZero() {
		t.Errorf("while the row is locked: %+v, %v", kept, err)
	}
	unlock()
	if two.beat(t)[0].Held {
		t.Error("the lease was given back without the report")
	}
	k.Reports = k.Reports[:1]
	if kept, err = one.store.KeepLeases(t.Context(), one.holder, k); err != nil || kept.Unnoted != nil {
		t.Errorf("at the next beat: not noted are %v, %v", kept.Unnoted, err)
	}
	if l := two.beat(t)[0]; !l.Held || l.NotBefore.IsZero() || l.DueAt.IsZero() {
		t.Errorf("the next holder logs in too early: %+v", l)
	}
}

// TestAStopWaitsShortlyForARowThatIsLocked unlocks the row when the other leases are given back.
func TestAStopWaitsShortlyForARowThatIsLocked(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "a", "b"), d.program("two", "a", "b")
	one.beat(t)
	unlock := d.lockLease(t, "a")
	released := make(chan error)
	go func() {
		report := store.PollReport{Mailbox: "a", Succeeded: true, DueIn: time.Hour, NotBeforeIn: 30 * time.Minute}
		released <- one.store.ReleaseLeases(t.Context(), one.holder, []store.PollReport{report})
	}()
	storetest.Until(t, "another daemon has what is not locked", func() bool { return slices.Equal(held(two.beat(t)), []string{"b"}) })
	unlock()
	must(t, <-released)
	if l := two.beat(t)[0]; !l.Held || l.NotBefore.IsZero() || l.DueAt.IsZero() {
		t.Errorf("the next holder logs in too early: %+v", l)
	}
	if n := d.count(t, `daemon`); n != 1 {
		t.Errorf("%d daemons are left", n)
	}
}

func TestAStopEndsThoughARowStaysLocked(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	d.store.LeaseLimits(time.Hour, 15*time.Second)
	one, two := d.program("one", "a", "b"), d.program("two", "a", "b")
	one.beat(t)
	unlock := d.lockLease(t, "a")
	if err := one.store.ReleaseLeases(t.Context(), one.holder, nil); err == nil || !strings.Contains(err.Error(), "locked 1 of them") {
		t.Errorf("it says %v", err)
	}
	if got := held(two.beat(t)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("another daemon has %v", got)
	}
	unlock()
	d.pass(t, leaseTime+time.Second)
	if got := held(two.beat(t)); len(got) != 2 {
		t.Errorf("when the lease has ended, the other daemon has %v", got)
	}
}

func TestALeaseWhoseRowWasLockedWhenItWasGivenBackIsFreeAtTheNextBeat(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", "a", "b"), d.program("two", "b")
	one.beat(t)
	one.mailboxes = []string{"a"} // somebody removed b from its configuration
	unlock := d.lockLease(t, "b")
	one.keep(t, store.Keeping{Release: []string{"b"}})
	unlock()
	one.beat(t)
	if !two.beat(t)[0].Held {
		t.Error("the first daemon holds the lease of a mailbox that it does not poll any more")
	}
}
