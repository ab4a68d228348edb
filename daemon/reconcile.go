package daemon

import (
	"slices"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

const (
	// flappingBegins is how often a trouble must begin within flappingTime to count as one that comes and goes.
	flappingBegins = 3
	// flappingTime is also how long a trouble that comes and goes must be quiet until it counts as over.
	flappingTime = time.Hour
	// gatherTime is how long mailboxes that join a problem wait for others, until an activity names them all.
	gatherTime = 5 * time.Minute
	// seenAgain is the time between two notes in the database that a trouble of no mailbox lasts, mailboxSeenAgain between
	// two notes that it lasts for a mailbox.
	seenAgain        = time.Minute
	mailboxSeenAgain = 5 * time.Minute
	// problemForgotten is the time without such a note after which a trouble of no mailbox is over. mailboxForgotten is the
	// time after which a mailbox is not polled by any daemon any more.
	problemForgotten = 2 * time.Minute
	mailboxForgotten = 15 * time.Minute
	// singleForgotten replaces both for a single run.
	singleForgotten = 24 * time.Hour
	// loopQuiet is how long a loop must be quiet to be over.
	loopQuiet = time.Hour
)

// tellAfter are the times after the opening of an event at which an activity says that the trouble lasts; afterwards one says
// so each day.
var tellAfter = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}

// tellApart is the least time between an activity that says that a trouble lasts and the next of tellAfter. The time at which an
// event was opened is read later than it was, by the time that the database takes to answer: without a distance, the activity
// that has just been added would be due once more.
const tellApart = time.Minute

// nextTell returns when the next activity is due, after one that is added now, that says that a trouble lasts.
func nextTell(opened, now time.Time, daily bool) time.Time {
	now = now.Add(tellApart)
	for _, after := range tellAfter {
		if at := opened.Add(after); !daily && at.After(now) {
			return at
		}
	}
	const day = 24 * time.Hour
	return opened.Add((max(now.Sub(opened), 0)/day + 1) * day)
}

// step says what to write about an open problem after a look.
type step struct {
	seen    bool                   // note that the trouble lasts
	planned bool                   // the plan of the problem has changed
	rows    []store.ProblemMailbox // mailboxes to note
	told    []string               // mailboxes that the activity names for the first time
	tell    bool                   // add an activity: the trouble lasts
	close   bool                   // the trouble is over
	orphans int                    // how many mailboxes are over it because no daemon polls them any more
}

// isEmpty reports whether there is nothing to write.
func (s step) isEmpty() bool { return !s.seen && !s.planned && len(s.rows) == 0 && !s.tell && !s.close }

// isManaged reports whether the diagnosis decides when a problem is over. The others end with their messages.
func isManaged(p store.Problem) bool {
	switch p.Kind {
	case store.ProblemReply:
		return false
	case store.ProblemMessage:
		return len(p.Mailboxes) > 0 // the status shows it; otherwise its messages were set aside
	}
	return true
}

// plan says what a view makes of an open problem, and returns the problem as it will be then. It is pure.
func plan(p store.Problem, v view) (store.Problem, step) {
	p.Mailboxes = slices.Clone(p.Mailboxes)
	r := reconciliation{problem: &p, view: v, seen: v.of(p.ProblemKey), changed: map[int]bool{}}
	lasts := r.lasts()
	switch {
	case lasts:
		r.goOn()
	case p.Began < flappingBegins || p.Kind == store.ProblemLoop:
		r.step.close = true
	case p.QuietSince.IsZero():
		p.QuietSince, r.step.planned = v.at, true
	case v.at.Sub(p.QuietSince) >= flappingTime:
		r.step.close = true
	}
	for i, m := range p.Mailboxes {
		if r.changed[i] {
			r.step.rows = append(r.step.rows, m)
		}
	}
	return p, r.step
}

// reconciliation is one plan under way.
type reconciliation struct {
	problem *store.Problem
	view    view
	seen    []sighting
	changed map[int]bool // which of the problem's mailboxes to note
	step    step
}

// lasts reports whether the trouble lasts, and notes what has changed for the mailboxes.
func (r *reconciliation) lasts() bool {
	p, v := r.problem, r.view
	if p.Kind == store.ProblemLoop {
		return v.at.Sub(p.LastSeenAt) < loopQuiet
	}
	lasts := false
	for _, s := range r.seen {
		if s.mailbox == "" || r.see(s) {
			lasts = true
		}
	}
	for i := range p.Mailboxes {
		if m := &p.Mailboxes[i]; m.RecoveredAt.IsZero() && !r.isSeen(m.Mailbox) && r.lastsFor(i, m) {
			lasts = true
		}
	}
	if lasts || len(p.Mailboxes) > 0 {
		return lasts
	}
	silence := v.at.Sub(p.LastSeenAt)
	if p.Kind == store.ProblemConfiguration && v.files[p.Source] { // a daemon may see a file of this name on another machine
		return !v.watching.IsZero() && silence < problemForgotten
	}
	return !v.hasForgotten(silence, problemForgotten)
}

