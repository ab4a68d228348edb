package daemon

import (
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"
)

// maxJitter bounds how far a mailbox's polls are moved, so that many mailboxes of one server are not all polled at once.
const maxJitter = 10 * time.Second

// jitter is how far the polls of a mailbox are moved: between 0 and a fifth of its interval, always the same
// for the same name.
func jitter(name string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	span := min(interval/5, maxJitter)
	if span <= 0 {
		return 0
	}
	return time.Duration(h.Sum64() % uint64(span))
}

// firstPoll is when a mailbox is polled first: at once where polls are a fixed time apart, but for the jitter, and at
// its schedule's next time otherwise.
func firstPoll(schedule cron.Schedule, name string, now time.Time) time.Time {
	fixed, ok := schedule.(interface{ Every() time.Duration }) // as config.Schedule has it; 0 for a cron expression
	if ok && fixed.Every() > 0 {
		return now.Add(jitter(name, fixed.Every()))
	}
	return nextPoll(schedule, name, now, 0, false)
}

// nextPoll is when a mailbox is polled again after now: at its schedule's next time, moved by its jitter. After
// failures it is polled more slowly (see slowdown).
func nextPoll(schedule cron.Schedule, name string, now time.Time, failures int, permanent bool) time.Time {
	next := schedule.Next(now)
	moved := jitter(name, schedule.Next(next).Sub(next))
	next = schedule.Next(now.Add(-moved)).Add(moved) // the same distance from now on, not a longer one
	if slow := slowdown(failures, permanent); slow > next.Sub(now) {
		next = now.Add(slow + jitter(name, slow))
	}
	return next
}

// slowdown is the least wait after so many failed polls in a row: doubled with each, from 10 s to 5 min when
// waiting may help, from 1 min to 15 min when a person has to act first.
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
