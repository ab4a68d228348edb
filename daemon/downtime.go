package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// downtime is a time during which the database could not be used, and that is over.
type downtime struct {
	DatabaseStatus           // how it was
	to             time.Time // when it was over; Since is when it began
}

// sameOutage is how much the times that two daemons know of one outage may differ.
const sameOutage = time.Minute

// reportOutages opens an event for each outage of the database that is over, and marks it as processed at once.
func (g *diagnosis) reportOutages(ctx context.Context, s Status) error {
	for {
		o, ok := g.daemon.nextDowntime()
		if !ok {
			return nil
		}
		if isWorth(o, s) {
			if err := g.reportOutage(ctx, s, o); err != nil {
				return err
			}
		}
		g.daemon.forgetDowntime()
	}
}

// isWorth reports whether an outage is worth an event. At the start of the machine, the database may need some time.
func isWorth(o downtime, s Status) bool {
	if o.Cause == CauseAttachmentDirectory {
		return false // it is reported while it lasts
	}
	isAtStart := o.Since.Sub(s.StartedAt) < beatEvery
	return !isAtStart || o.to.Sub(o.Since) >= settleTime
}

// nextDowntime returns the outage that is to be reported next.
func (d *Daemon) nextDowntime() (downtime, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.missed) == 0 {
		return downtime{}, false
	}
	return d.missed[0], true
}

// forgetDowntime removes the outage that nextDowntime returns.
func (d *Daemon) forgetDowntime() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missed = d.missed[1:]
}

// reportOutage opens the event for an outage and closes it, unless another daemon has reported the same outage: then it adds
// an activity if this daemon was without the database for longer.
func (g *diagnosis) reportOutage(ctx context.Context, s Status, o downtime) error {
	refs, err := g.references(ctx, nil)
	if err != nil {
		return err
	}
	key := store.ProblemKey{Kind: store.ProblemDatabase, Source: outageSource}
	r := report{key: key, view: view{at: s.At, reporter: s.Holder}}
	var p *store.Problem
	err = g.store().Write(ctx, refs.Login, func(j *store.Journal) (err error) {
		p = nil
		if found, err := j.FindProblem(ctx, key); err != nil || found != nil {
			return err // found is closed in the transaction that opens it, so this cannot be
		}
		before, err := j.ProblemsLately(ctx, key, max(s.At.Sub(o.Since)+sameOutage, oneOutageEvent))
		if err != nil {
			return err
		}
		for _, b := range before {
			if b.LastSeenAt.After(o.Since) {
				return addDowntime(ctx, j, r, b, o)
			}
		}
		lately := slices.DeleteFunc(before, func(b store.Problem) bool { return s.At.Sub(b.LastSeenAt) > flappingTime })
		if n := len(lately); n >= flappingBegins || n > 0 && lately[n-1].Count > 1 {
			return addOutage(ctx, j, r, &lately[n-1], o)
		}
		event := refs.Event(reasonOf(processor.ReasonTrouble, key), outageSubject(o), r.outage(o, len(lately)+1))
		if p, err = j.OpenProblem(ctx, key, event); err != nil {
			return err
		}
		return errors.Join(j.DateProblem(ctx, p, o.Since), j.CloseProblem(ctx, p, reasonOf(processor.ReasonTroubleOver, key), nil))
	})
	if err == nil && p != nil {
		g.log.troubleReported(p, r)
	}
	return err
}

// outageSource is the source of problems that the database could not be used. While the database refuses to record mail and
// answers otherwise, the source is databaseSource.
const outageSource = "outage"

// oneOutageEvent is how long outages of a database that comes and goes are added to the same event.
const oneOutageEvent = 24 * time.Hour

// addOutage adds an outage to the event of an earlier one, because the database comes and goes. The event is processed again
// afterwards.
func addOutage(ctx context.Context, j *store.Journal, r report, p *store.Problem, o downtime) error {
	err := j.SeeProblem(ctx, p, &store.NewActivity{
		Reason: reasonOf(processor.ReasonTroubleLasts, r.key),
		Body:   "The database could not be used again, and is back.\n\n" + r.reporter() + "\n\n" + span(o) + "\n\nThe error:\n" + o.Err.Error() + "\n",
	})
	if err != nil {
		return err
	}
	_, err = j.SetState(ctx, store.StateChange{
		Request: p.Event, Activity: p.Activity, State: processor.StateProcessed, Reason: reasonOf(processor.ReasonTroubleOver, r.key),
	})
	return err
}

// addDowntime adds to the event of another daemon that the outage was longer for this one.
func addDowntime(ctx context.Context, j *store.Journal, r report, p store.Problem, o downtime) error {
	if p.FirstSeenAt.Sub(o.Since) < sameOutage && o.to.Sub(p.LastSeenAt) < sameOutage {
		return nil
	}
	_, err := j.Add(ctx, store.NewActivity{
		Request: p.Event, Reason: reasonOf(processor.ReasonTroubleLasts, r.key),
		Body: "Another daemon was without the database in that time, too.\n\n" + r.reporter() + "\n\n" + span(o),
	})
	return err
}

// outageSubject names the outage and its duration.
func outageSubject(o downtime) string {
	return "The database could not be used for " + lasting(o.to.Sub(o.Since))
}

// span says from when to when an outage lasted. The daemon notices a silent database only after it has waited for an answer.
func span(o downtime) string {
	text := fmt.Sprintf("From %s\nto   %s: %s.", moment(o.Since), moment(o.to), lasting(o.to.Sub(o.Since)))
	var silent *silentError
	if errors.As(o.Err, &silent) {
		text += "\nThe daemon noticed the outage at the first of these times, after it had waited for an answer: it may have begun up to " +
			lasting(silent.limit) + " before."
	}
	return text
}

// outage returns the text of the event about an outage. began says how many there were within an hour.
func (r report) outage(o downtime, began int) string {
	g := guides[guideOutage]
	var b paragraphs
	b.add("What happened", g.what+"\n"+r.reporter())
	b.add("When", span(o))
	if began >= flappingBegins {
		b.add("", fmt.Sprintf("The database comes and goes: this was outage %d within an hour. Further ones are added to this event, until there has "+
			"been none for an hour.", began))
	}
	b.add("The error", o.Err.Error())
	b.add("What it means for mail", g.meaning)
	if !errors.Is(o.Err, store.ErrUnavailable) { // otherwise the hint only says what became of the mail
		r.seen = []sighting{{hint: Hint(o.Err)}}
	}
	b.add("What to do", r.steps(g))
	b.add("", "The outage is over, so MailIntegration has marked this event as processed.")
	return b.String()
}
