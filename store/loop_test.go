package store_test

import (
	"fmt"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
)

var loopOfRobot = store.LoopKey(processor.Ref{Name: "IT"}, "Robot@Example.com")

func TestALoopOpensOneEventThatCarriesItsFirstMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	outcomes := d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0), robot(4, 0), robot(5, 0))
	equal(t, "opened 1, opened 2, opened 3, added 3, added 3", results(outcomes))
	event := outcomes[3].LoopEvent
	if event == 0 || outcomes[4].LoopEvent != 0 || outcomes[2].LoopEvent != 0 {
		t.Fatalf("the outcomes name these events: %+v", outcomes)
	}
	for n := 6; n < 12; n++ {
		if o := d.accept(t, d.robots(d.mailbox), robot(n, 0)); o[0].LoopEvent != 0 {
			t.Errorf("message %d opened event %d", n, o[0].LoopEvent)
		}
	}
	equal(t, 1, d.count(t, "request WHERE kind = 'event'"))
	problems, err := d.store.Problems(t.Context(), true)
	must(t, err)
	if len(problems) != 1 || problems[0].ProblemKey != loopOfRobot || problems[0].Event != event || problems[0].Count != 8 {
		t.Errorf("the open problems are %+v", problems)
	}
	r, err := d.store.Request(t.Context(), event)
	must(t, err)
	equal(t, "Loop of Robot@example.com on 3", r.Subject)
	if r.LinkedTo == nil || *r.LinkedTo != 3 || len(r.Attachments) != 1 || r.Attachments[0].Name != store.RawName {
		t.Errorf("the event is %+v", r)
	}
	equal(t, processor.ReasonLoop, processor.ReasonCode(one[string](t, d, `SELECT reason FROM history WHERE request_id = $1`, event)))
}

func TestTheNextLoopOfASenderOpensAnotherEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0), robot(4, 0))
	err := d.store.Write(t.Context(), d.mailbox.Login, func(j *store.Journal) error {
		p, err := j.FindProblem(t.Context(), loopOfRobot)
		if err != nil {
			return err
		}
		return j.CloseProblem(t.Context(), p, processor.NewReason(processor.ReasonLoop, "it is over"), nil)
	})
	must(t, err)
	if o := d.accept(t, d.robots(d.mailbox), robot(5, 0)); o[0].LoopEvent == 0 {
		t.Errorf("the outcome is %+v", o[0])
	}
	equal(t, 2, d.count(t, "problem"))
}

func TestEachSenderInALoopHasAnEventOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var batch []store.Delivery
	for n := range 8 {
		batch = append(batch, mail(fmt.Sprint(n), fmt.Sprint("m", n), from(fmt.Sprintf("robot%d@example.com", n%2))))
	}
	d.accept(t, d.robots(d.mailbox), batch...)
	equal(t, 2, d.count(t, "problem WHERE kind = 'loop' AND closed_at IS NULL"))
	equal(t, 2, d.count(t, "request WHERE kind = 'event'"))
}

func TestALoopOpensItsEventWithoutTheMessageWhenFilesCannotBeKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0))
	d.store.OnFiles(func(string) error { return fmt.Errorf("no space left on device") })
	outcomes := d.accept(t, d.robots(d.mailbox), robot(4, 0))
	if outcomes[0].Err != nil || outcomes[0].Result != store.Added || outcomes[0].LoopEvent == 0 {
		t.Fatalf("the outcome is %+v", outcomes[0])
	}
	equal(t, 0, d.count(t, "attachment"))
}

// silentOnLoops is a decider without a text for loops.
type silentOnLoops struct{ store.Decider }

func (silentOnLoops) Loop(store.Delivery, processor.AddActivity) processor.OpenRequest {
	panic("no text")
}

func TestAPanicWhileTheEventOfALoopIsMadeLeavesAPlainEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	outcomes := d.accept(t, silentOnLoops{d.robots(d.mailbox)}, robot(1, 0), robot(2, 0), robot(3, 0), robot(4, 0))
	equal(t, "opened 1, opened 2, opened 3, added 3", results(outcomes))
	if outcomes[3].LoopEvent == 0 {
		t.Errorf("no event was opened")
	}
}

// TestTwoMailboxesOfATeamOpenOneEventAtOnce has two daemons accept messages of one sender in two mailboxes at the same time.
func TestTwoMailboxesOfATeamOpenOneEventAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	second := d.resolve(t, "second", deskNames)
	d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0))
	errs := make(chan error, 2)
	for i, mb := range []store.Mailbox{d.mailbox, second} {
		go func() {
			_, err := d.store.Accept(t.Context(), mb, []store.Delivery{robot(10+i, 0)}, d.robots(mb))
			errs <- err
		}()
	}
	must(t, <-errs)
	must(t, <-errs)
	equal(t, 1, d.count(t, "problem"))
	equal(t, 2, one[int](t, d, `SELECT count FROM problem`))
}
