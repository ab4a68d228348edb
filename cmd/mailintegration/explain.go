package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/processor"
)

type explainCmd struct {
	Files      []string `arg:"" name:"file" help:"Messages, a file each."`
	Mailbox    string   `placeholder:"NAME" help:"The mailbox whose rules decide; may be left out while there is only one."`
	JSON       bool     `help:"Print JSON, a line for each message."`
	NoDatabase bool     `help:"Look nothing up: no sender and no request is known, and the names of the configuration are taken as they are."`
}

// Run explains each message in turn and goes on after a file that cannot be read.
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
		return fmt.Errorf("%d of %d messages could not be explained", failed, len(c.Files))
	}
	return nil
}

// explaining is what decides about the messages.
type explaining struct {
	mailbox string
	policy  processor.Policy
	most    int64 // octets, 0 for no limit
	look    daemon.LookUp
	close   func()
}

// explain reads one message and prints what would become of it.
func (x *explaining) explain(e *env, f openedMessage, asJSON bool) error {
	if f.err != nil {
		return f.err
	}
	defer f.raw.Close()
	m, d, err := daemon.Preview(e.ctx, x.policy, x.most, x.look, f.raw, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if asJSON {
		return printJSON(e.stdout, m, f.raw, d)
	}
	return x.print(e.stdout, f.name, m, f.raw, d)
}

// prepare reads the configuration and, unless it shall not, opens the database for reading.
func (c *explainCmd) prepare(e *env) (*explaining, error) {
	service, broken, err := c.load(e)
	if err != nil {
		return nil, err
	}
	if service == nil {
		if c.Mailbox != "" {
			return nil, &failure{code: exitUsage, err: errors.New("--mailbox names a mailbox, but there is no configuration"), hint: "--config FILE"}
		}
		return offline("", defaultRules(), 0), nil
	}
	mb, err := mailboxNamed(service, broken, c.Mailbox)
	if err != nil {
		return nil, err
	}
	if c.NoDatabase {
		return offline(mb.Name, rules(mb), mb.MaxOctets), nil
	}
	return online(e, service, mb)
}

// load reads the configuration. The service is nil when there is none and no file was named: then the defaults of an
// end user's mailbox hold, and there is no database.
func (c *explainCmd) load(e *env) (*config.Service, *config.Error, error) {
	if _, err := os.Stat(e.config); errors.Is(err, fs.ErrNotExist) && (e.config == "" || e.config == defaultConfig()) {
		if !c.NoDatabase {
			what := e.config + " does not exist"
			if e.config == "" {
				what = "no configuration is named"
			}
			fmt.Fprintf(e.stderr, "warning: %s: explained by the defaults of an end user's mailbox, as with --no-database\n", what)
		}
		return nil, nil, nil
	}
	service, _, broken, err := load(e)
	return service, broken, err
}

// defaultRules are those of a mailbox file that says nothing more than it must.
func defaultRules() processor.Rules {
	return processor.Rules{
		Processor: processor.EndUserIncident, CreateNewRequests: true,
		UnknownFollowUp: processor.AcceptAndFlag, ClosedFollowUp: processor.AddActivityOnly,
		Names: processor.Names{FallbackUser: "unknown", Source: "Email"},
	}
}

// offline explains without a database.
func offline(mailbox string, rules processor.Rules, most int64) *explaining {
	policy := processor.NewPolicy(rules, rules.Names.Unresolved())
	look := func(context.Context, processor.Keys) (processor.Directory, error) {
		return processor.NoDirectory{}, nil
	}
	return &explaining{mailbox: mailbox, policy: policy, most: most, look: look, close: func() {}}
}

// online explains with what the database knows, which it can only read.
func online(e *env, service *config.Service, mb *config.Mailbox) (*explaining, error) {
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	if err := in.openReadOnly(e.ctx); err != nil {
		in.close()
		return nil, withoutDatabase(err)
	}
	rules := rules(mb)
	refs, err := in.store.References(e.ctx, rules.Names)
	if err != nil {
		in.close()
		return nil, fmt.Errorf("mailbox %s: %w", mb.Name, err)
	}
	look := func(ctx context.Context, keys processor.Keys) (processor.Directory, error) {
		return in.store.LookUp(ctx, refs.Team, keys)
	}
	policy := processor.NewPolicy(rules, refs)
	return &explaining{mailbox: mb.Name, policy: policy, most: mb.MaxOctets, look: look, close: in.close}, nil
}

// withoutDatabase adds to the error for a database that does not exist that explaining needs none.
func withoutDatabase(err error) error {
	if f := new(failure); errors.Is(err, errNoDatabase) && errors.As(err, &f) {
		return &failure{code: f.code, err: f.err, hint: f.hint + "; with --no-database none is needed"}
	}
	return err
}

// orNone joins names for a message.
func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
