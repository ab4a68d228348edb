package main

import (
	"errors"
	"fmt"
	"io/fs"

	"mailintegration/daemon"
	"mailintegration/store"
)

type replayCmd struct {
	File     string `arg:"" optional:"" help:"The file of the message, with its octets exactly as they were received."`
	Mailbox  string `placeholder:"NAME" help:"The mailbox to record the file for. Its MaxMessageSize does not matter."`
	SetAside int64  `placeholder:"EVENT" help:"Record the message that was set aside with this event, after the cause is fixed."`
	Again    bool   `help:"Record it even though the event is processed."`
}

// Run records the message and prints what became of it.
func (c *replayCmd) Run(e *env) error {
	switch {
	case c.File == "" && c.Mailbox == "" && c.SetAside > 0:
		return c.reconsider(e)
	case c.File == "" || c.Mailbox == "" || c.SetAside != 0 || c.Again:
		return &failure{
			code: exitUsage, err: errors.New("specify FILE with --mailbox NAME, or --set-aside EVENT"),
			hint: "run mailintegration replay --help",
		}
	}
	raw, err := openMessage(c.File)
	if err != nil {
		return err
	}
	defer raw.Close()
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	mb, err := mailboxNamed(in.service, in.broken, c.Mailbox)
	if err != nil {
		return err
	}
	m, o, err := daemon.Replay(e.ctx, in.store, wire(in.service, mb, tokenStore(in.service)), raw)
	if err != nil {
		return err
	}
	if o.Known {
		printLine(e.stdout, "%s: known, nothing was recorded: %s", c.File, earlier(o))
		return nil
	}
	printLine(e.stdout, "%s: %s", c.File, became(m, o))
	return nil
}

// reconsider records a message that was set aside.
func (c *replayCmd) reconsider(e *env) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	aside, err := in.store.OpenAside(e.ctx, c.SetAside)
	if err != nil {
		return c.stays(err)
	}
	defer aside.Raw.Close()
	mb, err := mailboxNamed(in.service, in.broken, aside.Mailbox)
	if err != nil {
		return &failure{code: exitConfiguration, err: fmt.Errorf("event %d: %w", c.SetAside, err),
			hint: "the message belongs to that mailbox: give a mailbox file that name again (Name)"}
	}
	m, o, err := daemon.Reconsider(e.ctx, in.store, wire(in.service, mb, tokenStore(in.service)), aside, c.Again)
	if err != nil {
		return c.stays(err)
	}
	printLine(e.stdout, "event %d: %s", c.SetAside, became(m, o))
	return nil
}

// stays adds a hint to the error of a message that stays set aside.
func (c *replayCmd) stays(err error) error {
	hint := "nothing was changed; try again"
	switch still := new(store.StillAsideError); {
	case errors.Is(err, store.ErrNotAside):
		hint = "run mailintegration event list to see the events; a message that was recorded later is no longer set aside"
	case errors.Is(err, store.ErrProcessed):
		hint = "if nobody recorded it by hand, use --again"
	case errors.As(err, &still):
		hint = fmt.Sprintf("nothing was changed; run mailintegration event show %d to see what to do", c.SetAside)
	case errors.Is(err, fs.ErrNotExist):
		hint = "restore the file from a backup of AttachmentDirectory"
	}
	return &failure{code: exitFailed, err: err, hint: hint}
}

// earlier says what became of a known message when it was accepted.
func earlier(o store.Outcome) string {
	switch o.Result {
	case store.Opened:
		return fmt.Sprintf("it opened %d", o.Request)
	case store.Added:
		return fmt.Sprintf("it was added to %d", o.Request)
	case store.SetAside:
		return fmt.Sprintf("it was set aside, event %[1]d (mailintegration replay --set-aside %[1]d records it)", o.Request)
	}
	return "it was " + o.Result
}
