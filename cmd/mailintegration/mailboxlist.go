package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"time"

	"mailintegration/config"
	"mailintegration/mailbox/oauth"
)

type mailboxListCmd struct{ output }

// mailboxSummary describes one mailbox for mailbox list and status.
type mailboxSummary struct {
	Name           string     `json:"name"`
	State          state      `json:"state"`
	File           string     `json:"file"`
	Mistakes       []string   `json:"mistakes,omitempty"` // in the file
	Denied         string     `json:"denied,omitempty"`   // why the account of the daemon cannot read the file; only root learns it
	Server         string     `json:"server,omitempty"`   // host:port
	Security       string     `json:"security,omitempty"`
	Enabled        bool       `json:"enabled"`
	Schedule       string     `json:"schedule,omitempty"`
	Authentication string     `json:"authentication,omitempty"`
	Grant          string     `json:"grant,omitempty"`         // with Azure: how tokens are obtained
	AuthorizedAt   *time.Time `json:"authorized_at,omitempty"` // with a device code: when a person did

	// The rest is from the database.
	Holder       *holderSummary `json:"holder,omitempty"` // the daemon that polls the mailbox
	PolledAt     *time.Time     `json:"polled_at,omitempty"`
	SucceededAt  *time.Time     `json:"succeeded_at,omitempty"` // the last poll that went well
	DueAt        *time.Time     `json:"due_at,omitempty"`       // the next poll
	RecordedAt   *time.Time     `json:"recorded_at,omitempty"`  // the last message
	Backlog      *int           `json:"backlog,omitempty"`      // messages on the server that are not recorded
	Cause        string         `json:"cause,omitempty"`        // the class of the problem
	Problem      string         `json:"problem,omitempty"`      // what is wrong with the last poll or the authorization
	ProblemSince *time.Time     `json:"problem_since,omitempty"`
	OpenProblems []openProblem  `json:"open_problems,omitempty"` // with their events
}

// holderSummary names a daemon.
type holderSummary struct {
	Host    string `json:"host"`
	Process int    `json:"process"`
	Version string `json:"version"`
}

// state says how a mailbox is doing.
type state string

// The states of a mailbox.
const (
	stateOK        state = "ok"         // a daemon polls it, and the last poll went well
	stateFailing   state = "failing"    // a daemon polls it, and the last poll failed
	stateNew       state = "new"        // a daemon is about to poll it for the first time
	stateNotPolled state = "not polled" // no daemon polls it
	stateBroken    state = "broken"     // its file has mistakes
	stateDisabled  state = "disabled"   // its file says so
	stateUnknown   state = "unknown"    // the database does not say
)

// Run lists the mailboxes. Without the database it says what the files say.
func (c *mailboxListCmd) Run(e *env) error {
	seen, err := observe(e)
	if err != nil {
		return err
	}
	seen.warn(e)
	var rows [][]any
	for _, s := range seen.mailboxes {
		rows = append(rows, s.row(seen.at))
	}
	headings := []string{
		"name", "server", "security", "schedule", "state", "last good poll", "next poll", "backlog", "polled by", "authentication",
	}
	if err := c.print(e, seen.mailboxes, headings, rows); err != nil {
		return err
	}
	if !c.JSON {
		for _, s := range seen.mailboxes {
			if s.State == stateFailing {
				printLine(e.stdout, "%s", s.trouble(seen.at))
			}
			for _, p := range s.OpenProblems {
				p.Mailboxes = nil // they have their own lines
				printLine(e.stdout, "%s: %s", s.Name, p.line())
			}
		}
	}
	return asError(seen.broken)
}

// row returns the cells of a mailbox for the table.
func (s mailboxSummary) row(now time.Time) []any {
	holder, backlog := "-", "-"
	if s.Holder != nil {
		holder = fmt.Sprintf("%s (process %d)", s.Holder.Host, s.Holder.Process)
	}
	if s.Backlog != nil {
		backlog = strconv.Itoa(*s.Backlog)
	}
	return []any{
		s.Name, cmp.Or(s.Server, "-"), cmp.Or(s.Security, "-"), cmp.Or(s.Schedule, "-"), s.State,
		ago(now, s.SucceededAt), until(now, s.DueAt), backlog, holder, cmp.Or(s.logIn(), "-"),
	}
}

// trouble returns the line that says what is wrong with a mailbox.
func (s mailboxSummary) trouble(now time.Time) string {
	since := ""
	if s.ProblemSince != nil {
		since = " for " + span(now.Sub(*s.ProblemSince))
	}
	cause := ""
	if s.Cause != "" {
		cause = " (" + inWords(s.Cause) + ")"
	}
	return s.Name + ": failing" + since + cause + ": " + oneLine(s.Problem)
}

// summary returns the summary of a mailbox as its file describes it.
func summary(m *config.Mailbox, tokens *oauth.Store) mailboxSummary {
	s := mailboxSummary{
		Name: m.Name, State: stateUnknown, File: m.File, Server: net.JoinHostPort(m.ServerName, strconv.Itoa(m.Port)),
		Security: string(m.Security), Enabled: m.Enabled, Schedule: m.Schedule.String(), Authentication: string(m.Authentication),
	}
	if !m.Enabled {
		s.State = stateDisabled
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

// brokenSummary returns the summary of a mailbox whose file has mistakes.
func brokenSummary(b config.Broken) mailboxSummary {
	s := mailboxSummary{Name: b.Name, State: stateBroken, File: b.File}
	for _, m := range b.Mistakes {
		s.Mistakes = append(s.Mistakes, m.String())
	}
	return s
}

// logIn returns the cell of the table that says how the daemon logs in.
func (s mailboxSummary) logIn() string {
	switch {
	case s.Grant == "":
		return s.Authentication
	case s.Grant != string(oauth.DeviceCode):
		return s.Authentication + ", " + s.Grant
	case s.AuthorizedAt != nil:
		return s.Authentication + ", " + s.Grant + ", authorized " + s.AuthorizedAt.Local().Format(time.DateOnly)
	case s.Problem != "" && s.Cause == "":
		return s.Authentication + ", " + s.Grant + ": " + s.Problem
	}
	return s.Authentication + ", " + s.Grant + ", not authorized"
}
