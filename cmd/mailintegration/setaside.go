package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"mailintegration/daemon"
	"mailintegration/mailbox/oauth"
	"mailintegration/processor"
	"mailintegration/store"
)

type setAsideCmd struct {
	List    setAsideListCmd    `cmd:"" help:"List the messages that are set aside."`
	Show    setAsideShowCmd    `cmd:"" help:"Show one of them: why it was set aside, and what became of it."`
	Export  setAsideExportCmd  `cmd:"" help:"Write one of them to a file, exactly as it was received."`
	Replay  setAsideReplayCmd  `cmd:"" help:"Record messages after all, after the cause is fixed."`
	Discard setAsideDiscardCmd `cmd:"" help:"Decide that messages are not recorded. They are kept."`
}

type setAsideListCmd struct {
	output
	All     bool   `help:"Also list those that were replayed or discarded."`
	Mailbox string `placeholder:"NAME" help:"Only messages of this mailbox."`
	Event   int64  `placeholder:"N" help:"Only messages of this event."`
}

// Run lists the messages that are set aside.
func (c *setAsideListCmd) Run(e *env) error {
	filter := store.AsideFilter{Event: c.Event, Mailbox: c.Mailbox, Waiting: !c.All}
	return list(e, c.output, func(s *store.Store) ([]store.AsideDetail, error) { return s.Asides(e.ctx, filter) },
		[]string{"id", "mailbox", "event", "state", "set aside", "from", "subject", "why"}, func(a store.AsideDetail) []any {
			return []any{a.ID, a.Mailbox, a.Event, a.State, when(&a.At), sender(a.Sender), short(a.Subject, 40), short(a.Detail, 60)}
		})
}

type setAsideShowCmd struct {
	output
	ID int64 `arg:"" name:"id" help:"The number of the message among those set aside."`
}

// Run shows one message that was set aside.
func (c *setAsideShowCmd) Run(e *env) error {
	in, err := openToRead(e)
	if err != nil {
		return err
	}
	defer in.close()
	found, err := in.store.Asides(e.ctx, store.AsideFilter{ID: c.ID})
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return noAside(fmt.Errorf("the message %d that was set aside %w", c.ID, store.ErrUnknown))
	case c.JSON:
		return e.printJSON(found[0])
	}
	return showAside(e.stdout, found[0])
}

// showAside prints a message that was set aside, for people.
func showAside(w io.Writer, a store.AsideDetail) error {
	printLine(w, "message %d: %s", a.ID, a.Subject)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	f := facts{t, "  "}
	f.say("State", string(a.State))
	if a.SettledAt != nil {
		f.say("Since", when(a.SettledAt)+" by "+person(a.SettledBy))
	}
	f.say("Reason", a.Remark)
	if a.Request != nil {
		f.say("Recorded as", fmt.Sprintf("request %d", *a.Request))
	}
	f.say("Mailbox", a.Mailbox)
	f.say("Event", fmt.Sprint(a.Event))
	f.say("Set aside", when(&a.At))
	f.say("From", sender(a.Sender))
	f.say("Message-ID", a.MessageID)
	f.say("Size", size(a.Octets))
	f.say("SHA-256", a.SHA256)
	f.say("Why", a.Detail+" ["+a.Reason+"]")
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nTo read the message: mailintegration setaside export %d FILE\n", a.ID)
	if a.State == store.Waiting {
		fmt.Fprintf(w, "What to do: mailintegration event show %d\n", a.Event)
	}
	return nil
}

// noAside adds a hint to an error about a message that does not exist, and returns any other error as it is.
func noAside(err error) error {
	if errors.Is(err, store.ErrUnknown) {
		return &failure{code: exitFailed, err: err, hint: "run mailintegration setaside list --all to see the messages that are or were set aside"}
	}
	return err
}

type setAsideExportCmd struct {
	ID   int64  `arg:"" name:"id" help:"The number of the message among those set aside."`
	File string `arg:"" help:"The file to write, which must not exist; - for standard output."`
}

// Run writes the octets of a message.
func (c *setAsideExportCmd) Run(e *env) error {
	return exportTo(e, c.File, fmt.Sprintf("message %d", c.ID), func(s *store.Store) (*store.Octets, error) {
		octets, err := s.OpenAsideOctets(e.ctx, c.ID)
		return octets, noAside(err)
	})
}

// lostOriginal adds a hint to the error of a file of the attachment directory that is gone or damaged.
func lostOriginal(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
		return &failure{code: exitFailed, err: err, hint: "restore the file from a backup of AttachmentDirectory"}
	}
	return err
}

type setAsideReplayCmd struct {
	byPerson
	IDs     []int64 `arg:"" optional:"" name:"id" help:"The numbers of the messages among those set aside."`
	Event   int64   `placeholder:"N" help:"All messages of this event that wait."`
	Mailbox string  `placeholder:"NAME" help:"All messages of this mailbox that wait."`
	All     bool    `help:"All messages that wait."`
	Again   bool    `help:"Record them even though their event is processed, or they were discarded."`
}

