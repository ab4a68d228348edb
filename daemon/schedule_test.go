package daemon

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

func TestJitterIsStableForAMailboxAndSpreadsMailboxes(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for _, name := range []string{"helpdesk", "monitoring", "hr", "facilities"} {
		j := jitter(name, 30*time.Second)
		if j != jitter(name, 30*time.Second) {
			t.Errorf("jitter of %s differs from call to call", name)
		}
		if j < 0 || j >= 6*time.Second {
			t.Errorf("jitter of %s is %v, outside a fifth of 30 s", name, j)
		}
		seen[j] = true
	}
	if len(seen) < 3 {
		t.Errorf("four mailboxes share %d jitters", len(seen))
	}
}

func TestJitterOfALongIntervalIsLimited(t *testing.T) {
	t.Parallel()
	if j := jitter("helpdesk", 24*time.Hour); j >= maxJitter {
		t.Errorf("jitter is %v", j)
	}
}

func TestNextPoll(t *testing.T) {
	t.Parallel()
	const name = "helpdesk"
	now := time.Date(2026, 3, 2, 8, 0, 10, 0, time.UTC)
	every30, hourly := cron.Every(30*time.Second), mustParse(t, "0 * * * *")
	for _, tt := range []struct {
		name      string
		schedule  cron.Schedule
		failures  int
		permanent bool
		want      time.Duration // after now, without jitter
		interval  time.Duration // that the jitter comes from
	}{
		{"a healthy mailbox keeps its interval", every30, 0, false, 30 * time.Second, 0},
		{"a cron expression is kept", hourly, 0, false, time.Hour - 10*time.Second, time.Hour},
		{"one failure does not slow a slow schedule", hourly, 1, false, time.Hour - 10*time.Second, time.Hour},
		{"one failure that may pass keeps the interval", every30, 1, false, 30 * time.Second, 0},
		{"three failures that may pass wait 40 s", every30, 3, false, 40 * time.Second, 40 * time.Second},
		{"many failures that may pass wait 5 min", every30, 90, false, 5 * time.Minute, 5 * time.Minute},
		{"a failure that needs a person waits 1 min", every30, 1, true, time.Minute, time.Minute},
		{"many failures that need a person wait 15 min", every30, 90, true, 15 * time.Minute, 15 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := nextPoll(tt.schedule, name, now, tt.failures, tt.permanent).Sub(now)
			// cron's schedules are on whole seconds.
			if want := tt.want + jitter(name, tt.interval); got > want || got <= want-time.Second {
				t.Errorf("next poll in %v, want %v", got, want)
			}
		})
	}
}

func mustParse(t *testing.T, expression string) cron.Schedule {
	t.Helper()
	s, err := cron.ParseStandard(expression)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// interval is a schedule that says its interval, as that of a configuration does.
type interval time.Duration

func (i interval) Next(t time.Time) time.Time { return t.Add(time.Duration(i)) }
func (i interval) Every() time.Duration       { return time.Duration(i) }

func TestFirstPoll(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 8, 0, 10, 0, time.UTC)
	if wait := firstPoll(interval(time.Hour), "helpdesk", now).Sub(now); wait >= maxJitter {
		t.Errorf("every hour, and the first poll comes after %v", wait)
	}
	if first := firstPoll(mustParse(t, "0 20 * * *"), "helpdesk", now); first.Hour() != 20 {
		t.Errorf("at 20:00, and the first poll comes at %v", first)
	}
}
