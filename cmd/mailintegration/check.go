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

type checkCmd struct {
	JSON bool `help:"Print JSON: a tree of checks and their steps."`
}

// checkTimeout bounds each check.
const checkTimeout = 30 * time.Second

// checking notes what each check has shown, and the worst exit code. For people it prints a line at once.
type checking struct {
	*env
	service  *config.Service
	quiet    bool // prints nothing: the findings are for a program
	findings []finding
	polled   map[string]*polling // who polls which mailbox, nil if the database does not say
	senders  []*senders          // accounts for sending, in the order of the configuration
	worst    int
}

// Run checks the installation and goes on after each check that fails. It changes nothing. A private PostgreSQL that does
// not run is started for the time of the check.
func (v checkCmd) Run(e *env) error {
	service, warnings, broken, err := load(e)
	if err != nil {
		return err
	}
	c := &checking{env: e, service: service, quiet: v.JSON}
	c.files(warnings, broken)
	s := c.database(service)
	if s != nil {
		defer s.close()
	}
	c.places(s)
	c.listening()
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
	return c.verdict(finding{What: "installation", Steps: c.findings}, v.JSON)
}

// verdict prints the findings for programs, and returns the error that decides the exit code.
func (c *checking) verdict(all finding, asJSON bool) error {
	if asJSON {
		if err := c.printJSON(concluded(all.What, all.Steps)); err != nil {
			return err
		}
	}
	if c.worst == 0 {
		return nil
	}
	hint := "see the lines that start with FAILED"
	if asJSON {
		hint = "see the checks with the result failed"
	}
	return &failure{code: c.worst, err: errors.New("some checks failed"), hint: hint}
}

// files notes the warnings and the mistakes of the configuration's files.
func (c *checking) files(warnings []config.Warning, broken *config.Error) {
	for _, w := range warnings {
		c.add(0, finding{What: "configuration", Result: resultWarning, Detail: w.String()})
	}
	for _, f := range c.service.Files {
		if why := c.denied(f.Path); why != "" {
			c.warn("configuration", why)
		}
	}
	if broken == nil {
		c.ok("configuration", c.config+", "+plural(len(c.service.Mailboxes), "mailbox"))
		return
	}
	for _, m := range broken.Mistakes {
		c.failed(exitConfiguration, "configuration", errors.New(m.String()), "")
	}
}

func (c *checking) ok(what, detail string) { c.add(0, named(what, good("%s", detail))) }

// failed notes an error and what to do about it, and remembers the exit code.
func (c *checking) failed(code int, what string, err error, hint string) {
	c.add(code, named(what, bad(err, cmp.Or(hint, daemon.Hint(err)))))
}

// warn notes a thing that works, but should be changed.
func (c *checking) warn(what, detail string) { c.add(0, named(what, doubtful(detail, ""))) }

// add notes a finding, and prints it for people: a line for itself, and one for each warning below it. If it failed, code is
// the exit code.
func (c *checking) add(code int, f finding) {
	c.findings = append(c.findings, f)
	if f.Result == resultFailed {
		c.worst = max(c.worst, code)
	}
	if c.quiet {
		return
	}
	if len(f.Steps) > 0 && f.Result != resultFailed {
		f.Result = resultOK // the warnings below have lines of their own
	}
	printLine(c.stdout, "%-7s %s", shownAs(f.Result), f.line())
	for _, w := range f.warnings() {
		printLine(c.stdout, "%-7s %s", shownAs(w.Result), named(f.What, w).line())
	}
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
		c.polled = map[string]*polling{} // no daemon has ever run
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
	if err := in.store.CheckFunctions(ctx); err != nil {
		c.failed(exitFailed, "database", err, "")
	}
	if c.polled, err = pollings(ctx, in.store); err != nil {
		c.warn("database", "who polls the mailboxes cannot be asked: "+err.Error())
	}
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
	if w.Problem != nil {
		c.failed(exitConfiguration, what, w.Problem, "")
		return
	}
	if m.Authentication == config.Azure {
		steps, isUsable := c.token(m.Name, w.Account.Token, tokenOptions(m, all.tokens))
		for _, step := range steps {
			c.add(exitUnreachable, named(what, step))
		}
		if !isUsable {
			return
		}
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
