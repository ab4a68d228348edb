package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/store"
)

// askingTime limits how long mailbox list and status ask the database.
var askingTime = 15 * time.Second

// observation holds what the configuration and the database say about the mailboxes and the daemons.
type observation struct {
	service   *config.Service
	broken    *config.Error
	at        time.Time
	mailboxes []mailboxSummary // in the order of the files; broken ones come last
	daemons   []store.DaemonState
	problems  []openProblem
	listen    *listenReport // who answers at Listen here, nil if nobody was asked
	err       error         // why the database does not say anything, nil when it does
}

// observe reads the configuration, and asks the database what the daemons have written there.
func observe(e *env) (*observation, error) {
	service, _, broken, err := load(e)
	if err != nil {
		return nil, err
	}
	o := &observation{service: service, broken: broken}
	tokens := tokenStore(service)
	for _, m := range service.Mailboxes {
		s := summary(m, tokens)
		s.Denied = e.denied(slices.DeleteFunc([]string{m.File, m.PasswordFile}, func(path string) bool { return path == "" })...)
		o.mailboxes = append(o.mailboxes, s)
	}
	for _, b := range service.Broken {
		o.mailboxes = append(o.mailboxes, brokenSummary(b))
	}
	o.err = o.ask(e)
	o.at = time.Now()
	return o, nil
}

// ask adds what the database says.
func (o *observation) ask(e *env) error {
	ctx, cancel := context.WithTimeout(e.ctx, askingTime)
	defer cancel()
	in := &installation{service: o.service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	defer in.close()
	if err := in.openReadOnly(ctx); err != nil {
		return err
	}
	daemons, err := in.store.DaemonStates(ctx)
	if err != nil {
		return err
	}
	states, err := in.store.MailboxStates(ctx)
	if err != nil {
		return err
	}
	problems, err := in.store.Problems(ctx, true)
	if err != nil {
		return err
	}
	o.daemons, o.problems = daemons, openProblems(problems)
	known := map[string]store.MailboxState{}
	for _, s := range states {
		known[strings.ToLower(s.Name)] = s
	}
	now := time.Now()
	for i := range o.mailboxes {
		m := &o.mailboxes[i]
		m.add(known[strings.ToLower(m.Name)], now)
		for _, p := range o.problems {
			if p.affects(m.Name) {
				m.OpenProblems = append(m.OpenProblems, p)
			}
		}
	}
	return nil
}

// add adds what the database says about a mailbox, the zero state when it does not know the mailbox.
func (s *mailboxSummary) add(known store.MailboxState, now time.Time) {
	isPolled := known.Holder != nil && known.LeaseUntil != nil && known.LeaseUntil.After(now)
	if isPolled {
		s.Holder = &holderSummary{known.Holder.Host, known.Holder.Process, known.Holder.Version}
		s.DueAt = known.DueAt
	}
	s.PolledAt, s.SucceededAt, s.RecordedAt = known.PolledAt, known.SucceededAt, known.RecordedAt
	if known.PolledAt != nil {
		s.Backlog = &known.Backlog
	}
	if known.Problem != "" {
		s.Problem, s.Cause, s.ProblemSince = known.Problem, known.Cause, known.ProblemSince
	}
	if s.State != stateUnknown {
		return
	}
	switch {
	case !isPolled:
		s.State = stateNotPolled
	case known.Problem != "":
		s.State = stateFailing
	case known.PolledAt == nil:
		s.State = stateNew
	default:
		s.State = stateOK
	}
}

// warn prints a warning if the database does not say anything.
func (o *observation) warn(e *env) {
	switch {
	case o.err == nil:
	case errors.Is(o.err, errNoDatabase):
		fmt.Fprintln(e.stderr, "warning: there is no database yet: no daemon has polled these mailboxes")
	default:
		fmt.Fprintln(e.stderr, "warning: the database cannot be asked what the daemons do:", oneLine(o.err.Error()))
		if hint := hintOf(o.err); hint != "" {
			fmt.Fprintln(e.stderr, "hint:", hint)
		}
	}
}

// count returns how many mailboxes are in one of the states.
func (o *observation) count(states ...state) (n int) {
	for _, m := range o.mailboxes {
		if slices.Contains(states, m.State) {
			n++
		}
	}
	return n
}

// alive returns the daemons that are alive, without those that poll once and end.
func (o *observation) alive() []store.DaemonState {
	return slices.DeleteFunc(slices.Clone(o.daemons), func(d store.DaemonState) bool { return d.Once || !d.AliveUntil.After(o.at) })
}

// ago returns how long ago t was, in words.
func ago(now time.Time, t *time.Time) string {
	if t == nil {
		return "-"
	}
	return span(now.Sub(*t)) + " ago"
}

// until returns when t will be, in words.
func until(now time.Time, t *time.Time) string {
	switch {
	case t == nil:
		return "-"
	case !t.After(now):
		return "now"
	}
	return "in " + span(t.Sub(now))
}

// span returns a time in one unit.
func span(d time.Duration) string {
	switch d = max(d, 0).Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
