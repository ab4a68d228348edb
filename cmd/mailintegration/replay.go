package main

import (
	"fmt"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/store"
)

type replayCmd struct {
	File    string `arg:"" help:"The message, its octets exactly as they were received."`
	Mailbox string `required:"" placeholder:"NAME" help:"The mailbox that it is to be recorded for."`
}

// Run records the message, unless it has a receipt of the mailbox, and says what became of it.
func (c *replayCmd) Run(e *env) error {
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
