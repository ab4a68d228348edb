package daemon

import (
	"fmt"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

// interval is a schedule that says its interval, as that of a configuration does.
type interval time.Duration

func (i interval) Next(t time.Time) time.Time { return t.Add(time.Duration(i)) }
func (i interval) Every() time.Duration       { return time.Duration(i) }

func mustParse(t *testing.T, expression string) cron.Schedule {
	t.Helper()
	s, err := cron.ParseStandard(expression)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// manyTables returns the timetables of that many mailboxes with the same schedule.
func manyTables(schedule cron.Schedule, mailboxes int) (all []timetable) {
	for i := range mailboxes {
		all = append(all, timetable{schedule, fmt.Sprintf("mailbox-%d", i), mailboxes})
	}
	return all
}

// aMoment is when the tests' daemons start.
var aMoment = time.Date(2026, 3, 2, 8, 0, 10, 0, time.UTC)

func TestTheShareOfANameIsStableAndWithinItsSpan(t *testing.T) {
	t.Parallel()
	for i := range 10_000 {
		name := fmt.Sprint("mailbox", i)
		s := share(name, time.Minute)
		if s != share(name, time.Minute) || s < 0 || s >= time.Minute {
			t.Fatalf("the share of %s in a minute is %v, then %v", name, s, share(name, time.Minute))
		}
	}
	if s := share("helpdesk", 0); s != 0 {
		t.Errorf("the share of nothing is %v", s)
	}
}

// wantSpread fails the test unless the times lie within span after start, and every tenth of span has about a tenth of
// them.
func wantSpread(t *testing.T, times []time.Time, start time.Time, span time.Duration) {
	t.Helper()
	tenths := [10]int{}
	for _, at := range times {
		wait := at.Sub(start)
		if wait < 0 || wait > span {
			t.Fatalf("a poll %v after the start, want within %v", wait, span)
		}
		tenths[min(9, wait*10/span)]++
	}
	for i, n := range tenths {
		if share := len(times) / 10; n < share*6/10 || n > share*14/10 {
			t.Errorf("the %d. tenth of %v has %d of %d polls: %v", i+1, span, n, len(times), tenths)
		}
	}
}

func TestAThousandSchedulesThatNameTheSameSecondAreSpread(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, cron string
		at         time.Time
		span       time.Duration
	}{
		{"the same minute of an hour is spread over 30 s", "15 * * * *", aMoment.Truncate(time.Hour).Add(15 * time.Minute), 30 * time.Second},
		{"every minute is spread over half of it", "* * * * *", aMoment.Truncate(time.Minute).Add(time.Minute), 30 * time.Second},
		{"the same time of a day is spread over 30 s", "30 17 * * *", time.Date(2026, 3, 2, 17, 30, 0, 0, time.UTC), 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var times []time.Time
			for _, table := range manyTables(mustParse(t, tt.cron), 1000) {
				times = append(times, table.first(aMoment))
			}
			if tt.cron == "* * * * *" { // those of the running minute are still to come for some
				for i, at := range times {
					if at.Before(tt.at) {
						times[i] = at.Add(time.Minute)
					}
				}
			}
			wantSpread(t, times, tt.at, tt.span)
		})
	}
}

func TestAThousandFixedIntervalsAreSpreadOverTheWholeInterval(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Minute, 90 * time.Second, time.Hour} {
		var first, settled []time.Time
		for _, table := range manyTables(interval(every), 1000) {
			at := table.first(aMoment)
			first = append(first, at)
			for at.Before(aMoment.Add(4 * every)) {
				at = table.next(at)
			}
			settled = append(settled, at)
		}
		wantSpread(t, first, aMoment, 30*time.Second)
		wantSpread(t, settled, aMoment.Add(4*every), every)
	}
}

func TestNoTwoPollsOfAMailboxAreFartherApartThanItsIntervalNorCloserThanHalfOfIt(t *testing.T) {
	t.Parallel()
	const took = 700 * time.Millisecond
	for _, every := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 24 * time.Hour} {
		for _, table := range manyTables(interval(every), 500) {
			last := table.first(aMoment)
			for range 20 {
				next := table.next(last.Add(took)) // a poll takes its time
				if gap := next.Sub(last); gap > every+took || gap < every/2 {
					t.Fatalf("every %v: polls %v apart", every, gap)
				}
				last = next
			}
			for range 20 { // once in step, it stays there
				next := table.next(last.Add(took))
				if every > took*2 && next.Sub(last) != every {
					t.Fatalf("every %v: polls %v apart", every, next.Sub(last))
				}
				last = next
			}
		}
	}
}

