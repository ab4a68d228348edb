package store_test

import (
	"fmt"
	"testing"
	"time"

	"mailintegration/store"
)

// office is a mailbox whose time passes in steps of six hours, at each of which a daemon polls it.
type office struct {
	*program
	step, messages int
}

const stepsPerDay = 4

// databaseClock gives the database a clock that a test can set forward: now() of the search path.
const databaseClock = `CREATE SCHEMA clock; CREATE TABLE clock.ahead (by interval NOT NULL); INSERT INTO clock.ahead VALUES ('0');
	CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + by FROM clock.ahead'`

// newClockedDesk returns a desk whose store has such a database.
func newClockedDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.exec(t, databaseClock)
	d.store = d.open(t, d.url+"&search_path=clock,pg_catalog,public")
	return d
}

func newOffice(t *testing.T) *office {
	t.Helper()
	d := newClockedDesk(t)
	o := &office{program: d.program("one", d.mailbox.Name)}
	o.beat(t)
	return o
}

// polls says what becomes of the polls of some days.
type polls string

const (
	good   polls = ""
	failed polls = "unreachable"
	none   polls = "no daemon runs"
)

// days lets days pass, from a Monday on. It returns after how many hours of them the mailbox was silent, -1 if it never was.
func (o *office) days(t *testing.T, n int, mailComes func(weekday, step int) bool, p polls) (silentAfter int) {
	t.Helper()
	silentAfter = -1
	for i := range n * stepsPerDay {
		weekday, step := o.step/stepsPerDay%7, o.step%stepsPerDay
		o.step++
		o.exec(t, `UPDATE clock.ahead SET by = by + interval '6 h'`)
		if mailComes(weekday, step) {
			o.messages++
			o.accept(t, o.clerk(), mail(fmt.Sprint(o.messages), fmt.Sprintf("Subject: %d\r\n\r\n", o.messages)))
		}
		if p == none {
			continue
		}
		o.beat(t, store.PollReport{Mailbox: o.mailboxes[0], Succeeded: p == good, Problem: string(p)})
		if since := o.beat(t)[0].SilentSince; !since.IsZero() && silentAfter < 0 {
			silentAfter = (i + 1) * 24 / stepsPerDay
		}
	}
	return silentAfter
}

func onWorkdays(weekday, step int) bool { return weekday < 5 && (step == 1 || step == 2) }

func atAllTimes(int, int) bool { return true }

func never(int, int) bool { return false }

func TestAMailboxThatHasNoMailAnyMoreIsSilent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		mailComes   func(weekday, step int) bool
		days        int
		least, most int // hours
	}{
		{"mail around the clock", atAllTimes, 14, 48, 60},
		{"mail on workdays: no weekend and no holiday is a silence", onWorkdays, 21, 90, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if h := o.days(t, tt.days, tt.mailComes, good); h >= 0 {
				t.Fatalf("a false alarm after %d hours", h)
			}
			if h := o.days(t, 14, never, good); h < tt.least || h > tt.most {
				t.Errorf("it is silent after %d hours, want %d to %d", h, tt.least, tt.most)
			}
			if h := o.days(t, 1, atAllTimes, good); h >= 0 {
				t.Error("it is silent although mail comes again")
			}
		})
	}
}

func TestTheSilenceBeganWithTheLastMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.days(t, 14, atAllTimes, good)
	o.days(t, 4, never, good)
	since := o.beat(t)[0].SilentSince
	if ago := today.Sub(since); ago < 4*24*time.Hour || ago > 4*24*time.Hour+time.Hour {
		t.Errorf("it began %s ago, want four days", ago)
	}
}

func TestASilenceThatMayBeTheDaemonsOwnIsNone(t *testing.T) {
	t.Parallel()
	for _, p := range []polls{failed, none} { // none is also a database that was put back to an older state
		o := newOffice(t)
		o.days(t, 14, atAllTimes, good)
		o.days(t, 5, never, p)
		switch h := o.days(t, 4, never, good); {
		case h < 0:
			t.Errorf("%s: after four days of good polls it is not silent", p)
		case h <= 48:
			t.Errorf("%s: it is silent after %d hours of good polls, want more than two days", p, h)
		}
	}
}

func TestAMailboxWithLittleMailIsNeverSilent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.days(t, 9, func(_, step int) bool { return step == 1 }, good)
	if h := o.days(t, 14, never, good); h >= 0 {
		t.Errorf("it is silent after %d hours, although it had mail on nine days only", h)
	}
}

// TestTheLongestGapIsForgotten has one holiday of three weeks, and then mail every day for four months.
func TestTheLongestGapIsForgotten(t *testing.T) {
	t.Parallel()
	d := newClockedDesk(t)
	gap := func() float64 {
		return one[float64](t, d, `SELECT extract(epoch FROM longest_gap)::float8 / 3600 FROM mailbox`)
	}
	for i := range 120 {
		d.exec(t, `UPDATE clock.ahead SET by = by + interval '24 h'`)
		if i == 1 {
			d.exec(t, `UPDATE clock.ahead SET by = by + interval '504 h'`)
		}
		d.accept(t, d.clerk(), mail(fmt.Sprint(i), fmt.Sprintf("Subject: %d\r\n\r\n", i)))
		if h := gap(); i == 1 && h < 504 || i == 10 && h < 300 {
			t.Errorf("on day %d the longest gap is %.0f hours", i, h)
		}
	}
	if h := gap(); h < 23 || h > 25 {
		t.Errorf("in the end the longest gap is %.1f hours, want a day", h)
	}
	if n := one[int](t, d, `SELECT mail_days FROM mailbox`); n != 120 {
		t.Errorf("%d days with mail, want 120", n)
	}
}
