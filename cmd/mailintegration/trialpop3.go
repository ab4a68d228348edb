package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
)

// The steps of a log-in over POP3 beside the first ones.
const (
	stepCAPA       = "CAPA"
	stepSTAT       = "STAT"
	stepExpire     = "EXPIRE"
	stepLoginDelay = "LOGIN-DELAY"
)

// pop3Trial is a log-in to a mailbox that is tried step by step. It disturbs no daemon: while one polls the mailbox, or the
// server wants more time between log-ins, it stops before the log-in.
type pop3Trial struct {
	trial
	config *config.Mailbox
	wired  daemon.Mailbox
	polled *polling // nil: the database does not say

	session *mailbox.Session
	items   []mailbox.Item
	waits   *finding // why nobody logged in, nil when somebody did
	err     error    // with which a step failed
	hint    string
}

// newPOP3Trial returns the trial of a mailbox.
func newPOP3Trial(m *config.Mailbox, w daemon.Mailbox, polled *polling, resolver *net.Resolver) *pop3Trial {
	t := &pop3Trial{trial: trial{host: m.ServerName, resolver: resolver}, config: m, wired: w, polled: polled}
	t.wired.Account.Dial = t.dial
	return t
}

// run takes the steps, and ends the session without changing a message.
func (t *pop3Trial) run(ctx context.Context) {
	taking, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	t.err = t.take(taking)
	if t.session != nil && t.err == nil {
		_ = t.session.Quit(taking) // nothing was retrieved or deleted; a server that does not answer has shown all the same
	}
	if t.session != nil {
		_ = t.session.Close()
	}
	if t.err == nil {
		return
	}
	t.err = daemon.AdviseSecurity(ctx, t.wired, t.err)
	if t.hint = refusedTokenHint(t.config, t.err); t.hint == "" {
		t.hint = daemon.Hint(t.err)
	}
}

// take takes the steps until one fails.
func (t *pop3Trial) take(ctx context.Context) (err error) {
	if t.session, err = mailbox.Greet(ctx, t.wired.Account); err != nil {
		return err
	}
	if t.waits = t.mustWait(t.session.Capabilities().LoginDelay(), time.Now()); t.waits != nil {
		return nil
	}
	if err := t.session.LogIn(ctx); err != nil {
		return err
	}
	if t.items, err = t.session.List(ctx); err == nil && len(t.items) == 0 {
		err = t.session.AskCapabilities(ctx) // List has not, as there are no messages
	}
	return err
}

// mustWait returns why nobody may log in now, nil if the trial may.
func (t *pop3Trial) mustWait(delay time.Duration, now time.Time) *finding {
	var f finding
	switch {
	case t.polled == nil && delay > 0:
		f = skipped("the server wants %s between log-ins, and the database does not say when the last one was", delay)
		f.Advice = "make the database answer, then run this again"
	case t.polled == nil:
		return nil
	case t.polled.holder != "":
		f = t.polled.finding(now)
	case !t.polled.at.IsZero() && now.Before(t.polled.at.Add(delay)):
		f = skipped("the server wants %s between log-ins, and the last one was %s ago", delay, span(now.Sub(t.polled.at)))
		f.Advice = "run this again after " + t.polled.at.Add(delay).Local().Format(time.TimeOnly)
	default:
		return nil
	}
	return &f
}

// steps returns what each step has shown.
func (t *pop3Trial) steps(ctx context.Context) []finding {
	certificate := certificateTrial{asciiName(t.host), t.wired.Account.Roots, "no message is read", time.Now()}
	c := newCourse(t.failedAt(), t.err, t.hint, certificate)
	t.begin(c, t.wired.Account.Security, "a POP3 server", func() finding { return t.security(certificate) })
	c.step(stepCAPA, t.capabilities)
	c.step(stepLogIn, t.loggedIn)
	c.step(stepSTAT, t.maildrop)
	c.step(stepExpire, t.expire)
	c.step(stepLoginDelay, t.loginDelay)
	if t.err != nil {
		t.suspect(ctx, c.steps)
	}
	return c.steps
}