func TestEachTimeOfACronExpressionIsPolledOnce(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"* * * * *", "0,1 * * * *", "*/5 8-17 * * 1-5", "59 23 * * *"} {
		schedule := mustParse(t, expression)
		for _, table := range manyTables(schedule, 5000)[:200] {
			at := aMoment.Add(-time.Nanosecond)
			named := schedule.Next(at.Add(-table.spread()))
			for range 50 {
				next := table.next(at)
				for schedule.Next(named).Before(at) || !named.Add(share(table.name, min(table.spread(), schedule.Next(named).Sub(named)/2))).After(at) {
					named = schedule.Next(named)
				}
				if late := next.Sub(named); late < 0 || late > schedule.Next(named).Sub(named)/2 {
					t.Fatalf("%s: the time %v is polled at %v", expression, named, next)
				}
				at, named = next, schedule.Next(named)
			}
		}
	}
}

func TestAMailboxKeepsItsPlaceAfterARestart(t *testing.T) {
	t.Parallel()
	table := timetable{interval(time.Hour), "helpdesk", 10}
	before := table.next(table.next(aMoment))
	if after := table.next(before.Add(-40 * time.Minute)); !after.Equal(before) {
		t.Errorf("polled at %v, and after a restart at %v", before, after)
	}
}

func TestTheFirstPoll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		table timetable
		want  time.Duration
	}{
		{"a single mailbox is polled at once", timetable{interval(time.Hour), "helpdesk", 1}, 0},
		{"so is one whose schedule says no interval", timetable{cron.Every(time.Minute), "helpdesk", 1}, 0},
		{"a cron expression is waited for", timetable{mustParse(t, "0 20 * * *"), "helpdesk", 1}, 12*time.Hour - 10*time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.table.first(aMoment).Sub(aMoment); got != tt.want {
				t.Errorf("polled after %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAMailboxThatIsTakenOverIsPolledWhenItIsDue(t *testing.T) {
	t.Parallel()
	everyHour := timetable{interval(time.Hour), "helpdesk", 1}
	daily := timetable{mustParse(t, "0 20 * * *"), "helpdesk", 1}
	for _, tt := range []struct {
		name  string
		table timetable
		due   time.Time
		want  time.Time
	}{
		{"at the time that was noted", everyHour, aMoment.Add(time.Second), aMoment.Add(time.Second)},
		{"at once if that has passed", everyHour, aMoment.Add(-time.Second), aMoment},
		{"at once if a time of its cron expression was missed", daily, aMoment.Add(-time.Hour), aMoment},
		{"no later than its schedule says now", everyHour, aMoment.Add(24 * time.Hour), everyHour.next(aMoment)},
		{"as after a start if none was noted", everyHour, time.Time{}, aMoment},
		{"at its next time if none was noted for a cron expression", daily, time.Time{}, daily.next(aMoment)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.table.resume(tt.due, aMoment); !got.Equal(tt.want) {
				t.Errorf("polled at %v, want %v", got, tt.want)
			}
		})
	}
	var times []time.Time
	for _, table := range manyTables(interval(time.Hour), 1000) {
		times = append(times, table.resume(aMoment.Add(-time.Minute), aMoment))
	}
	wantSpread(t, times, aMoment, 30*time.Second)
}

func TestFailuresSlowPollsDown(t *testing.T) {
	t.Parallel()
	const name = "helpdesk"
	every30, hourly := interval(30*time.Second), mustParse(t, "0 * * * *")
	inStep := nextInStep(aMoment, 30*time.Second, share(name, 30*time.Second)).Sub(aMoment)
	for _, tt := range []struct {
		name      string
		schedule  cron.Schedule
		failures  int
		permanent bool
		want      time.Duration // after now, without the share of a fifth
		slow      time.Duration // of which the mailbox's share of a fifth is added
	}{
		{"a healthy mailbox keeps its interval", every30, 0, false, inStep, 0},
		{"a cron expression is kept", hourly, 0, false, time.Hour - 10*time.Second, 0},
		{"one failure does not slow a slow schedule", hourly, 1, false, time.Hour - 10*time.Second, 0},
		{"one failure that may pass keeps the interval", every30, 1, false, inStep, 0},
		{"three failures that may pass wait 40 s", every30, 3, false, 40 * time.Second, 40 * time.Second},
		{"many failures that may pass wait 5 min", every30, 90, false, 5 * time.Minute, 5 * time.Minute},
		{"a failure that needs a person waits 1 min", every30, 1, true, time.Minute, time.Minute},
		{"many failures that need a person wait 15 min", every30, 90, true, 15 * time.Minute, 15 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := timetable{tt.schedule, name, 1}.nextAfter(aMoment, tt.failures, tt.permanent).Sub(aMoment)
			if want := tt.want + share(name, tt.slow/5); got != want {
				t.Errorf("next poll in %v, want %v", got, want)
			}
		})
	}
}

func TestAScheduleWhoseTimeNeverComesDoesNotPollAllTheTime(t *testing.T) {
	t.Parallel()
	never := timetable{mustParse(t, "0 0 30 2 *"), "helpdesk", 1}
	if next := never.next(aMoment); next.Before(aMoment.AddDate(0, 6, 0)) {
		t.Errorf("polled at %v", next)
	}
}
