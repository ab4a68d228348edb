package daemon

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

const (
	// lookEvery is the time between two looks at the status.
	lookEvery = 10 * time.Second
	// readEvery is the time between two readings of the open problems while nothing is wrong.
	readEvery = time.Minute
	// reportTime is how long the database may take for all that one look writes.
	reportTime = time.Minute
	// gapTime is the time between two looks that is so long that the daemon may have missed something: it was paused.
	gapTime = time.Minute
)

// diagnosis turns what the status says into events. It looks at the status every few seconds and compares it with the problems
// that are open in the database. Nothing waits for it: neither a poll nor a beat.
type diagnosis struct {
	daemon   *Daemon
	reporter store.Holder
	log      events
	lent     *store.Store // to write with while the daemon has no store yet, otherwise nil

	watching time.Time // since when nothing was missed; zero for a single run
	looked   time.Time // the last look
	readAt   time.Time // when the open problems were read last
	open     bool      // some of them concern the diagnosis
	noticed  map[noticing]notice
	failure  string // the error of the last attempt to write, "" when it went well
}

// newDiagnosis returns the diagnosis of a daemon.
func newDiagnosis(d *Daemon, reporter store.Holder) *diagnosis {
	return &diagnosis{daemon: d, reporter: reporter, log: d.log(), noticed: map[noticing]notice{}}
}

// run looks until ctx is cancelled. A look that fails is made again: all that it writes is in the database once.
func (g *diagnosis) run(ctx context.Context) {
	if len(g.daemon.options().EventNames) == 0 {
		return
	}
	pulse := &g.daemon.pulses.looks
	defer pulse.rest()
	for {
		pulse.beat(g.daemon.options().Now(), lookPromise)
		fires, stop := g.daemon.timer(lookEvery)
		select {
		case <-fires:
		case <-ctx.Done():
			stop()
			return
		}
		g.look(ctx)
	}
}

// look looks at the status once. A panic ends the look only.
func (g *diagnosis) look(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	err := caught(func() error { return g.report(bounded, g.daemon.Status()) })
	if ctx.Err() == nil {
		g.noteFailure(err)
	}
}

// caught calls f and returns its panic as an error.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}

// noteFailure logs how a look ended, if the one before ended otherwise.
func (g *diagnosis) noteFailure(err error) {
	was := g.failure
	g.failure = ""
	if err != nil {
		g.failure = err.Error()
	}
	if err != nil && g.failure != was {
		g.log.troubleNotReported(err)
	}
}

// report writes what a status says that the database does not know yet.
func (g *diagnosis) report(ctx context.Context, s Status) error {
	s.Holder = g.reporter
	g.notePause(s)
	if s.Database.Err != nil && s.Database.Cause != CauseAttachmentDirectory || g.store() == nil {
		return nil // the outage is reported when it is over
	}
	err := g.reportOutages(ctx, s)
	v := g.see(s)
	if !g.open && !isConfirmed(v.sightings) && s.At.Sub(g.readAt) < readEvery {
		return err
	}
	return errors.Join(err, g.compare(ctx, v))
}

// notePause notes when the daemon has missed something, because it was paused or without the database: then it cannot tell
// from a long silence that nobody polls a mailbox any more.
func (g *diagnosis) notePause(s Status) {
	isDown := s.Database.Err != nil && s.Database.Cause != CauseAttachmentDirectory
	if g.watching.IsZero() || isDown || s.At.Sub(g.looked) > gapTime {
		g.watching = s.At
	}
	g.looked = s.At
}

