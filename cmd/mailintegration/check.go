package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
)

type checkCmd struct{}

// checkTimeout bounds each check.
const checkTimeout = 30 * time.Second

// checking prints a line for each check and remembers the worst exit code.
type checking struct {
	*env
	service *config.Service
	senders []*senders // accounts for sending, in the order of the configuration
	worst   int
}

// Run checks the installation and goes on after each check that fails. It changes nothing. A private PostgreSQL that does
// not run is started for the time of the check.
func (checkCmd) Run(e *env) error {
	service, warnings, broken, err := load(e)
	if err != nil {
		return err
	}
	c := &checking{env: e, service: service}
	for _, w := range warnings {
		fmt.Fprintln(e.stdout, "warning", w)
	}
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
	c.places(s)
	c.eventNames(s)
	all := newWiring(service, tokenStore(service))
	if service.Smtp != nil {
		c.sends("smtp of the service", all.sending, ownTokens("the service", service.Smtp, all.tokens),
			c.teamAddress(s, processor.Names{Team: service.Team, Login: service.Login}), "")
	}
	for _, m := range service.Mailboxes {
		c.mailbox(m, s, all)
	}
	c.sending()
	if c.worst != 0 {
		return &failure{code: c.worst, err: errors.New("some checks failed"), hint: "see the lines that start with FAILED"}
	}
	return nil
}

func (c *checking) ok(what, detail string) { printLine(c.stdout, "ok      %s: %s", what, detail) }

// failed prints one line with the error and what to do, and remembers the exit code.
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

// warn prints one line about a thing that works, but should be changed.
func (c *checking) warn(what, detail string) {
	fmt.Fprintf(c.stdout, "warning %s: %s\n", what, oneLine(detail))
}

// oneLine joins the lines of s and drops repeated ones: pgx repeats an error for each of its attempts.
func oneLine(s string) string {
	var parts []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(parts, line) {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, " ")
}

// database checks the connection and the schema. It returns the installation in which the names of the mailboxes are
// looked up, nil if the database cannot be used.
func (c *checking) database(service *config.Service) *installation {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if !hasDatabase(service) {
		c.failed(exitFailed, "database", errNoDatabase, "run mailintegration db migrate to make it")
		return nil
	}
	in := &installation{service: service, log: newLogger(c.stderr, zapcore.WarnLevel)}
	version, err := in.checkDatabase(ctx)
	if err != nil {
		in.close()
		c.failed(exitFailed, "database", err, "")
		return nil
	}
	c.ok("database", fmt.Sprintf("schema version %d", version))
	return in
}

// checkDatabase opens the store, without its attachments, if the schema is this program's. It returns the schema's
// version.
func (in *installation) checkDatabase(ctx context.Context) (version int64, err error) {
	url, err := in.database(ctx)
	if err != nil {
		return 0, err
	}
	status, err := store.Status(ctx, url)
	if err != nil {
		return 0, err
	}
	if err := status.Check(); err != nil {
		return 0, err
	}
	in.store, err = store.Open(ctx, store.Options{URL: url})
	return status.Database, err
}

// eventNames checks the names that the events of the daemon about itself have: Login, Team and EventGroup of the service file.
func (c *checking) eventNames(in *installation) {
	if in == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	const what = "events about the daemon"
	refs, err := in.store.EventReferences(ctx, "", eventNames(c.service)...)
	if err != nil {
		c.failed(exitFailed, what, err, "")
		return
	}
	for _, n := range refs.Missing {
		c.warn(what, fmt.Sprintf("%s %q is not in the database; %s", n.Tag, n.Name, n.Hint))
	}
	if len(refs.Missing) == 0 {
		c.ok(what, fmt.Sprintf("group %s of team %s", cmp.Or(refs.Group.Name, refs.ServiceDesk.Name), refs.Team.Name))
	}
}

// mailbox checks the names, the access token, the log-in and the certificate of one mailbox.
func (c *checking) mailbox(m *config.Mailbox, in *installation, all *wiring) {
	what := "mailbox " + m.Name
	if !m.Enabled {
		c.ok(what, "not enabled")
		return
	}
	for _, silent := range withoutEffect(c.service, m) {
		c.warn(what, silent)
	}
	w := all.mailbox(m)
	c.names(what, w, in)
	if w.Sending != nil {
		c.sends("smtp of "+what, w.Sending, ownTokens(m.Name, m.Smtp, all.tokens), c.teamAddress(in, w.Rules.Names), m.Name)
	}
	if m.Authentication == config.Azure && !c.token(what, m.Name, w.Account.Token, tokenOptions(m, all.tokens)) {
		return
	}
	c.logIn(what, w, m)
}

// names checks that every name in the mailbox's configuration is in the database.
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
