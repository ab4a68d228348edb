package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/store"
)

type replayCmd struct {
	File     string `arg:"" optional:"" help:"The message, its octets exactly as they were received."`
	Mailbox  string `placeholder:"NAME" help:"The mailbox that the file is to be recorded for; its MaxMessageSize does not matter."`
	SetAside int64  `placeholder:"EVENT" help:"Instead of a file: the message that was set aside with this event, once its cause is gone."`
	Again    bool   `help:"Record it although the event is marked as processed."`
}

// Run records the message and says what became of it.
func (c *replayCmd) Run(e *env) error {
	switch {
	case c.File == "" && c.Mailbox == "" && c.SetAside > 0:
		return c.reconsider(e)
	case c.File == "" || c.Mailbox == "" || c.SetAside != 0 || c.Again:
		return &failure{code: exitUsage, err: fmt.Errorf("which message is to be recorded, and for which mailbox, must be said"), hint: "either FILE --mailbox NAME or --set-aside EVENT [--again]"}
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
		printLine(e.stdout, "%s: known, nothing was recorded: %s", c.File, before(o))
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

// stays says what can be done about a message that stays set aside.
func (c *replayCmd) stays(err error) error {
	hint := "nothing was changed; try again"
	switch still := new(store.StillAsideError); {
	case errors.Is(err, store.ErrNotAside):
		hint = "mailintegration event list names the events; a message that has been recorded since is no longer set aside"
	case errors.Is(err, store.ErrProcessed):
		hint = "if it was not recorded by hand: --again"
	case errors.As(err, &still):
		hint = fmt.Sprintf("mailintegration event show %d says what to do; nothing was changed", c.SetAside)
	case errors.Is(err, fs.ErrNotExist):
		hint = "restore the file from a backup of AttachmentDirectory"
	}
	return &failure{code: exitFailed, err: err, hint: hint}
}

// before says what became of a message when it was accepted.
func before(o store.Outcome) string {
	switch o.Outcome {
	case store.Opened:
		return fmt.Sprintf("it has opened %d", o.Request)
	case store.Added:
		return fmt.Sprintf("it was added to %d", o.Request)
	case store.SetAside:
		return fmt.Sprintf("it was set aside, event %[1]d (replay --set-aside %[1]d)", o.Request)
	}
	return "it was " + o.Outcome
}

// mailboxNamed is the configured mailbox of that name; without a name, it is the only one there is. One whose file is
// broken is not there: then the mistakes are the error.
func mailboxNamed(service *config.Service, broken *config.Error, name string) (*config.Mailbox, error) {
	var names []string
	for _, m := range service.Mailboxes {
		if strings.EqualFold(m.Name, name) || name == "" && len(service.Mailboxes) == 1 {
			return m, nil
		}
		names = append(names, m.Name)
	}
	if broken != nil {
		return nil, broken
	}
	err := fmt.Errorf("no mailbox is named %s", name)
	if name == "" {
		err = fmt.Errorf("which mailbox the message is for must be said")
	}
	return nil, &failure{code: exitUsage, err: err, hint: "--mailbox NAME, one of: " + orNone(names)}
}
