package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
)

type explainCmd struct {
	Files      []string `arg:"" name:"file" help:"Files with one message each."`
	Mailbox    string   `placeholder:"NAME" help:"The mailbox whose rules decide. Not needed if there is only one."`
	JSON       bool     `help:"Print one line of JSON for each message."`
	NoDatabase bool     `help:"Look nothing up: no sender and no request is known, and every name in the configuration counts as existing."`
}

// Run explains each message in turn. It goes on after a file that cannot be read.
func (c *explainCmd) Run(e *env) error {
	messages := openMessages(c.Files)
	x, err := c.prepare(e)
	if err != nil {
		return err
	}
	defer x.close()
	failed := 0
	for i, m := range messages {
		if i > 0 && !c.JSON {
			fmt.Fprintln(e.stdout)
		}
		if err := x.explain(e, m, c.JSON); err != nil {
			printLine(e.stderr, "mailintegration: %s", oneLine(err.Error()))
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s could not be explained", failed, plural(len(c.Files), "message"))
	}
	return nil
}

// explaining holds the policy and the look-ups that decide about the messages.
type explaining struct {
	mailbox string
	policy  processor.Policy
	most    int64 // octets, 0 for no limit
	look    daemon.LookUp
	find    func(context.Context, store.Raw) (*store.MessageDetail, error) // what the mailbox has recorded of the same octets, nil for nothing
	close   func()
}

// explain reads one message and prints what would be decided about it.
func (x *explaining) explain(e *env, f openedMessage, asJSON bool) error {
	if f.err != nil {
		return f.err
	}
	defer f.raw.Close()
	m, d, err := daemon.Preview(e.ctx, x.policy, x.most, x.look, f.raw, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	known, err := x.find(e.ctx, f.raw)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if asJSON {
		return printJSON(e.stdout, f.name, m, f.raw, d, known)
	}
	return x.print(e.stdout, f.name, m, f.raw, d, known)
}

// prepare reads the configuration and, without --no-database, opens the database for reading.
func (c *explainCmd) prepare(e *env) (*explaining, error) {
	service, broken, err := c.load(e)
	if err != nil {
		return nil, err
	}
	if service == nil {
		if c.Mailbox != "" {
			return nil, &failure{
				code: exitUsage, err: errors.New("--mailbox names a mailbox, but there is no configuration"), hint: "use --config FILE",
			}
		}
		return offline("", defaultRules(), 0), nil
	}
	mb, err := c.chooseMailbox(service, broken)
	if err != nil {
		return nil, err
	}
	if c.NoDatabase {
		return offline(mb.Name, rules(service, mb), mb.MaxOctets), nil
	}
	return online(e, service, mb)
}

// chooseMailbox returns the mailbox that --mailbox names or, without the flag, the only one.
func (c *explainCmd) chooseMailbox(service *config.Service, broken *config.Error) (*config.Mailbox, error) {
	if c.Mailbox == "" {
		return onlyMailbox(service, broken)
	}
	return mailboxNamed(service, broken, c.Mailbox)
}

// load reads the configuration. If there is none, and nobody named a file, it returns a nil service: the messages are then
// explained with the defaults of an end user's mailbox and without a database.
func (c *explainCmd) load(e *env) (*config.Service, *config.Error, error) {
	if _, err := os.Stat(e.config); errors.Is(err, fs.ErrNotExist) && (e.config == "" || e.config == defaultConfig()) {
		if !c.NoDatabase {
			what := e.config + " does not exist"
			if e.config == "" {
				what = "no service file is named"
			}
			fmt.Fprintf(e.stderr, "warning: %s: using the defaults of an end user's mailbox, as with --no-database\n", what)
		}
		return nil, nil, nil
	}
	service, _, broken, err := load(e)
	return service, broken, err
}

// defaultRules returns the rules of a mailbox file that has only the mandatory tags.
func defaultRules() processor.Rules {
	return processor.Rules{
		Processor: processor.EndUserIncident, CreateNewRequests: true,
		UnknownFollowUp: processor.AcceptAndFlag, ClosedFollowUp: processor.AddActivityOnly,
		Names: processor.Names{FallbackUser: "unknown", Source: "Email"},
	}
}

// offline prepares to explain without a database.
func offline(mailbox string, rules processor.Rules, most int64) *explaining {
	policy := processor.NewPolicy(rules, rules.Names.Unresolved())
	look := func(context.Context, processor.Keys) (processor.Directory, error) {
		return processor.NoDirectory{}, nil
	}
	find := func(context.Context, store.Raw) (*store.MessageDetail, error) { return nil, nil }
	return &explaining{mailbox: mailbox, policy: policy, most: most, look: look, find: find, close: func() {}}
}

// online prepares to explain with look-ups in the database, which it opens read-only.
func online(e *env, service *config.Service, mb *config.Mailbox) (*explaining, error) {
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	if err := in.openReadOnly(e.ctx); err != nil {
		in.close()
		return nil, withoutDatabase(err)
	}
	rules := rules(service, mb)
	refs, err := in.store.References(e.ctx, rules.Names)
	if err != nil {
		in.close()
		return nil, fmt.Errorf("mailbox %s: %w", mb.Name, err)
	}
	look := func(ctx context.Context, keys processor.Keys) (processor.Directory, error) {
		return in.store.LookUp(ctx, refs.Team, keys)
	}
	find := func(ctx context.Context, raw store.Raw) (*store.MessageDetail, error) {
		return recorded(ctx, in.store, mb.Name, raw)
	}
	policy := processor.NewPolicy(rules, refs)
	return &explaining{mailbox: mb.Name, policy: policy, most: mb.MaxOctets, look: look, find: find, close: in.close}, nil
}

// recorded returns what a mailbox has recorded of the octets of a message, nil for nothing.
func recorded(ctx context.Context, s *store.Store, mailbox string, raw store.Raw) (*store.MessageDetail, error) {
	m, err := s.Message(ctx, store.MessageName{Digits: fmt.Sprintf("%x", raw.Digest()), Mailbox: mailbox})
	switch {
	case errors.Is(err, store.ErrUnknown):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &m, nil
}

// withoutDatabase adds to the hint about a database that does not exist that explain can do without one.
func withoutDatabase(err error) error {
	if f := new(failure); errors.Is(err, errNoDatabase) && errors.As(err, &f) {
		return &failure{code: f.code, err: f.err, hint: f.hint + ", or use --no-database"}
	}
	return err
}
