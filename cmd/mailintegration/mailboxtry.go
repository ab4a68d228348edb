package main

import (
	"context"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox/oauth"
	"mailintegration/mailbox/smtp"
	"mailintegration/processor"
)

type mailboxTestCmd struct {
	Name string `arg:"" help:"The mailbox's name."`
	JSON bool   `help:"Print JSON: a tree of steps."`
}

// Run tries to log in to a mailbox, and to the server that sends its mail, step by step. It records nothing and sends
// nothing, and does not log in while a daemon polls the mailbox.
func (v *mailboxTestCmd) Run(e *env) error {
	service, _, broken, err := load(e)
	if err != nil {
		return err
	}
	m, err := mailboxNamed(service, broken, v.Name)
	if err != nil {
		return err
	}
	c := &checking{env: e, service: service, quiet: v.JSON}
	if !v.JSON {
		printLine(e.stdout, "mailbox %s (%s)", m.Name, m.File)
	}
	in := c.askDaemons()
	if in != nil {
		defer in.close()
	}
	all := newWiring(service, tokenStore(service))
	w := all.mailbox(m)
	c.readingSteps(m, w, all)
	c.sendingSteps(m, w, in, all)
	return c.verdict(finding{What: "mailbox " + m.Name, Steps: c.findings}, v.JSON)
}

// branch notes a part of the tree, and prints it for people.
func (c *checking) branch(f finding) {
	c.findings = append(c.findings, f)
	if f.worst() == resultFailed {
		c.worst = exitUnreachable
	}
	if !c.quiet {
		printTree(c.stdout, f, 0)
	}
}

// askDaemons asks the database who polls the mailboxes. It returns the installation to look up names in, nil if the database
// does not answer.
func (c *checking) askDaemons() *installation {
	if !hasDatabase(c.service) {
		c.polled = map[string]*polling{} // no daemon has ever run
		return nil
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	in := &installation{service: c.service, log: newLogger(c.stderr, zapcore.WarnLevel)}
	_, err := in.checkDatabase(ctx)
	if err == nil {
		c.polled, err = pollings(ctx, in.store)
	}
	if err == nil {
		return in
	}
	in.close()
	c.branch(named("database", doubtful("it does not say whether a daemon polls the mailbox: "+err.Error(), hintOf(err))))
	return nil
}

// readingSteps tries to read the mailbox.
func (c *checking) readingSteps(m *config.Mailbox, w daemon.Mailbox, all *wiring) {
	what := "reading over POP3 from " + w.Account.HostPort()
	var steps []finding
	if m.Authentication == config.Azure {
		token, isUsable := c.tokenStep(m.Name, w, tokenOptions(m, all.tokens))
		if steps = append(steps, token); !isUsable {
			c.branch(concluded(what, steps))
			return
		}
	}
	t := newPOP3Trial(m, w, pollingNamed(c.polled, m.Name), c.resolver)
	t.run(c.ctx)
	c.branch(concluded(what, append(steps, t.steps(c.ctx)...)))
}

// tokenStep obtains the access token of a mailbox. It reports whether there is one.
func (c *checking) tokenStep(name string, w daemon.Mailbox, o oauth.Options) (step finding, isUsable bool) {
	if w.Problem != nil {
		return named("token", bad(w.Problem, daemon.Hint(w.Problem))), false
	}
	return c.tokenTree(name, w.Account.Token, o)
}

// tokenTree obtains an access token and returns what it permits as one step. It reports whether there is a token.
func (c *checking) tokenTree(name string, obtain func(context.Context) (string, error), o oauth.Options) (step finding, isUsable bool) {
	steps, isUsable := c.token(name, obtain, o)
	for i := range steps {
		steps[i].What = "access token"
	}
	return concluded("token", steps), isUsable
}

// sendingSteps tries the server that sends the mailbox's mail.
func (c *checking) sendingSteps(m *config.Mailbox, w daemon.Mailbox, in *installation, all *wiring) {
	if w.Sending == nil {
		c.branch(named("sending over SMTP", skipped("there is no <Smtp>, in %s or in the service file: nothing is sent", m.File)))
		return
	}
	account := w.Sending.Account
	what := "sending over SMTP through " + account.HostPort()
	var steps []finding
	of, s := m.Name, m.Smtp
	if s == nil {
		of, s = "the service", c.service.Smtp
	}
	if own := ownTokens(of, s, all.tokens); own != nil {
		token, isUsable := c.tokenTree("", account.Token, *own)
		if steps = append(steps, token); !isUsable {
			c.branch(concluded(what, steps))
			return
		}
	}
	names := processor.Names{Team: w.Rules.Names.Team, Login: w.Rules.Names.Login}
	account.From = smtp.Address{Address: senderAddress(w.Sending, c.teamAddress(in, names))}
	t := newSMTPTrial(account, c.resolver)
	t.run(c.ctx)
	c.branch(concluded(what, append(steps, t.steps(c.ctx)...)))
}
