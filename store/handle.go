package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Action is something that a person does to a request.
type Action string

// The actions.
const (
	Process Action = "process" // an event
	Resolve Action = "resolve" // an incident or a service request
	Close   Action = "close"   // the same
	Reopen  Action = "reopen"  // any request that is done
	Pend    Action = "pend"    // an incident or a service request that waits for somebody
	Suspend Action = "suspend" // an incident or a service request that nobody works on for some time
	Resume  Action = "resume"  // one that is pending or suspended
	Cancel  Action = "cancel"  // an incident or a service request that nobody will do
)

// done are the words for what an action has done.
var done = map[Action]string{
	Process: "processed", Resolve: "resolved", Close: "closed", Reopen: "reopened", Pend: "pending", Suspend: "suspended",
	Resume: "resumed", Cancel: "cancelled",
}

// Done returns the word for what the action has done, such as "processed".
func (a Action) Done() string { return done[a] }

// Handled is a request that a person has changed.
type Handled struct {
	Kind  processor.RequestKind
	State processor.RequestState // the new one
	Aside int                    // messages set aside with the event that are neither replayed nor discarded
}

// ActionError says that a request cannot take an action, because of its kind or its state.
type ActionError struct {
	Number int64
	Kind   processor.RequestKind
	State  processor.RequestState
	Action Action
}

// Error implements error.
func (e *ActionError) Error() string {
	name := fmt.Sprintf("%s %d", e.Kind.Words(), e.Number)
	switch {
	case !e.fits():
		return fmt.Sprintf("%s cannot be %s", name, e.Action.Done())
	case string(e.State) == e.Action.Done():
		return fmt.Sprintf("%s is %s already", name, e.State)
	}
	return fmt.Sprintf("%s cannot be %s: its state is %s", name, e.Action.Done(), strings.ReplaceAll(string(e.State), "_", " "))
}

// fits reports whether requests of the kind know the action.
func (e *ActionError) fits() bool {
	to := processor.RequestState(e.Action.Done())
	if e.Action == Resume {
		to = processor.StateOpen
	}
	return e.Action == Reopen || slices.Contains(statesOf[e.Kind], to)
}

// Hint returns what a person can do instead, "" where nothing is left to do.
func (e *ActionError) Hint() string {
	switch {
	case e.fits() && e.Action != Resume && e.State.IsDone() && string(e.State) != e.Action.Done():
		return fmt.Sprintf("it is done already; to work on it again, run mailintegration request reopen %d", e.Number)
	case e.fits():
		return ""
	case e.Kind == processor.Event:
		return fmt.Sprintf("run mailintegration event process %d", e.Number)
	}
	return fmt.Sprintf("run mailintegration request resolve %[1]d or mailintegration request close %[1]d", e.Number)
}

// target returns the state that an action puts a request into, or false if its kind or state does not allow the action.
func (a Action) target(kind processor.RequestKind, state processor.RequestState) (processor.RequestState, bool) {
	switch a {
	case Reopen:
		return reopened(kind), state.IsDone()
	case Resume:
		return processor.StateOpen, state == processor.StatePending || state == processor.StateSuspended
	}
	to := processor.RequestState(a.Done())
	allowed := slices.Contains(statesOf[kind], to) && state != to
	if a == Close || a == Cancel || a == Process { // one that is done already may still become so
		return to, allowed
	}
	return to, allowed && !state.IsDone()
}

// Handle does what a person, the Journal's author, wants done to a request. A note becomes an activity. The error is
// ErrUnknown if there is no such request, and an *ActionError if its kind or state does not allow the action.
func (j *Journal) Handle(ctx context.Context, number int64, action Action, note string) (Handled, error) {
	kind, state, _, err := j.stateOf(ctx, number)
	if err != nil {
		return Handled{}, err
	}
	to, allowed := action.target(kind, state)
	if !allowed {
		return Handled{}, &ActionError{number, kind, state, action}
	}
	why := processor.NewReason(processor.ReasonPerson, cmp.Or(strings.TrimSpace(note), "from the command line"))
	change := StateChange{Request: number, State: to, Reason: why}
	if strings.TrimSpace(note) != "" {
		change.Activity, err = j.Add(ctx, NewActivity{Request: number, Body: note, Reason: why})
		if err != nil {
			return Handled{}, err
		}
	}
	if _, err := j.SetState(ctx, change); err != nil {
		return Handled{}, err
	}
	h := Handled{Kind: kind, State: to}
	if kind == processor.Event {
		h.Aside, err = j.asideWith(ctx, number)
	}
	return h, err
}

