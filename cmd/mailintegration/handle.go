package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mailintegration/processor"
	"mailintegration/store"
)

// byPerson holds the flag of verbs whose history says who did something.
type byPerson struct {
	As string `placeholder:"LOGON" help:"The logon of the person who does this, for the history. Default: Login of the service file."`
}

// author returns the user who does something.
func (b byPerson) author(ctx context.Context, in *installation) (processor.User, error) {
	logon := cmp.Or(b.As, in.service.Login)
	if logon == "" {
		return processor.User{}, &failure{code: exitUsage, err: errNobody, hint: "use --as LOGON, or name an account in Login in the service file"}
	}
	u, err := in.store.UserNamed(ctx, logon)
	if errors.Is(err, store.ErrUnknown) {
		return u, &failure{code: exitUsage, err: err, hint: "run mailintegration user list to see the logons"}
	}
	return u, err
}

// handling holds the arguments of verbs that change the state of requests.
type handling struct {
	byPerson
	Numbers []int64 `arg:"" name:"number" help:"The numbers."`
	Note    string  `placeholder:"TEXT" help:"Add this text as an activity."`
}

// run does the action to each request.
func (h handling) run(e *env, action store.Action) error {
	return h.change(e, h.Numbers, func(ctx context.Context, j *store.Journal, number int64) (string, error) {
		done, err := j.Handle(ctx, number, action, h.Note)
		if err != nil {
			return "", err
		}
		line := fmt.Sprintf("%s %d %s", done.Kind.Words(), number, action.Done())
		if done.Aside > 0 && action == store.Process {
			line += fmt.Sprintf("; %s still set aside with it: mailintegration setaside list --event %d", messages(done.Aside), number)
		}
		return line, nil
	})
}

// change opens the installation and makes one change to each request, as the person, in a transaction of its own.
func (b byPerson) change(
	e *env, numbers []int64, f func(ctx context.Context, j *store.Journal, number int64) (string, error),
) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	author, err := b.author(e.ctx, in)
	if err != nil {
		return err
	}
	return several(e, numbers, func(number int64) (line string, err error) {
		err = in.store.Write(e.ctx, author, func(j *store.Journal) (err error) {
			line, err = f(e.ctx, j, number)
			return err
		})
		return line, unwritten(err)
	})
}

// unwritten returns the error of a change without the words of store.Write, which say nothing to a person, and with a hint
// where the store has none.
func unwritten(err error) error {
	if err == nil {
		return nil
	}
	hint := hintOf(err)
	var action *store.ActionError
	var settled *store.SettledError
	var explained *failure
	switch {
	case errors.As(err, &explained):
		return explained
	case errors.As(err, &action):
		err = action
	case errors.As(err, &settled):
		err = settled
	case errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrAssigned):
		err = cmp.Or(errors.Unwrap(err), err)
		hint = cmp.Or(hint, "mailintegration request list shows the numbers, group list the groups and user list the logons")
	}
	return &failure{code: exitFailed, err: err, hint: hint}
}

// messages returns a number of messages in words.
func messages(n int) string {
	if n == 1 {
		return "1 message is"
	}
	return fmt.Sprintf("%d messages are", n)
}

type eventProcessCmd struct{ handling }

// Run marks events as processed.
func (c *eventProcessCmd) Run(e *env) error { return c.run(e, store.Process) }

type requestResolveCmd struct{ handling }

// Run marks requests as resolved.
func (c *requestResolveCmd) Run(e *env) error { return c.run(e, store.Resolve) }

type requestCloseCmd struct{ handling }

// Run marks requests as closed.
func (c *requestCloseCmd) Run(e *env) error { return c.run(e, store.Close) }

type requestCancelCmd struct{ handling }

// Run marks requests as cancelled.
func (c *requestCancelCmd) Run(e *env) error { return c.run(e, store.Cancel) }

type requestPendCmd struct{ handling }

// Run marks requests as pending.
func (c *requestPendCmd) Run(e *env) error { return c.run(e, store.Pend) }

type requestSuspendCmd struct{ handling }

// Run marks requests as suspended.
func (c *requestSuspendCmd) Run(e *env) error { return c.run(e, store.Suspend) }

type requestResumeCmd struct{ handling }

// Run marks pending and suspended requests as open.
func (c *requestResumeCmd) Run(e *env) error { return c.run(e, store.Resume) }

type requestReopenCmd struct{ handling }

// Run reopens requests.
func (c *requestReopenCmd) Run(e *env) error { return c.run(e, store.Reopen) }

type requestAssignCmd struct {
	byPerson
	Numbers []int64 `arg:"" name:"number" help:"The numbers."`
	To      string  `placeholder:"LOGON" help:"The person who gets them."`
	Group   string  `help:"The group that gets them. Without --to, nobody in particular has them then."`
}

// Run assigns requests.
func (c *requestAssignCmd) Run(e *env) error {
	if c.To == "" && c.Group == "" {
		return &failure{code: exitUsage, err: errors.New("nobody is named who gets the request"), hint: "use --to LOGON, --group GROUP, or both"}
	}
	return c.change(e, c.Numbers, func(ctx context.Context, j *store.Journal, number int64) (string, error) {
		kind, to, err := j.Assign(ctx, store.Assignment{Request: number, Logon: c.To, Group: c.Group})
		return fmt.Sprintf("%s %d assigned to %s", kind.Words(), number, to), err
	})
}
