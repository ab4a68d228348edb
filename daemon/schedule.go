package daemon

import (
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"
)

// maxJitter bounds how far a mailbox's polls are moved, so that many mailboxes of one server are not all polled at once.
const maxJitter = 10 * time.Second

// jitter is how far the polls of a mailbox are moved: between 0 and a fifth of its interval, always the same
// for the same name, so that two mailboxes keep their distance.
func jitter(name string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	span := min(interval/5, maxJitter)
	if span <= 0 {
		return 0
	}
	return time.Duration(h.Sum64() % uint64(span))
}

// nextPoll is when a mailbox is polled again after now: at its schedule's next time, moved by its jitter. After
// failures it is polled more slowly (see slowdown).
func nextPoll(schedule cron.Schedule, name string, now time.Time, failures int, permanent bool) time.Time {
	next := schedule.Next(now)
	interval := schedule.Next(next).Sub(next)
	next = next.Add(jitter(name, interval))
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