// once looks at the status of a single run that began at some time, after its polls. Such a run sees a trouble once, so a trouble
// is confirmed when the mailbox had failed in an earlier run already. A single run concludes only from the silence of a day.
func (g *diagnosis) once(ctx context.Context, started time.Time) {
	if len(g.daemon.options().EventNames) == 0 {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	err := caught(func() error {
		s := g.daemon.Status()
		s.Holder = g.reporter
		v := g.see(s)
		if err := g.confirm(bounded, v.sightings, started); err != nil {
			return err
		}
		return g.compare(bounded, v)
	})
	if ctx.Err() == nil {
		g.noteFailure(err)
	}
}

// confirm confirms the sightings of a single run: those of mailboxes that had failed before it started, and those of
// configuration files, which nobody tries again.
func (g *diagnosis) confirm(ctx context.Context, seen []sighting, started time.Time) error {
	if len(seen) == 0 {
		return nil
	}
	now := g.daemon.options().Now
	asked := now()
	states, err := g.store().MailboxStates(ctx)
	if err != nil {
		return err
	}
	late := now().Sub(asked) // the store takes a time for earlier by what the database needed to answer: this run may have noted it itself
	for i := range seen {
		o := &seen[i]
		for _, m := range states {
			if strings.EqualFold(m.Name, o.mailbox) && m.ProblemSince != nil && m.ProblemSince.Add(late).Before(started) {
				o.confirmed, o.since = true, *m.ProblemSince
			}
		}
		o.confirmed = o.confirmed || o.guide == guideFile
	}
	return nil
}

// see returns the view of a status. A trouble whose beginning the status does not tell began when it was noticed. It is
// confirmed after a number of polls or, without polls, after some time.
func (g *diagnosis) see(s Status) view {
	v := observe(s, g.store().AttachmentDirectory())
	v.watching = g.watching
	before := g.noticed
	g.noticed = map[noticing]notice{}
	for i := range v.sightings {
		o := &v.sightings[i]
		if !o.since.IsZero() {
			continue
		}
		at := noticing{o.key, o.mailbox}
		n, ok := before[at]
		if !ok {
			n.since = s.At
		}
		if !n.polledAt.Equal(o.polledAt) || n.polls == 0 {
			n.polledAt, n.polls = o.polledAt, n.polls+1
		}
		g.noticed[at] = n
		o.since = n.since
		o.confirmed = o.polls > 0 && n.polls >= o.polls || o.polls == 0 && s.At.Sub(n.since) >= settleTime
	}
	return v
}

// noticing says what was noticed, and notice since when, and at how many polls.
type (
	noticing struct {
		key     store.ProblemKey
		mailbox string
	}
	notice struct {
		since, polledAt time.Time
		polls           int
	}
)

// compare compares a view with the open problems, and writes what has changed.
func (g *diagnosis) compare(ctx context.Context, v view) error {
	problems, err := g.store().Problems(ctx, true)
	if err != nil {
		return err
	}
	g.readAt = v.at
	g.open = slices.ContainsFunc(problems, isManaged)
	known := map[store.ProblemKey]bool{}
	var failed []error
	for _, p := range problems {
		known[p.ProblemKey] = true
		if _, s := plan(p, v); isManaged(p) && !s.isEmpty() {
			failed = append(failed, g.follow(ctx, p.ProblemKey, v))
		}
	}
	for _, key := range v.keys() {
		if !known[key] && isConfirmed(v.of(key)) {
			g.open = true
			failed = append(failed, g.openProblem(ctx, key, v))
		}
	}
	return errors.Join(failed...)
}

// store returns the store to write with, nil if there is none.
func (g *diagnosis) store() *store.Store { return cmp.Or(g.lent, g.daemon.options().Store) }

// reportDirectory looks once at the status of a daemon that cannot open its store because of the attachment directory. A
// restart without the share must not end in silence.
func (d *Daemon) reportDirectory(ctx context.Context, reporter store.Holder) {
	o := d.options()
	if o.OpenWithoutFiles == nil || len(o.EventNames) == 0 {
		return
	}
	s, err := o.OpenWithoutFiles(ctx)
	if err != nil {
		return // the next attempt to open the store says so
	}
	defer s.Close()
	g := newDiagnosis(d, reporter)
	g.lent = s
	g.look(ctx)
}

// references returns what an event names. It is about the mailbox, unless several are affected.
func (g *diagnosis) references(ctx context.Context, mailboxes []string) (store.EventReferences, error) {
	about := ""
	if len(mailboxes) == 1 {
		about = mailboxes[0]
	}
	return g.store().EventReferences(ctx, about, g.daemon.options().EventNames...)
}

// openProblem opens the problem and its event, unless another daemon has done so since the problems were read.
func (g *diagnosis) openProblem(ctx context.Context, key store.ProblemKey, v view) error {
	r := report{key, v, v.of(key)}
	refs, err := g.references(ctx, r.mailboxes())
	if err != nil {
		return err
	}
	var opened *store.Problem
	err = g.store().Write(ctx, refs.Login, func(j *store.Journal) (err error) {
		opened = nil
		found, err := j.FindProblem(ctx, key)
		if err != nil || found != nil {
			return err
		}
		lately, err := j.ProblemsLately(ctx, key, flappingTime)
		if err != nil {
			return err
		}
		lately = slices.DeleteFunc(lately, func(p store.Problem) bool { return v.at.Sub(p.FirstSeenAt) > flappingTime })
		if opened, err = openWith(ctx, j, r, r.event(refs, len(lately)+1, lately)); err != nil {
			return err
		}
		opened.Began, opened.TellAt = len(lately)+1, nextTell(v.at, v.at, isDaily(r.seen))
		return errors.Join(j.DateProblem(ctx, opened, r.since()), j.PlanProblem(ctx, opened), j.NoteProblemMailboxes(ctx, opened, r.rows()))
	})
	if err == nil && opened != nil {
		g.log.troubleReported(opened, r)
	}
	return err
}

// openWith opens a problem with its event, and without files if those cannot be kept.
func openWith(ctx context.Context, j *store.Journal, r report, event store.NewRequest) (*store.Problem, error) {
	p, err := j.OpenProblem(ctx, r.key, event)
	if errors.Is(err, store.ErrFilesNotKept) {
		return j.OpenProblem(ctx, r.key, r.withoutFiles(event))
	}
	return p, err
}

// rows returns the mailboxes of a report as rows of its problem. The event names them.
func (r report) rows() (rows []store.ProblemMailbox) {
	for _, s := range r.seen {
		if s.mailbox != "" {
			rows = append(rows, store.ProblemMailbox{Mailbox: s.mailbox, Since: s.since, Detail: s.detail, Told: true})
		}
	}
	return rows
}

// follow writes what has changed for an open problem. It plans again within the transaction, because another daemon may have
// written since the problems were read.
func (g *diagnosis) follow(ctx context.Context, key store.ProblemKey, v view) error {
	r := report{key, v, v.of(key)}
	refs, err := g.references(ctx, nil)
	if err != nil {
		return err
	}
	var closed *store.Problem
	err = g.store().Write(ctx, refs.Login, func(j *store.Journal) (err error) {
		closed = nil
		p, err := j.FindProblem(ctx, key)
		if err != nil || p == nil {
			return err
		}
		if err := j.ReadProblemMailboxes(ctx, p); err != nil {
			return err
		}
		next, s := plan(*p, v)
		if err := carryOut(ctx, j, r, &next, s); err != nil {
			return err
		}
		if s.close {
			closed = &next
		}
		return nil
	})
	if err == nil && closed != nil {
		g.log.troubleOver(closed, r)
	}
	return err
}

// carryOut writes a step of an open problem.
func carryOut(ctx context.Context, j *store.Journal, r report, p *store.Problem, s step) error {
	if err := j.NoteProblemMailboxes(ctx, p, s.rows); err != nil {
		return err
	}
	if s.close {
		last := r.over(*p, s.orphans)
		return j.CloseProblem(ctx, p, r.isOver(), &last)
	}
	if s.planned {
		if err := j.PlanProblem(ctx, p); err != nil {
			return err
		}
	}
	switch {
	case s.tell:
		lasts := r.lasts(*p, s.told)
		return j.SeeProblem(ctx, p, &lasts)
	case s.seen:
		return j.SeeProblem(ctx, p, nil)
	}
	return nil
}

// reasonOf returns the reason of an entry about a problem.
func reasonOf(code processor.ReasonCode, key store.ProblemKey) processor.Reason {
	return processor.NewReason(code, key.String())
}