// see notes the sighting of a mailbox and reports whether the problem has the mailbox. A mailbox joins when its trouble has
// outlasted a retry.
func (r *reconciliation) see(s sighting) bool {
	p := r.problem
	i := slices.IndexFunc(p.Mailboxes, func(m store.ProblemMailbox) bool { return strings.EqualFold(m.Mailbox, s.mailbox) })
	gather := gatherTime
	row := store.ProblemMailbox{Mailbox: s.mailbox, Since: s.since, LastSeenAt: r.view.at, Detail: s.detail}
	switch {
	case i >= 0 && p.Mailboxes[i].RecoveredAt.IsZero():
		if r.view.at.Sub(p.Mailboxes[i].LastSeenAt) >= mailboxSeenAgain {
			p.Mailboxes[i].LastSeenAt, p.Mailboxes[i].Detail = r.view.at, s.detail
			r.changed[i] = true
		}
		return true
	case !s.confirmed:
		return false
	case i >= 0:
		if r.view.at.Sub(p.Mailboxes[i].RecoveredAt) < flappingTime {
			gather = flappingTime // it comes and goes
		}
		row.Told = p.Mailboxes[i].Told && p.Began >= flappingBegins
		p.Mailboxes[i] = row
	default:
		i = len(p.Mailboxes)
		p.Mailboxes = append(p.Mailboxes, row)
	}
	r.changed[i] = true
	if soon := r.view.at.Add(gather); !row.Told && p.TellAt.After(soon) {
		p.TellAt, r.step.planned = soon, true
	}
	return true
}

// isSeen reports whether the view shows the trouble for a mailbox.
func (r *reconciliation) isSeen(mailbox string) bool {
	return slices.ContainsFunc(r.seen, func(s sighting) bool { return strings.EqualFold(s.mailbox, mailbox) })
}

// lastsFor reports whether the trouble lasts for a mailbox of which the view does not show it.
func (r *reconciliation) lastsFor(i int, m *store.ProblemMailbox) bool {
	v, silence := r.view, r.view.at.Sub(m.LastSeenAt)
	switch v.stanceOn(m.Mailbox, r.problem.Kind) {
	case sure:
		m.RecoveredAt, r.changed[i] = v.at, true
		return false
	case unsure:
		if silence >= mailboxSeenAgain {
			m.LastSeenAt, r.changed[i] = v.at, true
		}
	case notOurs:
		if v.hasForgotten(silence, mailboxForgotten) {
			m.RecoveredAt, r.changed[i] = v.at, true
			r.step.orphans++
			return false
		}
	}
	return true
}

// hasForgotten reports whether a silence is so long, at least limit, that no daemon sees the trouble any more. A daemon knows
// only after it has watched for that time. Single runs may be hours apart, so for them the silence must last a day.
func (v view) hasForgotten(silence, limit time.Duration) bool {
	if v.watching.IsZero() {
		return silence >= singleForgotten
	}
	return silence >= limit && v.at.Sub(v.watching) >= limit
}

// goOn goes on with a trouble that lasts.
func (r *reconciliation) goOn() {
	p, now := r.problem, r.view.at
	if p.Kind == store.ProblemLoop {
		return // its messages count it
	}
	if !p.QuietSince.IsZero() {
		p.QuietSince, r.step.planned = time.Time{}, true
		p.Began++
	}
	if len(r.seen) > 0 && now.Sub(p.LastSeenAt) >= seenAgain {
		r.step.seen = true
	}
	if p.TellAt.IsZero() || p.TellAt.After(now) {
		return
	}
	if p.Kind == store.ProblemSilence && p.EventState == processor.StateProcessed {
		return // a person has said that nobody wrote: an activity would reopen the event
	}
	r.step.tell, r.step.planned = true, true
	p.Told++
	p.TellAt = nextTell(p.OpenedAt, now, isDaily(r.seen))
	for i := range p.Mailboxes {
		if m := &p.Mailboxes[i]; m.RecoveredAt.IsZero() && !m.Told {
			m.Told, r.changed[i] = true, true
			r.step.told = append(r.step.told, m.Mailbox)
		}
	}
}

// isDaily reports whether a trouble is one that nobody has to hear of more than once a day.
func isDaily(seen []sighting) bool {
	return len(seen) > 0 && !slices.ContainsFunc(seen, func(s sighting) bool { return !guides[s.guide].daily })
}