// Assignment says to whom a request goes.
type Assignment struct {
	Request int64
	Logon   string // of the person, "" for nobody
	Group   string // "" to leave the group as it is
}

// ErrAssigned says that a request is assigned like that already.
var ErrAssigned = errors.New("is assigned like that already")

// Assign gives a request to a person, to a group of its team, or to both. With only a group, the person who had the
// request has it no longer. The error is ErrUnknown if the request, the person or the group does not exist, and ErrAssigned
// if nothing would change. Assign returns the words for whom the request is assigned to.
func (j *Journal) Assign(ctx context.Context, a Assignment) (kind processor.RequestKind, to string, err error) {
	if a.Logon == "" && a.Group == "" {
		return "", "", errors.New("assign: neither a person nor a group is given")
	}
	kind, _, team, err := j.stateOf(ctx, a.Request)
	if err != nil {
		return "", "", err
	}
	var user processor.User
	var group processor.Ref
	var words []string
	if a.Logon != "" {
		if user, err = j.userNamed(ctx, a.Logon); err != nil {
			return "", "", err
		}
		words = append(words, fmt.Sprintf("%s (%s)", user.Name, user.Logon))
	}
	if a.Group != "" {
		err := j.tx.QueryRow(ctx, groupNamed, clean(a.Group), team).Scan(&group.ID, &group.Name)
		if errors.Is(err, pgx.ErrNoRows) {
			return "", "", fmt.Errorf("group %q of the team of request %d %w", a.Group, a.Request, ErrUnknown)
		}
		if err != nil {
			return "", "", j.note(err)
		}
		words = append(words, "group "+group.Name)
	}
	to = strings.Join(words, ", ")
	return kind, to, j.assign(ctx, a.Request, kind, user, group, to)
}

// assign writes an assignment, whose words are to, and its history.
func (j *Journal) assign(
	ctx context.Context, number int64, kind processor.RequestKind, user processor.User, group processor.Ref, to string,
) error {
	tag, err := j.tx.Exec(ctx, `UPDATE request SET assignee_id = nullif($2::bigint, 0), group_id = coalesce(nullif($3::bigint, 0), group_id)
		WHERE number = $1 AND (assignee_id, group_id) IS DISTINCT FROM (nullif($2::bigint, 0), coalesce(nullif($3::bigint, 0), group_id))`,
		number, user.ID, group.ID)
	switch {
	case err != nil:
		return j.note(err)
	case tag.RowsAffected() == 0:
		return fmt.Errorf("%s %d %w: %s", kind.Words(), number, ErrAssigned, to)
	}
	var t historyRows
	t.add(change{request: number, what: historyAssigned, reason: processor.NewReason(processor.ReasonPerson, "to "+to)})
	var b pgx.Batch
	t.queue(&b, j)
	return j.send(ctx, &b)
}

// userNamed returns the user with a logon.
func (j *Journal) userNamed(ctx context.Context, logon string) (processor.User, error) {
	u, err := userNamed(ctx, j.tx, logon)
	if err != nil && !errors.Is(err, ErrUnknown) {
		err = j.note(err)
	}
	return u, err
}

// UserNamed returns the user with a logon, in upper or lower case. The error is ErrUnknown if there is none.
func (s *Store) UserNamed(ctx context.Context, logon string) (u processor.User, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) (err error) {
		u, err = userNamed(ctx, tx, logon)
		return err
	})
	return u, err
}

// userWithLogon selects a user with the site.
const userWithLogon = `SELECT u.id, u.logon, u.name, coalesce(s.id, 0), coalesce(s.name, '')
	FROM user_account AS u LEFT JOIN site AS s ON s.id = u.site_id WHERE lower(u.logon) = lower($1)`

func userNamed(ctx context.Context, tx pgx.Tx, logon string) (u processor.User, err error) {
	err = tx.QueryRow(ctx, userWithLogon, clean(logon)).
		Scan(&u.ID, &u.Logon, &u.Name, &u.Site.ID, &u.Site.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, fmt.Errorf("user %q %w", logon, ErrUnknown)
	}
	return u, err
}
