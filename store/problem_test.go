package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

var serverDown = store.ProblemKey{Kind: store.ProblemUnreachable, Source: "mail.example.com:995"}

// see opens the problem, or adds an activity to the one that is open.
func (d *desk) see(t testing.TB, key store.ProblemKey) error {
	return d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
		p, err := j.FindProblem(ctx, key)
		switch {
		case err != nil:
			return err
		case p == nil:
			_, err = j.OpenProblem(ctx, key, d.event("The mail server cannot be reached", "<MailIntegration/>"))
			return err
		}
		return j.SeeProblem(ctx, p, &store.NewActivity{Body: "It lasts.", Reason: because("it lasts")})
	})
}

// onProblem runs f with the open problem.
func (d *desk) onProblem(t testing.TB, f func(ctx context.Context, j *store.Journal, p *store.Problem) error) {
	t.Helper()
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		p, err := j.FindProblem(ctx, serverDown)
		if err == nil && p == nil {
			err = errors.New("no problem is open")
		}
		if err != nil {
			return err
		}
		return f(ctx, j, p)
	})
}

// problems returns the problems in words.
func (d *desk) problems(t testing.TB, open bool) (lines []string) {
	t.Helper()
	list, err := d.store.Problems(t.Context(), open)
	must(t, err)
	for _, p := range list {
		line := fmt.Sprintf("%s: event %d %s, seen %d times", p.ProblemKey, p.Event, p.EventState, p.Count)
		if !p.ClosedAt.IsZero() {
			line += ", closed"
		}
		for _, m := range p.Mailboxes {
			line += fmt.Sprintf(", %s (%s)", m.Mailbox, m.Detail)
			if !m.RecoveredAt.IsZero() {
				line += " recovered"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestAProblemHasOneEventFromItsOpeningToItsClosing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.see(t, serverDown))
	must(t, d.see(t, serverDown))
	equal(t, "unreachable mail.example.com:995: event 1 new, seen 2 times", strings.Join(d.problems(t, true), "; "))
	d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error {
		return j.CloseProblem(ctx, p, because("it is over"), &store.NewActivity{Body: "It is over.", Reason: because("it is over")})
	})
	if open := d.problems(t, true); open != nil {
		t.Errorf("still open: %q", open)
	}
	equal(t, "unreachable mail.example.com:995: event 1 processed, seen 2 times, closed", strings.Join(d.problems(t, false), "; "))
	event, err := d.store.Request(t.Context(), 1)
	must(t, err)
	if len(event.Activities) != 2 || event.Activities[1].Body != "It is over." || len(event.Attachments) != 1 {
		t.Errorf("the event is %+v", event)
	}
	must(t, d.see(t, serverDown))
	equal(t, "unreachable mail.example.com:995: event 2 new, seen 1 times", strings.Join(d.problems(t, true), "; "))
	d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error {
		lately, err := j.ProblemsLately(ctx, serverDown, time.Hour)
		if len(lately) != 1 || lately[0].Event != 1 || lately[0].ClosedAt.IsZero() {
			t.Errorf("lately there were %+v", lately)
		}
		return err
	})
}

func TestTwoDaemonsAtOnceOpenOneProblem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const daemons, keys = 8, 3
	group := errgroup.Group{}
	for i := range daemons * keys {
		group.Go(func() error {
			return d.see(t, store.ProblemKey{Kind: store.ProblemToken, Source: fmt.Sprint("tenant ", i%keys)})
		})
	}
	must(t, group.Wait())
	for _, p := range must1(t)(d.store.Problems(t.Context(), true)) {
		if p.Count != daemons {
			t.Errorf("%s was seen %d times, want %d", p.ProblemKey, p.Count, daemons)
		}
	}
	if events := d.count(t, "request"); events != keys || d.count(t, "problem") != keys || d.count(t, "activity") != keys*(daemons-1) {
		t.Errorf("%d events for %d problems", events, keys)
	}
}