// Run replays messages, each by itself.
func (c *setAsideReplayCmd) Run(e *env) error {
	ways := 0
	for _, named := range []bool{len(c.IDs) > 0, c.Event != 0, c.Mailbox != "", c.All} {
		if named {
			ways++
		}
	}
	if ways != 1 {
		return &failure{
			code: exitUsage, err: errors.New("specify the numbers of messages, --event N, --mailbox NAME, or --all"),
			hint: "run mailintegration setaside list to see the numbers",
		}
	}
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	ids, err := c.ids(e.ctx, in)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		fmt.Fprintln(e.stdout, "no message waits: nothing to replay")
		return nil
	}
	r := replaying{in: in, tokens: tokenStore(in.service), how: store.Reconsideration{Again: c.Again}}
	if c.As != "" {
		if r.how.By, err = c.author(e.ctx, in); err != nil {
			return err
		}
	}
	return r.all(e, ids)
}

// ids returns the numbers of the messages to replay.
func (c *setAsideReplayCmd) ids(ctx context.Context, in *installation) ([]int64, error) {
	switch {
	case len(c.IDs) > 0:
		return c.IDs, nil
	case c.Event != 0:
		ids, err := in.store.AsidesOf(ctx, c.Event)
		if errors.Is(err, store.ErrNotAside) {
			err = &failure{code: exitFailed, err: err, hint: "run mailintegration setaside list --all to see what became of the messages"}
		}
		return ids, err
	}
	waiting, err := in.store.Asides(ctx, store.AsideFilter{Mailbox: c.Mailbox, Waiting: true})
	var ids []int64
	for _, a := range waiting {
		ids = append(ids, a.ID)
	}
	if err == nil && len(ids) == 0 && c.Mailbox != "" {
		_, err = mailboxNamed(in.service, in.broken, c.Mailbox)
	}
	return ids, err
}

// replaying replays messages that were set aside.
type replaying struct {
	in     *installation
	tokens *oauth.Store
	how    store.Reconsideration
}

// all replays messages, each by itself, and sums up if there are several.
func (r *replaying) all(e *env, ids []int64) error {
	recorded := 0
	err := several(e, ids, func(id int64) (string, error) {
		event, m, o, err := r.one(e.ctx, id)
		if err != nil {
			return "", err
		}
		recorded++
		return fmt.Sprintf("event %d, message %d: %s", event, id, became(m, o)), nil
	})
	if len(ids) > 1 {
		fmt.Fprintf(e.stdout, "%d of %d messages recorded\n", recorded, len(ids))
	}
	return err
}

// one replays one message, and returns its event.
func (r *replaying) one(ctx context.Context, id int64) (event int64, m *processor.Message, o store.Outcome, err error) {
	aside, err := r.in.store.OpenAside(ctx, id)
	if err != nil {
		return 0, nil, o, lostOriginal(noAside(err))
	}
	defer aside.Raw.Close()
	mb, err := mailboxNamed(r.in.service, r.in.broken, aside.Mailbox)
	if err != nil {
		return 0, nil, o, &failure{code: exitConfiguration, err: fmt.Errorf("event %d, message %d: %w", aside.Event, id, err),
			hint: "the message belongs to that mailbox: give a mailbox file that name again (Name)"}
	}
	m, o, err = daemon.Reconsider(ctx, r.in.store, wire(r.in.service, mb, r.tokens), aside, r.how)
	return aside.Event, m, o, staysAside(err, aside.Event)
}

// staysAside adds a hint to the error of a message that stays set aside.
func staysAside(err error, event int64) error {
	if err == nil {
		return nil
	}
	hint := hintOf(err)
	switch still := new(store.StillAsideError); {
	case errors.Is(err, store.ErrProcessed):
		hint = "if nobody recorded it by hand, use --again"
	case errors.As(err, &still):
		hint = fmt.Sprintf("nothing was changed; run mailintegration event show %d to see what to do", event)
	}
	return &failure{code: exitFailed, err: err, hint: cmp.Or(hint, "nothing was changed; try again")}
}

type setAsideDiscardCmd struct {
	byPerson
	IDs    []int64 `arg:"" name:"id" help:"The numbers of the messages among those set aside."`
	Reason string  `required:"" placeholder:"TEXT" help:"Why they are not recorded, for the history of their event."`
}

// Run discards messages, each by itself.
func (c *setAsideDiscardCmd) Run(e *env) error {
	return c.change(e, c.IDs, func(ctx context.Context, j *store.Journal, id int64) (string, error) {
		event, err := j.Discard(ctx, id, c.Reason)
		return fmt.Sprintf("message %d discarded; event %d has the reason, and the message as it was received", id, event), noAside(err)
	})
}
