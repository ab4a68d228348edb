package daemon

import (
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"
)

// maxJitter limits how far a mailbox's polls are moved, so that many mailboxes of one server are not polled all at
// once.
const maxJitter = 10 * time.Second

// jitter returns how far the polls of a mailbox are moved: between 0 and a fifth of its interval, always the same for
// the same name.
func jitter(name string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	span := min(interval/5, maxJitter)
	if span <= 0 {
		return 0
	}
	return time.Duration(h.Sum64() % uint64(span))
}

// firstPoll returns when a mailbox is polled first: at once, apart from the jitter, if its polls are a fixed time
// apart, and at the schedule's next time otherwise.
func firstPoll(schedule cron.Schedule, name string, now time.Time) time.Time {
	fixed, ok := schedule.(interface{ Every() time.Duration }) // config.Schedule has it; 0 for a cron expression
	if ok && fixed.Every() > 0 {
		return now.Add(jitter(name, fixed.Every()))
	}
	return nextPoll(schedule, name, now, 0, false)
}

// nextPoll returns when a mailbox is polled again after now: at its schedule's next time, moved by its jitter, or later
// after failures (see slowdown).
func nextPoll(schedule cron.Schedule, name string, now time.Time, failures int, permanent bool) time.Time {
	next := schedule.Next(now)
	moved := jitter(name, schedule.Next(next).Sub(next))
	next = schedule.Next(now.Add(-moved)).Add(moved) // the interval stays the same, the jitter does not lengthen it
	if slow := slowdown(failures, permanent); slow > next.Sub(now) {
		next = now.Add(slow + jitter(name, slow))
	}
	return next
}

// slowdown returns the shortest wait after a number of failed polls in a row. It doubles with each failure: from 10 s
// to 5 min when waiting may help, from 1 min to 15 min when a person has to act first.
func slowdown(failures int, permanent bool) time.Duration {
	if failures == 0 {
		return 0
	}
	first, last := 10*time.Second, 5*time.Minute
	if permanent {
		first, last = time.Minute, 15*time.Minute
	}
	return min(first<<min(failures-1, 10), last)
}