// must1 returns a function that returns a value, and fails the test if it came with an error.
func must1(t testing.TB) func([]store.Problem, error) []store.Problem {
	return func(list []store.Problem, err error) []store.Problem {
		t.Helper()
		must(t, err)
		return list
	}
}

func TestTheSchemaAllowsOneOpenProblemOfAKindAndSource(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.see(t, serverDown))
	_, err := d.pool.Exec(t.Context(), `INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at)
		SELECT kind, source, event_id, now(), now() FROM problem`)
	if err == nil || !strings.Contains(err.Error(), "problem_open") {
		t.Errorf("the second row: %v", err)
	}
	err = d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.OpenProblem(ctx, serverDown, d.event("again"))
		return err
	})
	if !errors.Is(err, store.ErrProblemOpen) || d.count(t, "request") != 1 {
		t.Errorf("OpenProblem: %v", err)
	}
}

// TestALostConnectionNeitherLosesNorDoublesAProblem cuts the connection at every message of the protocol, and then writes
// again as a daemon does.
func TestALostConnectionNeitherLosesNorDoublesAProblem(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*storetest.Proxy, int){
		"instead of sending": (*storetest.Proxy).CutAtFrontend,
		"before the answer":  (*storetest.Proxy).CutBeforeComplete,
		"after the answer":   (*storetest.Proxy).CutAfterComplete,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			proxy := storetest.NewProxy(t, d.url)
			d.store = d.open(t, proxy.URL)
			for n := 1; ; n++ {
				key := store.ProblemKey{Kind: store.ProblemDisk, Source: fmt.Sprint("disk ", n)}
				cut(proxy, n)
				err := d.see(t, key)
				if err == nil && proxy.Cuts() == 0 {
					if n < 10 {
						t.Errorf("only %d cuts", n)
					}
					return
				}
				if err != nil && !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("cut %d: the error does not say that the database is unavailable: %v", n, err)
				}
				proxy.Pass()
				if events, open := d.count(t, "request"), d.count(t, "problem"); events != open || open < n-1 || open > n {
					t.Fatalf("cut %d: %d events for %d problems", n, events, open)
				}
				if err := d.see(t, key); err != nil {
					t.Fatalf("cut %d: again: %v", n, err)
				}
				if events, open := d.count(t, "request"), d.count(t, "problem WHERE closed_at IS NULL"); events != n || open != n {
					t.Fatalf("cut %d: %d events for %d problems, want %d", n, events, open, n)
				}
			}
		})
	}
}

func TestAnEventThatAPersonHasProcessedIsReopenedByTheNextActivity(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.see(t, serverDown))
	state := func() processor.RequestState { return must1(t)(d.store.Problems(t.Context(), true))[0].EventState }
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.SetState(ctx, store.StateChange{Request: 1, State: processor.StateProcessed, Reason: because("a person")})
		return err
	})
	d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error { return j.SeeProblem(ctx, p, nil) })
	equal(t, processor.StateProcessed, state())
	must(t, d.see(t, serverDown))
	equal(t, processor.StateNew, state())
	event, err := d.store.Request(t.Context(), 1)
	must(t, err)
	last := event.History[len(event.History)-1]
	if last.What != "reopened" || last.Activity == nil || *last.Activity != event.Activities[0].ID {
		t.Errorf("the history ends with %+v", last)
	}
}

func TestTheClosingLeavesAnEventThatAPersonHasProcessed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.see(t, serverDown))
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.SetState(ctx, store.StateChange{Request: 1, State: processor.StateProcessed, Reason: because("a person")})
		return err
	})
	d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error {
		if err := j.CloseProblem(ctx, p, because("it is over"), nil); err != nil {
			return err
		}
		return j.CloseProblem(ctx, p, because("it is over"), &store.NewActivity{Body: "twice"})
	})
	if n := d.count(t, "history WHERE what = 'processed'"); n != 1 || d.count(t, "activity") != 0 || d.count(t, "problem WHERE closed_at IS NULL") != 0 {
		t.Errorf("the event was processed %d times", n)
	}
}

