package daemon

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailintegration/mailbox"
)

// securityKept is how long an answer about a server's security counts: a failing mailbox is polled more often than servers
// change.
const securityKept = 10 * time.Minute

// securityAdvisor finds out, after a poll that could not log in, what a server wants instead, if the mailbox's file says
// nothing about TLS: Octopus uses no TLS then, this program SslOnConnect. Only the hint says so. The poll itself never tries
// another kind: a password must not cross a network in clear because a file says nothing.
//
// The worker asks after its session, without a slot, so that the look-up costs no other mailbox time. Mailboxes of one
// server share an answer.
type securityAdvisor struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[securityQuestion]*securityAnswer
}

// securityQuestion names a server and the certificates that are trusted.
type securityQuestion struct {
	server string // host:port
	roots  *x509.CertPool
}

// securityAnswer holds what a server wants, once done is closed.
type securityAnswer struct {
	at    time.Time
	done  chan struct{}
	found foundSecurity
	err   error
}

// errNotAsked is the error of an answer that a panic prevented.
var errNotAsked = errors.New("the server was not asked")

// foundSecurity holds the security that works with a server, and the port.
type foundSecurity struct {
	mailbox.Found
	port int
}

// advise returns the error of a poll, with a better hint if the server wants something that the mailbox's file does not say.
func (a *securityAdvisor) advise(ctx context.Context, m *Mailbox, err error) error {
	if !isAboutSecurity(m, err) {
		return err
	}
	answer := a.ask(ctx, m.Account)
	if answer == nil || answer.err != nil {
		return err
	}
	return advised(m, err, answer.found)
}

// ask returns what the account's server wants. It returns nil when ctx ends first.
func (a *securityAdvisor) ask(ctx context.Context, account mailbox.Account) *securityAnswer {
	answer, isNew := a.answer(securityQuestion{serverOf(account), account.Roots})
	if isNew {
		answer.find(ctx, account)
	}
	select {
	case <-answer.done:
		return answer
	case <-ctx.Done():
		return nil
	}
}

// find asks the server. When a stop or a panic ends that, the next poll asks again.
func (answer *securityAnswer) find(ctx context.Context, account mailbox.Account) {
	defer close(answer.done)
	began := answer.at
	answer.at, answer.err = time.Time{}, errNotAsked
	answer.found, answer.err = findSecurity(ctx, account)
	if ctx.Err() == nil {
		answer.at = began
	}
}

// answer returns the answer to a question, and whether the caller has to find it.
func (a *securityAdvisor) answer(q securityQuestion) (answer *securityAnswer, isNew bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for other, old := range a.answers {
		if isDone(old) && now.Sub(old.at) >= securityKept {
			delete(a.answers, other)
		}
	}
	if answer, ok := a.answers[q]; ok {
		return answer, false
	}
	answer = &securityAnswer{at: now, done: make(chan struct{})}
	a.answers[q] = answer
	return answer, true
}

// isDone reports whether an answer has been found.
func isDone(answer *securityAnswer) bool {
	select {
	case <-answer.done:
		return true
	default:
		return false
	}
}

// AdviseSecurity returns the error with which a log-in to a mailbox failed. If the mailbox's file says nothing about TLS, it
// asks the server, and the error's hint says which line to add.
func AdviseSecurity(ctx context.Context, m Mailbox, err error) error {
	if !isAboutSecurity(&m, err) {
		return err
	}
	found, unknown := findSecurity(ctx, m.Account)
	if unknown != nil {
		return err
	}
	return advised(&m, err, found)
}

// isAboutSecurity reports whether a log-in may have failed because the mailbox's file says nothing about TLS.
func isAboutSecurity(m *Mailbox, err error) bool {
	var e *mailbox.Error
	if !m.SecurityAssumed || !errors.As(err, &e) || errors.Is(err, mailbox.ErrCertificate) || isInterruption(err) {
		return false
	}
	return e.Op == "connect" || e.Op == "TLS" || e.Op == "greeting"
}

// The ports of POP3 and of POP3 with implicit TLS (RFC 1939 §3, RFC 8314 §7.1).
const (
	portPOP3  = 110
	portPOP3S = 995
)

// findSecurity asks a server what it wants: at the account's port, and if nothing comes of that, at the other usual one.
func findSecurity(ctx context.Context, account mailbox.Account) (foundSecurity, error) {
	o := mailbox.FindOptions{Roots: account.Roots, Dial: account.Dial}
	found, err := mailbox.FindSecurity(ctx, account.Server, account.Port, o)
	if err == nil || ctx.Err() != nil {
		return foundSecurity{found, account.Port}, err
	}
	other := portPOP3
	if account.Port == portPOP3 {
		other = portPOP3S
	}
	found, err = mailbox.FindSecurity(ctx, account.Server, other, o)
	return foundSecurity{found, other}, err
}

// advised returns err with a hint that names the missing lines.
func advised(m *Mailbox, err error, found foundSecurity) error {
	if found.Security == mailbox.SslOnConnect && found.port == m.Account.Port {
		return err // the assumption holds: something else was wrong
	}
	if found.Security == mailbox.None && m.Account.Token != nil {
		return err // an access token is never sent without TLS
	}
	return &advisedError{err, securityHint(m, found)}
}

// securityHint names the lines to add to a mailbox's file.
func securityHint(m *Mailbox, found foundSecurity) string {
	file := "the file of mailbox " + m.Name
	if m.File != "" {
		file = m.File
	}
	what := map[mailbox.Security]string{
		mailbox.None: "speaks POP3 without TLS", mailbox.StartTLS: "offers STLS", mailbox.SslOnConnect: "speaks TLS from the first octet",
	}[found.Security]
	hint := fmt.Sprintf("write <SecureSocketOption>%s</SecureSocketOption>", found.Security)
	if found.port != m.Account.Port {
		hint += fmt.Sprintf(" and <Port>%d</Port>", found.port)
	}
	hint += fmt.Sprintf(" into %s, which has neither SecureSocketOption nor UseSsl: that means SslOnConnect here and no TLS in Octopus, "+
		"and %s %s at port %d", file, m.Account.Server, what, found.port)
	switch {
	case found.Untrusted != nil:
		hint += "; its certificate will be refused: " + mailbox.Hint(found.Untrusted)
	case found.Security == mailbox.None && !mailbox.IsLocal(m.Account.Server):
		hint += "; the password then crosses the network in clear, so ask for TLS on the mail server"
	}
	return hint
}

// advisedError is an error with a better hint.
type advisedError struct {
	err  error
	hint string
}

func (e *advisedError) Error() string { return e.err.Error() }

// Unwrap returns the error of the poll.
func (e *advisedError) Unwrap() error { return e.err }

// Hint returns what a person can do; mailbox.Hint finds this method.
func (e *advisedError) Hint() string { return e.hint }
