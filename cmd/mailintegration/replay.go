package main

import (
	"errors"
	"fmt"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/store"
)

type replayCmd struct {
	File     string `arg:"" optional:"" help:"The message, its octets exactly as they were received."`
	Mailbox  string `placeholder:"NAME" help:"The mailbox that the file is to be recorded for."`
	SetAside int64  `placeholder:"EVENT" help:"Instead of a file: the message that was set aside with this event, once its cause is gone."`
}

// Run records the message and says what became of it.
func (c *replayCmd) Run(e *env) error {
	switch isFile := c.File != "" && c.Mailbox != ""; {
	case !isFile && c.File == "" && c.Mailbox == "" && c.SetAside > 0:
		return c.reconsider(e)
	case !isFile || c.SetAside != 0:
		return &failure{code: exitUsage, err: fmt.Errorf("which message is to be recorded, and for which mailbox, must be said"), hint: "either FILE --mailbox NAME or --set-aside EVENT"}
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
	mb, err := mailboxNamed(in.service, c.Mailbox)
	if err != nil {
		return err
	}
	m, o, err := daemon.Replay(e.ctx, in.store, wire(mb, tokenStore(in.service)), raw)
	if err != nil {
		return err
	}
	if o.Known {
		fmt.Fprintf(e.stdout, "%s: known, nothing was recorded: %s\n", c.File, before(o))
		return nil
	}
	fmt.Fprintf(e.stdout, "%s: %s\n", c.File, became(m, o))
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
	if errors.Is(err, store.ErrUnknown) {
		return &failure{code: exitFailed, err: err, hint: "mailintegration event list names the events; one whose message has been recorded since is processed"}
	}
	if err != nil {
		return err
	}
	defer aside.Raw.Close()
	mb, err := mailboxNamed(in.service, aside.Mailbox)
	if err != nil {
		return err
	}
	m, o, err := daemon.Reconsider(e.ctx, in.store, wire(mb, tokenStore(in.service)), aside)
	if still := new(store.StillAsideError); errors.As(err, &still) {
		return &failure{code: exitFailed, err: still, hint: fmt.Sprintf("mailintegration event show %d says what to do; nothing was changed", c.SetAside)}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "event %d: %s\n", c.SetAside, became(m, o))
	return nil
}

// before says what became of a message when it was accepted.
func before(o store.Outcome) string {
	switch o.Outcome {
	case store.Opened:
		return fmt.Sprintf("it has opened %d", o.Request)
	case store.Added:
		return fmt.Sprintf("it was added to %d", o.Request)
	case store.SetAside:
		return fmt.Sprintf("it was set aside, event %d", o.Request)
	}
	return "it was " + o.Outcome
}

// mailboxNamed is the configured mailbox of that name; without a name, it is the only one there is.
func mailboxNamed(service *config.Service, name string) (*config.Mailbox, error) {
	var names []string
	for _, m := range service.Mailboxes {
		if m.Name == name || name == "" && len(service.Mailboxes) == 1 {
			return m, nil
		}
		names = append(names, m.Name)
	}
	err := fmt.Errorf("no mailbox is named %s", name)
	if name == "" {
		err = fmt.Errorf("which mailbox the message is for must be said")
	}
	return nil, &failure{code: exitUsage, err: err, hint: "--mailbox NAME, one of: " + orNone(names)}
}
