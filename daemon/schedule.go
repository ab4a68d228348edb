package daemon

import (
	"hash/fnv"
	"math/bits"
	"time"

	"github.com/robfig/cron/v3"
)

// spreadPerMailbox is how much time the polls of one more mailbox add to those that would begin at the same moment: a
// thousand mailboxes begin within 30 s.
const spreadPerMailbox = 30 * time.Millisecond

// timetable computes when a mailbox is polled. The polls of different mailboxes are spread by a hash of their names, so
// that they do not all begin at once; a mailbox keeps its place from run to run, and from daemon to daemon.
type timetable struct {
	schedule  cron.Schedule
	name      string // the mailbox's
	mailboxes int    // how many mailboxes the daemon has
}

// interval returns the time between two polls of a schedule that has a fixed one, 0 for a cron expression.
func (t timetable) interval() time.Duration {
	switch s := t.schedule.(type) {
	case interface{ Every() time.Duration }: // config.Schedule
		return s.Every()
	case cron.ConstantDelaySchedule:
		return s.Delay
	}
	return 0
}

// spread returns the time over which the daemon spreads the polls of mailboxes that are due at the same moment, 0 for a
// single mailbox.
func (t timetable) spread() time.Duration {
	return time.Duration(max(0, t.mailboxes-1)) * spreadPerMailbox
}

// first returns when a mailbox is polled first after a start: at a time of its cron expression, or, where its polls are
// a fixed time apart, as soon as the spread allows.
func (t timetable) first(now time.Time) time.Time {
	if t.interval() == 0 {
		return t.next(now)
	}
	return t.soon(now)
}

// soon returns now, moved by the mailbox's share of the spread.
func (t timetable) soon(now time.Time) time.Time {
	span := t.spread()
	if interval := t.interval(); interval > 0 {
		span = min(span, interval)
	}
	return now.Add(share(t.name, span))
}

// resume returns when a mailbox is polled that was due at a time that an earlier run, or another daemon, has noted: at
// that time, but no later than this schedule wants; if the time has passed, as soon as the spread allows.
func (t timetable) resume(due, now time.Time) time.Time {
	switch next := t.next(now); {
	case due.IsZero():
		return t.first(now)
	case !due.After(now):
		return t.soon(now)
	case next.Before(due):
		return next
	}
	return due
}

// next returns when a mailbox is polled again after now.
func (t timetable) next(now time.Time) time.Time {
	if interval := t.interval(); interval > 0 {
		return nextInStep(now, interval, share(t.name, interval))
	}
	return t.nextOfCron(now)
}

// nextInStep returns the next time that lies phase after a multiple of interval. If that is closer than half an
// interval, as after the first poll of a run, it returns a time on the way to the one after it: two polls are never
// more than the interval apart, nor less than half of it.
func nextInStep(now time.Time, interval, phase time.Duration) time.Time {
	step := now.Truncate(interval).Add(phase)
	if !step.After(now) {
		step = step.Add(interval)
	}
	if wait := step.Sub(now); wait < interval/2 {
		return now.Add((wait + interval) / 2)
	}
	return step
}

// nextOfCron returns the next time of a cron expression. Each time is moved by the mailbox's share of the spread, at
// most half-way to the one that follows.
func (t timetable) nextOfCron(now time.Time) time.Time {
	spread := t.spread()
	for at := t.schedule.Next(now.Add(-spread)); ; {
		following := t.schedule.Next(at)
		if moved := at.Add(share(t.name, min(spread, following.Sub(at)/2))); moved.After(now) {
			return moved
		}
		if !following.After(at) { // cron looks ahead five years and found no time
			return now.AddDate(1, 0, 0)
		}
		at = following
	}
}

// share returns a part of span, between 0 and all of it, that is always the same for the same name.
func share(name string, span time.Duration) time.Duration {
	if span <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	part, _ := bits.Mul64(mixed(h.Sum64()), uint64(span))
	return time.Duration(part)
}

// mixed makes all bits of a hash depend on each other (the finalizer of SplitMix64): names that differ in their last
// letter have nearly the same upper bits in FNV.
func mixed(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// nextAfter returns when a mailbox is polled again after now and a number of failed polls in a row: as its schedule
// says, or later (see slowdown).
func (t timetable) nextAfter(now time.Time, failures int, permanent bool) time.Time {
	next := t.next(now)
	if slow := slowdown(failures, permanent); slow > next.Sub(now) {
		return now.Add(slow + share(t.name, slow/5)) // so that mailboxes that failed together do not return together
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