func TestAProblemIsOpenedWithoutFilesThatCannotBeKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, os.RemoveAll(d.files))
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		event := d.event("The mail server cannot be reached", "<MailIntegration/>")
		_, err := j.OpenProblem(ctx, serverDown, event)
		if !errors.Is(err, store.ErrFilesNotKept) {
			t.Errorf("with a file: %v", err)
		}
		event.Files = nil
		_, err = j.OpenProblem(ctx, serverDown, event)
		return err
	})
	if d.count(t, "problem") != 1 || d.count(t, "request") != 1 || d.count(t, "attachment") != 0 {
		t.Error("not exactly one problem without files")
	}
}

func TestAProblemKnowsItsMailboxes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.resolve(t, "Sales", deskNames)
	must(t, d.see(t, serverDown))
	note := func(list ...store.ProblemMailbox) {
		t.Helper()
		d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error {
			if err := j.NoteProblemMailboxes(ctx, p, list); err != nil {
				return err
			}
			return j.ReadProblemMailboxes(ctx, p)
		})
	}
	mailboxes := func() []store.ProblemMailbox { return must1(t)(d.store.Problems(t.Context(), true))[0].Mailboxes }
	began := today.Add(-time.Hour)
	note(store.ProblemMailbox{Mailbox: "HelpDesk", Since: began, Detail: "timeout"}, store.ProblemMailbox{Mailbox: "unknown"},
		store.ProblemMailbox{Mailbox: "Sales", Since: began, Detail: "refused"})
	note(store.ProblemMailbox{Mailbox: "helpdesk", Since: today, Detail: "refused", Told: true})
	note(store.ProblemMailbox{Mailbox: "Sales", Since: began, Detail: "refused", RecoveredAt: today})
	got := mailboxes()
	equal(t, "unreachable mail.example.com:995: event 1 new, seen 1 times, helpdesk (refused), Sales (refused) recovered",
		strings.Join(d.problems(t, true), "; "))
	if first := got[0]; first.Since.Sub(began).Abs() > time.Second || !first.Told || got[1].Told {
		t.Errorf("the mailboxes are %+v", got)
	}
	note(store.ProblemMailbox{Mailbox: "Sales", Since: today})
	if again := mailboxes()[1]; !again.RecoveredAt.IsZero() || again.Since.Sub(today).Abs() > time.Second {
		t.Errorf("a mailbox that returned: %+v", again)
	}
}

func TestAProblemKeepsItsPlan(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	must(t, d.see(t, serverDown))
	began, tell, quiet := today.Add(-2*time.Hour), today.Add(6*time.Hour), today.Add(-time.Minute)
	d.onProblem(t, func(ctx context.Context, j *store.Journal, p *store.Problem) error {
		p.Told, p.TellAt, p.Began, p.QuietSince = 3, tell, 4, quiet
		return errors.Join(j.PlanProblem(ctx, p), j.DateProblem(ctx, p, began), j.DateProblem(ctx, p, today))
	})
	p := must1(t)(d.store.Problems(t.Context(), true))[0]
	off := func(got, want time.Time) bool { return got.Sub(want).Abs() > time.Second }
	if p.Told != 3 || p.Began != 4 || off(p.TellAt, tell) || off(p.QuietSince, quiet) || off(p.FirstSeenAt, began) {
		t.Errorf("the problem is %+v", p)
	}
}

func TestAnyTextCanBeTheSourceOfAProblem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	key := store.ProblemKey{Kind: store.ProblemLoop, Source: "a\x00b\xff" + strings.Repeat("x", 100_000)}
	must(t, d.see(t, key))
	must(t, d.see(t, key))
	if d.count(t, "problem WHERE count = 2") != 1 {
		t.Error("the problem was not found again")
	}
}
