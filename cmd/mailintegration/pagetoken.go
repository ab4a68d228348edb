package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mailintegration/config"
	"mailintegration/store"
)

type pageCmd struct {
	Token pageTokenCmd `cmd:"" help:"Create, list and revoke the tokens that people log in to the page with."`
}

type pageTokenCmd struct {
	Create pageTokenCreateCmd `cmd:"" default:"withargs" help:"Create a token and print it, once. This is what page token does without another word."`
	List   pageTokenListCmd   `cmd:"" help:"List the tokens; none of them is shown itself."`
	Revoke pageTokenRevokeCmd `cmd:"" help:"End a token, and each log-in that was made with it."`
}

type pageTokenCreateCmd struct {
	byPerson
	Name    string   `required:"" placeholder:"NAME" help:"Whose token it is, such as Anna or wallboard. The log and the history name it."`
	Act     bool     `help:"Let the token change things: replay and discard messages that were set aside, as the user of --as or Login. Without it, the token only reads."`
	Expires lifetime `default:"90d" placeholder:"WHEN" help:"When the token ends: 8h, 90d, 2027-01-31, or never (90d)."`
}

// Help returns the text that --help prints before the flags.
func (*pageTokenCreateCmd) Help() string {
	return "What somebody does with a token that may act, the history tells of one user: the one that --as names, otherwise the account " +
		"that Login in the service file names, as whom the daemon acts, too. Give each person's token the person's own logon."
}

// Run creates a token. It prints the token alone to standard output, and to standard error what to do with it.
func (c *pageTokenCreateCmd) Run(e *env) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	token := store.PageToken{Name: c.Name, MayAct: c.Act, ExpiresAt: c.Expires.at}
	if c.Act || c.As != "" {
		author, err := c.author(e.ctx, in)
		if err != nil {
			return err
		}
		token.Logon = author.Logon
	}
	secret, err := in.store.CreatePageToken(e.ctx, token)
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrTooManyTokens) {
		return &failure{code: exitFailed, err: err, hint: "run mailintegration page token list, and mailintegration page token revoke NAME"}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, secret)
	c.explain(e, in.service, token.Logon)
	return nil
}

// explain prints what the token that was just created is for; one that may act does so as the user with that logon.
func (c *pageTokenCreateCmd) explain(e *env, s *config.Service, logon string) {
	right := "read"
	if c.Act {
		right = "read, and to act as the user " + logon
	}
	printLine(e.stderr, "token of %s, to %s, until %s; it is not shown again", c.Name, right, c.Expires)
	if s.Listen == "" {
		printLine(e.stderr, "warning: there is no page yet: write <Listen>127.0.0.1:9464</Listen> into the service file")
		return
	}
	printLine(e.stderr, "the page: %s", pageURL(s))
}

type pageTokenListCmd struct{ output }

// Run lists the tokens.
func (c *pageTokenListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.PageToken, error) { return s.PageTokens(e.ctx) },
		[]string{"name", "state", "acts", "user", "created", "used", "expires"}, func(t store.PageToken) []any {
			return []any{t.Name, t.State, yes(t.MayAct), t.Logon, dayOf(&t.CreatedAt), dayOf(t.UsedAt), dayOf(t.ExpiresAt)}
		})
}

// dayOf returns a time to the minute, "never" for none.
func dayOf(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

type pageTokenRevokeCmd struct {
	Name string `arg:"" help:"Whose token it is."`
}

// Run revokes a token.
func (c *pageTokenRevokeCmd) Run(e *env) error {
	err := change(e, func(s *store.Store) (string, error) {
		return "token of " + c.Name + " revoked", s.RevokePageToken(e.ctx, c.Name)
	})
	if errors.Is(err, store.ErrUnknown) {
		return &failure{code: exitFailed, err: err, hint: "run mailintegration page token list"}
	}
	return err
}

// lifetime is the end of something on the command line: in how long, a time as moment reads it, or never.
type lifetime struct{ at *time.Time } // nil: never

// String returns the end as the user reads it.
func (l lifetime) String() string {
	if l.at == nil {
		return "it is revoked"
	}
	return dayOf(l.at)
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *lifetime) UnmarshalText(text []byte) (err error) {
	l.at, err = endAt(string(text), time.Now())
	return err
}

// endAt returns the time that a text names at a time, nil for never.
func endAt(text string, now time.Time) (*time.Time, error) {
	if strings.EqualFold(text, "never") {
		return nil, nil
	}
	t, isGood := dateOf(text)
	if !isGood {
		t, isGood = distant(text, now, 1)
	}
	if !isGood || !t.After(now) {
		return nil, fmt.Errorf("%q is no time in the future: write 8h, 90d, 2027-01-31 or never", text)
	}
	return &t, nil
}
