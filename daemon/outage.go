package daemon

import "time"

// outage is the time during which the database cannot be used, for one cause.
type outage struct {
	told int // how often the log has told that it lasts
}

// newOutage returns the outage for a cause. A schema that does not fit is an error from the beginning.
func newOutage(c Cause) outage {
	if c == CauseSchema {
		return outage{told: 1}
	}
	return outage{}
}

// isDue reports whether the log tells now that an outage lasts: once it has outlasted a retry, then at growing intervals,
// and in the end once a day. Each moment is told once, and what was missed is not made up for.
func (o *outage) isDue(lasts time.Duration) bool {
	due := false
	for ; lasts >= retold(o.told); o.told++ {
		due = true
	}
	return due
}

// retold returns after which time the log tells for the n-th time, from 0, that an outage lasts: at the times of the activities
// of an event, and once before.
func retold(n int) time.Duration {
	switch {
	case n == 0:
		return beatEvery
	case n <= len(tellAfter):
		return tellAfter[n-1]
	}
	return time.Duration(n-len(tellAfter)) * 24 * time.Hour
}

// noteDatabase notes in the status whether the database can be used. It logs it when that is new, and again while an outage
// lasts. At its end the polls go on at once.
func (d *Daemon) noteDatabase(err error) {
	now := d.options().Now()
	d.mu.Lock()
	was := d.database
	is := DatabaseStatus{Cause: CauseOf(err), Err: err, Since: was.Since}
	isNew := is.Cause != was.Cause
	wasTold := d.outage.told > 0
	if was.Since.IsZero() || isNew {
		is.Since, d.outage = now, newOutage(is.Cause)
	}
	d.database = is
	if isNew && was.Err != nil && wasTold {
		d.missed = append(d.missed, downtime{was, now})
	}
	lasts := now.Sub(is.Since)
	told := err != nil && d.outage.isDue(lasts)
	workers := d.workers
	d.mu.Unlock()
	switch {
	case isNew && err != nil:
		d.log().databaseUnusable(is)
	case told:
		d.log().databaseOutage(is, lasts)
	case isNew:
		d.log().databaseUsable(now.Sub(was.Since), wasTold)
		for _, w := range workers {
			w.notify()
		}
	}
}

// isPaused reports whether no session begins, because the last beat says that the database cannot be used: what a session
// retrieved could not be recorded. Nothing is deleted, and the mail waits on its server.
func (d *Daemon) isPaused() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pauses()
}

// pauses does the same as isPaused for a caller that holds d.mu. A single run ends with an error instead.
func (d *Daemon) pauses() bool { return d.running && d.database.Err != nil }
