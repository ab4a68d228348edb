package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/store"
)

func TestDaemonsWithOneConfigurationShareEqually(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	names := numbered(90)
	one, two, three := d.program("one", names...), d.program("two", names...), d.program("three", names...)
	one.beat(t)
	for range 2 { // one asks, one gives, one takes
		for _, p := range []*program{two, one} {
			p.beat(t)
		}
	}
	two.beat(t)
	if diff := cmp.Diff(map[string]int{"one": 45, "two": 45}, d.holders(t)); diff != "" {
		t.Errorf("two daemons (-want +got):\n%s", diff)
	}
	for range 3 {
		for _, p := range []*program{three, one, two} {
			p.beat(t)
		}
	}
	if diff := cmp.Diff(map[string]int{"one": 30, "two": 30, "three": 30}, d.holders(t)); diff != "" {
		t.Errorf("three daemons (-want +got):\n%s", diff)
	}
	d.settled(t, one, two, three)
	must(t, one.store.ReleaseLeases(t.Context(), one.holder, nil))
	for _, p := range []*program{two, three} {
		p.beat(t)
	}
	if diff := cmp.Diff(map[string]int{"two": 45, "three": 45}, d.holders(t)); diff != "" {
		t.Errorf("after one has stopped (-want +got):\n%s", diff)
	}
	d.settled(t, two, three)
}

// settled makes sure that no lease changes its holder any more.
func (d *desk) settled(t *testing.T, programs ...*program) {
	t.Helper()
	who := func() []string {
		return all[string](t, d, `SELECT m.name || ' ' || coalesce(d.host, '') || ' ' || coalesce(l.wanted_by_id::text, '')
			FROM mailbox AS m JOIN lease AS l ON l.mailbox_id = m.id LEFT JOIN daemon AS d ON d.id = l.holder_id ORDER BY m.id`)
	}
	before := who()
	for range 5 {
		for _, p := range programs {
			p.beat(t)
			d.pass(t, 2*time.Second)
		}
	}
	if diff := cmp.Diff(before, who()); diff != "" {
		t.Errorf("leases change their holders although nothing has changed:\n%s", diff)
	}
}

func TestDaemonsWithDifferentConfigurationsShareTheMailboxesOfBoth(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	names := numbered(30)
	one, two := d.program("one", names[:20]...), d.program("two", names[10:]...)
	idle := []*program{d.program("idle", "a"), d.program("idler", "b"), d.program("idlest")}
	for range 6 {
		for _, p := range append(idle, one, two) {
			p.beat(t)
			d.pass(t, 1100*time.Millisecond)
		}
	}
	got := d.holders(t)
	if got["one"] != 15 || got["two"] != 15 || got["idle"] != 1 || got["idler"] != 1 {
		t.Errorf("they have %v", got)
	}
	d.settled(t, append(idle, one, two)...)
}

func TestAWantedLeaseGoesToTheDaemonThatAskedForIt(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	names := numbered(4)
	one, two := d.program("one", names...), d.program("two", names...)
	one.beat(t)
	two.beat(t)
	if one.beat(t); len(one.release) != 2 {
		t.Fatalf("the other daemon wants %v", one.release)
	}
	wanted := slices.Clone(one.release)
	busy := one.release[:1] // a poll of the other one is under way
	one.release = one.release[1:]
	one.beat(t)
	one.release = nil
	third := d.program("three", names...)
	if got := held(third.beat(t)); got != nil {
		t.Errorf("a third daemon takes %v", got)
	}
	if got := held(one.beat(t)); len(got) != 3 || !slices.Equal(one.release[:1], busy) {
		t.Errorf("the giver has %v, and has to give back %v", got, one.release)
	}
	if got := held(two.beat(t)); !slices.Equal(got, wanted[1:]) {
		t.Errorf("the daemon that asked has %v, want %v", got, wanted[1:])
	}
}

func TestALeaseWhoseAskerDiedIsTakenByAnyone(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	one, two := d.program("one", numbered(2)...), d.program("two", numbered(2)...)
	one.beat(t)
	two.beat(t)
	one.beat(t)
	one.beat(t)
	if d.holders(t)["one"] != 1 {
		t.Fatalf("holders are %v", d.holders(t))
	}
	d.exec(t, `UPDATE daemon SET alive_until = now() - interval '1 s' WHERE host = 'two'`)
	if got := held(one.beat(t)); len(got) != 2 {
		t.Errorf("it has %v", got)
	}
	if one.beat(t); one.release != nil {
		t.Errorf("a dead daemon wants %v", one.release)
	}
}

func TestASingleRunTakesWhatIsFreeAndAsksForNothing(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	daemon, once := d.program("daemon", "a", "b"), d.program("once", "a", "b", "c", "d")
	daemon.beat(t)
	leases := once.keep(t, store.Keeping{Once: true})
	if got := held(leases); !slices.Equal(got, []string{"c", "d"}) || leases[0].Holder != daemon.holder {
		t.Errorf("it has %v, and the holder of the first is %+v", got, leases[0].Holder)
	}
	if daemon.beat(t); daemon.release != nil {
		t.Errorf("it wants %v", daemon.release)
	}
	other := d.program("other", "c", "d", "e", "f") // its share is half of them
	if got := held(other.beat(t)); !slices.Equal(got, []string{"e", "f"}) {
		t.Errorf("another daemon has %v", got)
	}
	must(t, once.store.ReleaseLeases(t.Context(), once.holder, nil))
	if got := held(d.program("again", "c", "d").keep(t, store.Keeping{Once: true})); len(got) != 2 {
		t.Errorf("the next run has %v", got)
	}
	if states, err := d.store.DaemonStates(t.Context()); err != nil || len(states) != 3 || states[0].Once || !states[2].Once {
		t.Errorf("daemons are %+v, %v", states, err)
	}
}

func TestAReleasedMailboxIsNotTakenBackInTheSameBeat(t *testing.T) {
	t.Parallel()
	d := newStillDesk(t)
	p := d.program("one", "a", "b")
	p.beat(t)
	p.mailboxes = []string{"b"}
	if got := held(p.keep(t, store.Keeping{Release: []string{"A"}})); !slices.Equal(got, []string{"b"}) {
		t.Errorf("it has %v", got)
	}
	if got := d.holders(t); got["one"] != 1 {
		t.Errorf("holders are %v", got)
	}
	if got := held(p.keep(t, store.Keeping{Release: []string{"b", "of another"}})); got != nil {
		t.Errorf("it has %v", got)
	}
}