// failedAt returns the step that failed, "" for none.
func (t *pop3Trial) failedAt() string {
	if t.err == nil {
		return ""
	}
	var e *mailbox.Error
	if !errors.As(t.err, &e) {
		return stepLogIn
	}
	switch e.Command {
	case "open":
		return stepSettings
	case "connect":
		return connectStep(t.err)
	case "TLS", "STLS":
		return stepTLS
	case "greeting":
		return stepGreeting
	case "CAPA":
		return stepCAPA
	case "STAT", "LIST", "UIDL":
		return stepSTAT
	}
	return stepLogIn
}

// security returns the finding about the encryption of the connection.
func (t *pop3Trial) security(c certificateTrial) finding {
	if state, is := t.session.TLS(); is {
		return c.encrypted(state)
	}
	return unencrypted(t.wired.Account.Security, t.host)
}

// unencrypted returns the finding about a connection without encryption.
func unencrypted(configured mailbox.Security, host string) finding {
	switch {
	case configured != mailbox.None:
		return skipped("not reached")
	case mailbox.IsLocal(host):
		return skipped("SecureSocketOption is None; nothing leaves this machine")
	}
	return doubtful("SecureSocketOption is None: password and mail cross the network in clear",
		"set SecureSocketOption to SslOnConnect or StartTLS if the server offers one of them")
}

// capabilities returns the finding about what the server offers.
func (t *pop3Trial) capabilities() finding {
	offered := t.session.Capabilities()
	if offered == nil {
		return good("the server does not list its capabilities")
	}
	var names []string
	for name, arguments := range offered {
		names = append(names, strings.Join(append([]string{name}, arguments...), " "))
	}
	slices.Sort(names)
	return good("%s", mailbox.Presentable(strings.Join(names, ", ")))
}

// loggedIn returns the finding about the log-in.
func (t *pop3Trial) loggedIn() finding {
	if t.waits != nil {
		return *t.waits
	}
	return good("the server accepts %s", t.config.UserName)
}

// maildrop returns the finding about the messages.
func (t *pop3Trial) maildrop() finding {
	if t.waits != nil {
		return skipped("nobody logged in")
	}
	var octets int64
	for _, i := range t.items {
		octets += i.Octets
	}
	return good("%s, %s", plural(len(t.items), "message"), size(octets))
}

// expire returns the finding about messages that the server deletes by itself.
func (t *pop3Trial) expire() finding {
	if days, deletes := t.session.Capabilities().Expire(); deletes {
		return doubtful(expiry(days), "")
	}
	return good("the server says nothing of deleting messages by itself")
}

// loginDelay returns the finding about the time that the server wants between log-ins.
func (t *pop3Trial) loginDelay() finding {
	delay := t.session.Capabilities().LoginDelay()
	every := shortestStep(t.config.Schedule, time.Now())
	switch {
	case delay > every:
		return doubtful(fmt.Sprintf("the server requires %s between two log-ins (LOGIN-DELAY), but Schedule asks for one after %s, "+
			"so polls are delayed", delay, every), fmt.Sprintf("set Schedule to %s or more", delay))
	case delay > 0:
		return good("the server wants %s between log-ins, which Schedule leaves", delay)
	}
	return good("the server wants no time between log-ins")
}

// summary returns the trial in one line.
func (t *pop3Trial) summary() string {
	detail := "logged in, " + plural(len(t.items), "message")
	if t.waits != nil {
		detail = t.waits.Detail
	}
	state, encrypted := t.session.TLS()
	if !encrypted {
		return detail + ", without encryption"
	}
	return detail + certificateSummary(state)
}

// certificateSummary returns the certificate of a server in a few words.
func certificateSummary(state *tls.ConnectionState) string {
	leaf := state.PeerCertificates[0]
	return fmt.Sprintf(", certificate of %s good until %s", subject(leaf), leaf.NotAfter.Format(time.DateOnly))
}

// asciiName returns the name of a host as certificates know it.
func asciiName(host string) string {
	name, err := mailbox.ASCIIHost(strings.Trim(host, "[]"))
	if err != nil {
		return host
	}
	name, _, _ = strings.Cut(name, "%")
	return name
}
