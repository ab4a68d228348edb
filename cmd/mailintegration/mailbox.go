package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailintegration/config"
	"mailintegration/mailbox/oauth"
)

type mailboxCmd struct {
	List      mailboxListCmd      `cmd:"" help:"List the mailboxes: who polls them, when, with what result."`
	Test      mailboxTestCmd      `cmd:"" help:"Try a mailbox step by step: name, connection, TLS, log-in, and the same for sending. Changes nothing."`
	Authorize mailboxAuthorizeCmd `cmd:"" help:"Let a person authorize a mailbox of Microsoft 365: prints an address and a code, and waits."`
}

type mailboxAuthorizeCmd struct {
	Name string `arg:"" help:"The mailbox's name."`
}

// Run prints an address and a code for a person, and waits until the person has signed in.
func (c *mailboxAuthorizeCmd) Run(e *env) error {
	service, _, broken, err := load(e)
	if err != nil {
		return err
	}
	m, err := mailboxNamed(service, broken, c.Name)
	if err != nil {
		return err
	}
	opts := tokenOptions(m, tokenStore(service))
	if m.Authentication != config.Azure || opts.Grant() != oauth.DeviceCode {
		return &failure{
			code: exitUsage, err: fmt.Errorf("mailbox %s uses the credentials in its file: there is nothing to authorize", m.Name),
			hint: "authorize only a mailbox with Authentication Azure and without ClientSecret and Password",
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

// invite tells the person what to do.
func invite(e *env, m *config.Mailbox, i oauth.Invitation) {
	fmt.Fprintf(e.stdout, "To let MailIntegration read the mailbox %s, open\n\n    %s\n\nenter the code\n\n    %s\n\nand sign in as %s.\n",
		m.Name, i.URL, i.Code, m.UserName)
	if !i.Expires.IsZero() {
		fmt.Fprintf(e.stdout, "The code is good until %s. ", i.Expires.Local().Format("15:04"))
	}
	fmt.Fprintln(e.stdout, "Waiting …")
}

// authorized prints what the person has authorized. It returns an error when permissions are missing.
func authorized(e *env, m *config.Mailbox, opts oauth.Options, claims oauth.Claims) error {
	fmt.Fprintf(e.stdout, "mailbox %s authorized\n", m.Name)
	if claims.Audience == "" {
		return nil // only the server can read the token; check tries it
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
			code: exitFailed, err: fmt.Errorf("the authorization lacks permissions: %w", errors.Join(wrong...)),
			hint: "correct the application's registration in Microsoft Entra, then authorize the mailbox again",
		}
	}
	return nil
}
