package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
	"mailintegration/store"
)

type checkCmd struct{}

// checkTimeout bounds the check of one thing.
const checkTimeout = 30 * time.Second

// checking prints a line for each thing that was checked and remembers the worst.
type checking struct {
	*env
	worst int
}

// Run checks the installation piece by piece and goes on after each that fails. It changes nothing, but for
// starting the private PostgreSQL where that is the database.
func (checkCmd) Run(e *env) error {
	service, broken, err := load(e)
	if err != nil {
		return err
	}
	c := &checking{env: e}
	if broken != nil {
		for _, m := range broken.Mistakes {
			c.failed(exitConfiguration, "configuration", errors.New(m.String()), "")
		}
	} else {
		c.ok("configuration", fmt.Sprintf("%s, %d mailboxes", e.config, len(service.Mailboxes)))
	}
	s := c.database(service)
	if s != nil {
		defer s.close()
	}
	tokens := tokenStore(service)
	for _, m := range service.Mailboxes {
		c.mailbox(m, s, tokens)
	}
	if c.worst != 0 {
		return &failure{code: c.worst, err: errors.New("something is not as it should be"), hint: "see the lines that start with FAILED"}
	}
	return nil
}

func (c *checking) ok(what, detail string) { fmt.Fprintf(c.stdout, "ok      %s: %s\n", what, detail) }

// failed prints one line for what is wrong, with what to do, and notes the exit code.
func (c *checking) failed(code int, what string, err error, hint string) {
	line := "FAILED  " + what + ": " + oneLine(err.Error())
	if hint == "" {
		hint = daemon.Hint(err)
	}
	if hint != "" {
		line += "; " + oneLine(hint)
	}
	fmt.Fprintln(c.stdout, line)
	c.worst = max(c.worst, code)
}

// oneLine puts what stands on several lines on one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// database checks the connection, the schema and the attachment directory. It returns what the mailboxes' names are looked up in, nil
// when there is nothing to look them up in.
func (c *checking) database(service *config.Service) *installation {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	in := &installation{service: service, log: newLogger(c.stderr, zapcore.WarnLevel)}
	url, err := in.database(ctx)
	if err != nil {
		c.failed(exitFailed, "database", err, "")
		return nil
	}
	status, err := store.Status(ctx, url)
	if err != nil {
		in.close()
		c.failed(exitFailed, "database", err, "")
		return nil
	}
	if err := status.Check(); err != nil {
		in.close()
		c.failed(exitFailed, "database", err, "")
		return nil
	}
	c.ok("database", fmt.Sprintf("schema version %d", status.Database))
	if in.store, err = store.Open(ctx, store.Options{URL: url, AttachmentDirectory: service.AttachmentDirectory}); err != nil {
		in.close()
		c.failed(exitFailed, "attachment directory", err, "")
		return nil
	}
	c.ok("attachment directory", service.AttachmentDirectory)
	return in
}

// mailbox checks one mailbox: the names it uses, the access token, the log-in, the certificate.
func (c *checking) mailbox(m *config.Mailbox, in *installation, tokens *oauth.Store) {
	what := "mailbox " + m.Name
	if !m.Enabled {
		c.ok(what, "not enabled")
		return
	}
	if err := unsupported(m); err != nil {
		c.failed(exitConfiguration, what, err, "")
		return
	}
	w := wire(m, tokens)
	c.names(what, w, in)
	if m.Authentication == config.Azure && !c.token(what, w, tokenOptions(m, tokens)) {
		return
	}
	c.logIn(what, w, m)
}

// names checks that what the mailbox's configuration names is in the database.
func (c *checking) names(what string, m daemon.Mailbox, in *installation) {
	if in == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if _, err := in.store.References(ctx, m.Rules.Names); err != nil {
		c.failed(exitFailed, what, err, "")
		return
	}
	c.ok(what, "its names are in the database")
}

// logIn opens a session, reads the listing and leaves without touching a message.
func (c *checking) logIn(what string, w daemon.Mailbox, m *config.Mailbox) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	session, err := mailbox.Open(ctx, w.Account)
	if err != nil {
		c.failed(exitUnreachable, what, err, refusedTokenHint(m, err))
		return
	}
	defer session.Close()
	items, err := session.List(ctx)
	if err != nil {
		c.failed(exitUnreachable, what, err, "")
		return
	}
	detail := fmt.Sprintf("logged in, %d messages", len(items))
	if state, ok := session.TLS(); ok {
		leaf := state.PeerCertificates[0]
		detail += fmt.Sprintf(", certificate of %s good until %s", leaf.Subject.CommonName, leaf.NotAfter.Format(time.DateOnly))
	} else {
		detail += ", without encryption"
	}
	c.ok(what, detail)
}
