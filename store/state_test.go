package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestTheHistoryOfARequestSaysHowItsStateChanged(t *testing.T) {
	t.Parallel()
	type states = []processor.RequestState
	tests := []struct {
		name    string
		kind    processor.RequestKind
		states  states
		history string
	}{
		{"an incident is resolved, closed and reopened", processor.Incident,
			states{"open", "resolved", "closed", "open", "new"}, "opened begun resolved closed reopened returned"},
		{"an incident waits, is suspended, goes on and is cancelled", processor.Incident,
			states{"pending", "open", "suspended", "pending", "new", "open", "cancelled", "open", "closed", "suspended"},
			"opened pending resumed suspended pending returned begun cancelled reopened closed reopened"},
		{"a service request is closed at once", processor.ServiceRequest, states{"closed", "new"}, "opened closed reopened"},
		{"an event is processed and comes back", processor.Event,
			states{"in_progress", "processed", "in_progress", "new", "processed"}, "opened begun processed reopened returned processed"},
		{"a state that the request has already is no change", processor.Event, states{"new", "processed", "processed"}, "opened processed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			number := d.openRequest(t, store.NewRequest{Kind: test.kind, Team: d.mailbox.Team, Subject: "x"})
			for _, state := range test.states {
				d.write(t, func(ctx context.Context, j *store.Journal) error {
					_, err := j.SetState(ctx, store.StateChange{Request: number, State: state, Reason: because("somebody said so")})
					return err
				})
			}
			got, err := d.store.Request(t.Context(), number)
			if err != nil {
				t.Fatal(err)
			}
			var history []string
			for _, h := range got.History {
				history = append(history, h.What)
			}
			last := test.states[len(test.states)-1]
			if strings.Join(history, " ") != test.history || got.State != last || (got.ProcessedAt != nil) != (last == processor.StateProcessed) {
				t.Errorf("history %v, state %s, processed at %v", history, got.State, got.ProcessedAt)
			}
		})
	}
}

func TestARequestCannotHaveAStateOfAnotherKind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	states := []processor.RequestState{"new", "open", "pending", "suspended", "in_progress", "resolved", "closed", "cancelled", "processed", "asleep", ""}
	allowed := map[processor.RequestKind]string{processor.Incident: "new open pending suspended resolved closed cancelled", processor.Event: "new in_progress processed"}
	for kind, list := range allowed {
		number := d.openRequest(t, store.NewRequest{Kind: kind, Team: d.mailbox.Team, Subject: "x"})
		for _, state := range states {
			err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
				_, err := j.SetState(ctx, store.StateChange{Request: number, State: state})
				return err
			})
			fits := state != "" && strings.Contains(" "+list+" ", " "+string(state)+" ")
			if (err == nil) != fits || err != nil && !strings.Contains(err.Error(), fmt.Sprintf("%s %d cannot be %q", kind, number, state)) {
				t.Errorf("%s %q: %v", kind, state, err)
			}
		}
	}
}

// TestAnActivityOfAMailAndAProcessingAtOnceLeaveOneState has a sender answer while the daemon processes the event.
func TestAnActivityOfAMailAndAProcessingAtOnceLeaveOneState(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number := d.openRequest(t, d.event("broken"))
	c := d.clerk()
	c.reopen = true
	inside, proceed := make(chan struct{}), make(chan struct{})
	c.instead = func(m *processor.Message, dir processor.Directory) processor.Decision {
		close(inside)
		<-proceed
		r, _ := dir.Request(number)
		return c.add(m, r, processor.User{})
	}
	done := make(chan []store.Outcome)
	go func() {
		o, err := d.store.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a", func(m *processor.Message) {
			m.Subject = fmt.Sprintf("#%d", number)
		})}, c)
		if err != nil {
			t.Error(err)
		}
		done <- o
	}()
	storetest.Await(t, "the message is decided about", inside) // the decision saw an event that is not processed
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.SetState(ctx, store.StateChange{Request: number, State: processor.StateProcessed, Reason: because("it is over")})
		return err
	})
	close(proceed)
	if got := <-done; fates(got) != "R" {
		t.Errorf("outcomes %s, %v", fates(got), got[0].Err)
	}
	got, err := d.store.Request(t.Context(), number)
	if err != nil || got.State != processor.StateProcessed || len(got.Activities) != 1 || len(got.History) != 3 {
		t.Errorf("state %s, %d activities, history %+v, %v", got.State, len(got.Activities), got.History, err)
	}
}
