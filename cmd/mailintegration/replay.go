package main

import (
	"errors"
	"fmt"

	"mailintegration/daemon"
	"mailintegration/store"
)

type replayCmd struct {
	File     string `arg:"" optional:"" help:"The file of the message, with its octets exactly as they were received."`
	Mailbox  string `placeholder:"NAME" help:"The mailbox to record the file for. Its MaxMessageSize does not matter."`
	SetAside int64  `placeholder:"EVENT" help:"The same as setaside replay --event EVENT."`
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

// reconsider records the messages that were set aside with an event.
func (c *replayCmd) reconsider(e *env) error {
	return (&setAsideReplayCmd{Event: c.SetAside, Again: c.Again}).Run(e)
}

// earlier says what became of a known message when it was accepted.
func earlier(o store.Outcome) string {
	switch o.Result {
	case store.Opened:
		return fmt.Sprintf("it opened %d", o.Request)
	case store.Added:
		return fmt.Sprintf("it was added to %d", o.Request)
	case store.SetAside:
		return fmt.Sprintf("it was set aside, event %[1]d (mailintegration setaside list --event %[1]d)", o.Request)
	}
	return "it was " + o.Result
}
