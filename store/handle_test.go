package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
)

// handle does an action to a request as anna.
func (d *desk) handle(t testing.TB, number int64, action store.Action, note string) (done store.Handled, err error) {
	t.Helper()
	anna, err := d.store.UserNamed(t.Context(), "ANNA")
	if err != nil {
		t.Fatal(err)
	}
	err = d.store.Write(t.Context(), anna, func(j *store.Journal) (err error) {
		done, err = j.Handle(t.Context(), number, action, note)
		return err
	})
	return done, err
}

func TestAPersonHandlesRequestsAndTheHistorySaysWho(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tests := []struct {
		name    string
		kind    processor.RequestKind
		actions []store.Action
		state   processor.RequestState
		history string
	}{
		{"an event is processed", processor.Event, []store.Action{store.Process}, "processed", "processed"},
		{"an event is reopened", processor.Event, []store.Action{store.Process, store.Reopen}, "new", "processed reopened"},
		{"an incident is resolved and closed", processor.Incident, []store.Action{store.Resolve, store.Close}, "closed", "resolved closed"},
		{"an incident is pending, suspended, resumed, cancelled and reopened", processor.Incident,
			[]store.Action{store.Pend, store.Suspend, store.Resume, store.Cancel, store.Reopen}, "open", "pending suspended resumed cancelled reopened"},
		{"a cancelled incident is closed", processor.Incident, []store.Action{store.Cancel, store.Close}, "closed", "cancelled closed"},
		{"a service request is closed at once and reopened", processor.ServiceRequest, []store.Action{store.Close, store.Reopen}, "open", "closed reopened"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			number := d.openRequest(t, store.NewRequest{Kind: test.kind, Team: d.mailbox.Team, Subject: "x"})
			for _, action := range test.actions {
				if done, err := d.handle(t, number, action, "Called him."); err != nil || done.Kind != test.kind {
					t.Fatalf("%s: %+v, %v", action, done, err)
				}
			}
			got, err := d.store.Request(t.Context(), number)
			must(t, err)
			var history []string
			for _, h := range got.History {
				if h.What == "opened" || h.What == "activity_added" {
					continue
				}
				history = append(history, h.What)
				if h.Author.Logon != "anna" || h.Detail != "Called him." || h.Reason != "person" || h.Activity == nil {
					t.Errorf("history %+v", h)
				}
			}
			if got.State != test.state || strings.Join(history, " ") != test.history || len(got.Activities) != len(test.actions) {
				t.Errorf("state %s, history %v, %d activities", got.State, history, len(got.Activities))
			}
			if a := got.Activities[0]; a.Body != "Called him." || a.Author.Logon != "anna" {
				t.Errorf("the note is %+v", a)
			}
		})
	}
}

func TestAnActionThatDoesNotFitChangesNothingAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tests := []struct {
		kind   processor.RequestKind
		before store.Action // "" for a new request
		action store.Action
		says   string
		hint   string
	}{
		{processor.Event, store.Process, store.Process, "event %d is processed already", ""},
		{processor.Event, "", store.Reopen, "event %d cannot be reopened: its state is new", ""},
		{processor.Event, "", store.Resolve, "event %d cannot be resolved", "run mailintegration event process %d"},
		{processor.Incident, "", store.Process, "incident %d cannot be processed", "run mailintegration request resolve %[1]d or mailintegration request close %[1]d"},
		{processor.Incident, store.Resolve, store.Resolve, "incident %d is resolved already", ""},
		{processor.ServiceRequest, store.Close, store.Resolve, "service request %d cannot be resolved: its state is closed",
			"it is done already; to work on it again, run mailintegration request reopen %d"},
		{processor.Incident, store.Cancel, store.Resolve, "incident %d cannot be resolved: its state is cancelled",
			"it is done already; to work on it again, run mailintegration request reopen %d"},
		{processor.Incident, store.Close, store.Pend, "incident %d cannot be pending: its state is closed",
			"it is done already; to work on it again, run mailintegration request reopen %d"},
		{processor.Incident, "", store.Resume, "incident %d cannot be resumed: its state is new", ""},
		{processor.Event, "", store.Suspend, "event %d cannot be suspended", "run mailintegration event process %d"},
		{processor.Event, "", store.Resume, "event %d cannot be resumed", "run mailintegration event process %d"},
	}
	for _, test := range tests {
		number := d.openRequest(t, store.NewRequest{Kind: test.kind, Team: d.mailbox.Team, Subject: "x"})
		if test.before != "" {
			_, err := d.handle(t, number, test.before, "")
			must(t, err)
		}
		before := d.everything(t)
		_, err := d.handle(t, number, test.action, "a note")
		var refused *store.ActionError
		if !errors.As(err, &refused) || refused.Error() != fmt.Sprintf(test.says, number) {
			t.Errorf("%s of %s: %v", test.action, test.kind, err)
		}
		hint := test.hint
		if hint != "" {
			hint = fmt.Sprintf(hint, number)
		}
		equal(t, hint, store.Hint(err))
		equal(t, strings.Join(before, "\n"), strings.Join(d.everything(t), "\n"))
	}
	if _, err := d.handle(t, 4711, store.Process, ""); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown number: %v", err)
	}
}

func TestTwoPeopleProcessAnEventAtOnceAndOneHasDoneIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number := d.openRequest(t, d.event("x"))
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = d.handle(t, number, store.Process, "I did it.") })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		var refused *store.ActionError
		if err == nil {
			done++
		} else if !errors.As(err, &refused) {
			t.Error(err)
		}
	}
	if notes := d.count(t, "activity"); done != 1 || notes != 1 {
		t.Errorf("%d succeeded, with %d notes", done, notes)
	}
}

func TestARequestIsAssignedToAPersonOrAGroup(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number := d.openRequest(t, d.event("x")) // of the group Service Desk
	tests := []struct{ logon, group, says, want string }{
		{"Bob", "", "Bob (bob)", "bob|Service Desk"},
		{"", "network", "group Network", "|Network"},
		{"anna", "Service Desk", "Anna (anna), group Service Desk", "anna|Service Desk"},
	}
	for _, test := range tests {
		d.write(t, func(ctx context.Context, j *store.Journal) error {
			kind, to, err := j.Assign(ctx, store.Assignment{Request: number, Logon: test.logon, Group: test.group})
			equal(t, test.says, to)
			equal(t, processor.Event, kind)
			return err
		})
		got, err := d.store.Request(t.Context(), number)
		must(t, err)
		logon := ""
		if got.Assignee != nil {
			logon = got.Assignee.Logon
		}
		last := got.History[len(got.History)-1]
		equal(t, test.want, logon+"|"+got.Group)
		equal(t, "mailintegration assigned person to "+test.says, strings.Join([]string{last.Author.Logon, last.What, last.Reason, last.Detail}, " "))
	}
	before := d.everything(t)
	for _, test := range []struct {
		to   store.Assignment
		want error
	}{
		{store.Assignment{Request: number, Logon: "anna"}, store.ErrAssigned},
		{store.Assignment{Request: number, Logon: "nobody"}, store.ErrUnknown},
		{store.Assignment{Request: number, Group: "People"}, store.ErrUnknown}, // of another team
		{store.Assignment{Request: 4711, Group: "Network"}, store.ErrUnknown},
	} {
		err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
			_, _, err := j.Assign(ctx, test.to)
			return err
		})
		if !errors.Is(err, test.want) {
			t.Errorf("%+v: %v", test.to, err)
		}
	}
	equal(t, strings.Join(before, "\n"), strings.Join(d.everything(t), "\n"))
}
