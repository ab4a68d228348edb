package main

import (
	"errors"
	"fmt"
	"strings"

	"mailintegration/processor"
	"mailintegration/store"
)

type requestCmd struct {
	List requestListCmd `cmd:"" help:"List requests, the one opened last first."`
	Show requestShowCmd `cmd:"" help:"Show one request with its activities, history and attachments."`

	Resolve requestResolveCmd `cmd:"" help:"Mark incidents and service requests as resolved."`
	Close   requestCloseCmd   `cmd:"" help:"Mark incidents and service requests as closed."`
	Cancel  requestCancelCmd  `cmd:"" help:"Mark incidents and service requests as cancelled: nobody will do them."`
	Reopen  requestReopenCmd  `cmd:"" help:"Reopen requests that are resolved, closed, cancelled or processed."`
	Pend    requestPendCmd    `cmd:"" help:"Mark incidents and service requests as pending: they wait for somebody else."`
	Suspend requestSuspendCmd `cmd:"" help:"Mark incidents and service requests as suspended: nobody works on them for some time."`
	Resume  requestResumeCmd  `cmd:"" help:"Mark pending or suspended requests as open."`
	Assign  requestAssignCmd  `cmd:"" help:"Assign requests to a person, a group, or both."`
}

type requestListCmd struct {
	output
	Kind  string `enum:"incident,service_request,event," default:"" help:"Only requests of this kind: incident, service_request or event."`
	State string `help:"Only requests in this state: new, open, pending, suspended, resolved, closed or cancelled; events: new, in_progress or processed."`
	Team  string `help:"Only requests of this team."`
	searched
}

// searched holds the flags by which requests and events are found.
type searched struct {
	Mailbox string `placeholder:"NAME" help:"Only those that came from this mailbox."`
	Subject string `placeholder:"TEXT" help:"Only those with this part of the subject."`
	Since   moment `placeholder:"TIME" help:"Only those opened at this time or later: 2026-11-26, '2026-11-26 14:30', or 36h or 7d ago."`
	Limit   int    `default:"50" help:"The largest number to list."`
}

// filter returns what the flags ask for.
func (c searched) filter(kind, state, team string) store.RequestFilter {
	return store.RequestFilter{
		Kinds: kinds(kind), State: processor.RequestState(state), Team: team,
		Mailbox: c.Mailbox, Subject: c.Subject, Since: c.Since.Time, Limit: c.Limit,
	}
}

// Run lists requests.
func (c *requestListCmd) Run(e *env) error { return c.list(e, c.filter(c.Kind, c.State, c.Team)) }

func (o output) list(e *env, f store.RequestFilter) error {
	return list(e, o, func(s *store.Store) ([]store.RequestSummary, error) {
		found, err := s.Requests(e.ctx, f)
		if errors.Is(err, store.ErrUnknown) && f.Mailbox != "" {
			return nil, &failure{code: exitFailed, err: err, hint: "run mailintegration mailbox list to see the names"}
		}
		return found, err
	},
		[]string{"number", "kind", "state", "opened", "requester", "group", "subject"}, func(r store.RequestSummary) []any {
			return []any{r.Number, r.Kind, r.State, when(&r.OpenedAt), person(r.Requester), r.Group, short(r.Subject, 60)}
		})
}

// kinds returns the filter for one kind of request; "" stands for every kind.
func kinds(kind string) []processor.RequestKind {
	if kind == "" {
		return nil
	}
	return []processor.RequestKind{processor.RequestKind(kind)}
}

type requestShowCmd struct {
	output
	Number int64 `arg:"" help:"The request's number."`
}

// Run shows one request.
func (c *requestShowCmd) Run(e *env) error {
	in, err := openToRead(e)
	if err != nil {
		return err
	}
	defer in.close()
	r, err := in.store.Request(e.ctx, c.Number)
	if errors.Is(err, store.ErrUnknown) {
		return &failure{code: exitFailed, err: err, hint: "run mailintegration request list to see the numbers"}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return c.print(e, r, nil, nil)
	}
	return showRequest(e.stdout, r)
}

type eventCmd struct {
	List eventListCmd   `cmd:"" help:"List events, the one opened last first."`
	Show requestShowCmd `cmd:"" help:"Show one event."`

	Process eventProcessCmd `cmd:"" help:"Mark events as processed."`
}

type eventListCmd struct {
	output
	State string `help:"Only events in this state: new, in_progress or processed."`
	Team  string `help:"Only events of this team."`
	searched
}

// Run lists events.
func (c *eventListCmd) Run(e *env) error {
	return c.list(e, c.filter(string(processor.Event), c.State, c.Team))
}

// short returns s, cut to n characters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// indent returns text with four spaces before each line.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// size returns a number of octets as people read it.
func size(octets int64) string {
	switch {
	case octets >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(octets)/(1<<30))
	case octets >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(octets)/(1<<20))
	case octets >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(octets)/(1<<10))
	}
	return fmt.Sprintf("%d octets", octets)
}
