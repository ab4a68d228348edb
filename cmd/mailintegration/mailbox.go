package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"mailintegration/config"
	"mailintegration/mailbox/oauth"
)

type mailboxCmd struct {
	List      mailboxListCmd      `cmd:"" help:"List the configured mailboxes."`
	Authorize mailboxAuthorizeCmd `cmd:"" help:"Let a person authorize the daemon to read a mailbox of Microsoft 365: prints an address and a code, and waits."`
}

type mailboxListCmd struct{ output }

// mailboxSummary is a mailbox as mailbox list shows it.
type mailboxSummary struct {
	Name           string     `json:"name"`
	Server         string     `json:"server"` // host:port
	Security       string     `json:"security"`
	Enabled        bool       `json:"enabled"`
	Schedule       string     `json:"schedule"`
	Authentication string     `json:"authentication"`
	Grant          string     `json:"grant,omitempty"`         // how tokens are obtained, with Azure
	AuthorizedAt   *time.Time `json:"authorized_at,omitempty"` // by a person, with a device code
	Problem        string     `json:"problem,omitempty"`       // why the authorization cannot be used
}

// Run lists the mailboxes; it needs neither database nor network.
func (c *mailboxListCmd) Run(e *env) error {
	service, _, broken, err := load(e)
	if err != nil {
		return err
	}
	tokens := tokenStore(service)
	list := []mailboxSummary{}
	var rows [][]any
	for _, m := range service.Mailboxes {
		s := summary(m, tokens)
		list = append(list, s)
		rows = append(rows, []any{s.Name, s.Server, s.Security, yes(s.Enabled), s.Schedule, s.logIn()})
	}
	if err := c.print(e, list, []string{"name", "server", "security", "enabled", "schedule", "authentication"}, rows); err != nil {
		return err
	}
	if broken != nil {
		return broken
	}
	return nil
}

// summary is what is shown of a mailbox.
func summary(m *config.Mailbox, tokens *oauth.Store) mailboxSummary {
	s := mailboxSummary{
		Name: m.Name, Server: net.JoinHostPort(m.ServerName, strconv.Itoa(m.Port)), Security: string(m.Security),
		Enabled: m.Enabled, Schedule: m.Schedule.String(), Authentication: string(m.Authentication),
	}
	if m.Authentication != config.Azure {
		return s
	}
	opts := tokenOptions(m, tokens)
	s.Grant = string(opts.Grant())
	if opts.Grant() == oauth.DeviceCode {
		a, err := tokens.Load(m.Name)
		switch {
		case err == nil:
			s.AuthorizedAt = &a.AuthorizedAt
		case !errors.Is(err, fs.ErrNotExist):
			s.Problem = err.Error()
		}
	}
	return s
}

// logIn says how the mailbox is logged in to, for a table.
func (s mailboxSummary) logIn() string {
	switch {
	case s.Grant == "":
		return s.Authentication
	case s.Grant != string(oauth.DeviceCode):
		return s.Authentication + ", " + s.Grant
	case s.Problem != "":
		return s.Authentication + ", " + s.Grant + ": " + s.Problem
	case s.AuthorizedAt == nil:
		return s.Authentication + ", " + s.Grant + ", not authorized"
	}
	return s.Authentication + ", " + s.Grant + ", authorized " + s.AuthorizedAt.Local().Format(time.DateOnly)
}

type mailboxAuthorizeCmd struct {
	Name string `arg:"" help:"The mailbox's name."`
}

// Run shows a person where to go and what to enter, and waits until that is done.
func (c *mailboxAuthorizeCmd) Run(e *env) error {
	service, _, broken, err := load(e)
	if err != nil {
		return err
	}
	m, err := find(service, broken, c.Name)
	if err != nil {
		return err
	}
	opts := tokenOptions(m, tokenStore(service))
	if m.Authentication != config.Azure || opts.Grant() != oauth.DeviceCode {
		return &failure{
			code: exitUsage, err: fmt.Errorf("mailbox %s: there is nothing to authorize: it is logged in to with what its file says", m.Name),
			hint: "a person authorizes a mailbox with Authentication Azure and without ClientSecret and Password",
		}
	}
	source, err := oauth.New(opts)
	if err != nil {
		return err
	}
	claims, err := source.Authorize(e.ctx, func(i oauth.Invitation) { invite(e, m, i) })
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped: nothing was authorized")
	}
	if err != nil {
		return err
	}
	return authorized(e, m, opts, claims)
}

// find returns the mailbox of that name.
func find(service *config.Service, broken *config.Error, name string) (*config.Mailbox, error) {
	for _, m := range service.Mailboxes {
		if strings.EqualFold(m.Name, name) {
			return m, nil
		}
	}
	if broken != nil {
		return nil, broken // it may be one of those that could not be read
	}
	return nil, &failure{code: exitUsage, err: fmt.Errorf("there is no mailbox %q", name), hint: "mailintegration mailbox list"}
}

// invite says what the person has to do.
func invite(e *env, m *config.Mailbox, i oauth.Invitation) {
	fmt.Fprintf(e.stdout, "To let MailIntegration read the mailbox %s, open\n\n    %s\n\nenter the code\n\n    %s\n\nand sign in as %s.\n",
		m.Name, i.URL, i.Code, m.UserName)
	if !i.Expires.IsZero() {
		fmt.Fprintf(e.stdout, "The code is good until %s. ", i.Expires.Local().Format("15:04"))
	}
	fmt.Fprintln(e.stdout, "Waiting …")
}

// authorized says what the person gave, and whether it will do.
func authorized(e *env, m *config.Mailbox, opts oauth.Options, claims oauth.Claims) error {
	fmt.Fprintf(e.stdout, "mailbox %s authorized\n", m.Name)
	if claims.Audience == "" {
		return nil // a token that says nothing: check will see whether the server takes it
	}
	fmt.Fprintf(e.stdout, "token: %s\n", claims)
	if claims.IsOfAnother(m.UserName) {
		fmt.Fprintln(e.stderr, "warning:", anotherUser(claims.User, m.UserName))
	}
	var wrong []error
	for _, missing := range claims.Missing(opts, time.Now()) {
		wrong = append(wrong, errors.New(missing))
	}
	if len(wrong) > 0 {
		return &failure{
			code: exitFailed, err: fmt.Errorf("the authorization will not do: %w", errors.Join(wrong...)),
			hint: "correct the application's registration, and authorize again",
		}
	}
	return nil
}
