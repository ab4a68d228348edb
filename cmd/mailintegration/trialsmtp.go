package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
)

// The steps of a log-in over SMTP beside the first ones.
const (
	stepEHLO   = "EHLO"
	stepSender = "sender"
)

// smtpTrial is a log-in to an SMTP server that is tried step by step. It sends nothing.
type smtpTrial struct {
	trial
	account smtp.Account
	shown   smtp.Shown
	err     error
}

// newSMTPTrial returns the trial of an account.
func newSMTPTrial(account smtp.Account, resolver *net.Resolver) *smtpTrial {
	t := &smtpTrial{trial: trial{host: account.Server, resolver: resolver}, account: account}
	t.account.Dial = t.dial
	return t
}

// run takes the steps.
func (t *smtpTrial) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	t.shown, t.err = smtp.Check(ctx, t.account)
}

// steps returns what each step has shown.
func (t *smtpTrial) steps(ctx context.Context) []finding {
	certificate := certificateTrial{asciiName(t.host), t.account.Roots, "no mail is sent", time.Now()}
	c := newCourse(t.failedAt(), t.err, mailbox.Hint(t.err), certificate)
	t.begin(c, t.account.Security, "an SMTP server", func() finding { return t.security(certificate) })
	c.step(stepEHLO, t.mechanisms)
	c.step(stepLogIn, t.loggedIn)
	c.step(stepSender, func() finding { return good("the server accepts mail from %s", t.account.From.Address) })
	if t.err != nil {
		t.suspect(ctx, c.steps)
	}
	return c.steps
}

// failedAt returns the step that failed, "" for none.
func (t *smtpTrial) failedAt() string {
	var e *smtp.Error
	switch {
	case t.err == nil:
		return ""
	case !errors.As(t.err, &e):
		return stepLogIn
	}
	verb, _, _ := strings.Cut(e.Op, " ")
	switch verb {
	case "open":
		return stepSettings
	case "connect":
		return connectStep(t.err)
	case "TLS", "STARTTLS":
		return stepTLS
	case "greeting":
		return stepGreeting
	case "EHLO":
		return stepEHLO
	case "MAIL", "RSET":
		return stepSender
	}
	return stepLogIn
}

// security returns the finding about the encryption of the connection.
func (t *smtpTrial) security(c certificateTrial) finding {
	if t.shown.TLS != nil {
		return c.encrypted(t.shown.TLS)
	}
	return unencrypted(t.account.Security, t.host)
}

// mechanisms returns the finding about how one can log in.
func (t *smtpTrial) mechanisms() finding {
	if len(t.shown.Mechanisms) == 0 {
		return good("the server offers no log-in")
	}
	return good("the server offers the log-ins %s", strings.Join(t.shown.Mechanisms, " "))
}

// loggedIn returns the finding about the log-in.
func (t *smtpTrial) loggedIn() finding {
	if t.account.UserName == "" {
		return skipped("there is no UserName in <Smtp>")
	}
	return good("the server accepts %s", t.account.UserName)
}

// summary returns the trial in one line.
func (t *smtpTrial) summary() string {
	detail := fmt.Sprintf("%s accepts mail from %s", t.account.HostPort(), t.account.From.Address)
	if t.account.UserName == "" {
		detail += ", without a log-in"
	}
	if t.shown.TLS == nil {
		return detail + ", without encryption"
	}
	return detail + certificateSummary(t.shown.TLS)
}
