package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"mailintegration/config"
	"mailintegration/daemon"
)

// logIn tries to log in to a mailbox, unless that could disturb a daemon.
func (c *checking) logIn(what string, w daemon.Mailbox, m *config.Mailbox) {
	t := newPOP3Trial(m, w, pollingNamed(c.polled, m.Name), c.resolver)
	t.run(c.ctx)
	c.tried(what, "", t.steps(c.ctx), t.summary)
}

// tried notes a log-in that was tried step by step: in a line for people, and with its steps for programs. consequence says
// what a failure means.
func (c *checking) tried(what, consequence string, steps []finding, summary func() string) {
	f := concluded(what, steps)
	if failed := f.leaf(resultFailed); failed != nil {
		f.Detail, f.Advice = consequence+failed.Detail, failed.Advice
	} else {
		f.Detail = summary()
	}
	c.add(exitUnreachable, f)
}

// subject returns the name that a certificate was issued for.
func subject(leaf *x509.Certificate) string {
	name := leaf.Subject.CommonName
	if len(leaf.DNSNames) > 0 {
		name = cmp.Or(name, leaf.DNSNames[0])
	}
	return name
}

// expiresSoon is how long before its end check warns of a certificate: long enough to obtain a new one.
const expiresSoon = 14 * 24 * time.Hour

// endsFirst returns the certificate whose end makes the server untrusted. Each chain ends with its certificate that expires
// first; the server is trusted until the last chain ends.
func endsFirst(state *tls.ConnectionState) *x509.Certificate {
	last := state.PeerCertificates[0]
	for i, chain := range state.VerifiedChains {
		first := chain[0]
		for _, certificate := range chain[1:] {
			if certificate.NotAfter.Before(first.NotAfter) {
				first = certificate
			}
		}
		if i == 0 || first.NotAfter.After(last.NotAfter) {
			last = first
		}
	}
	return last
}

// expiry returns the warning about a server that deletes messages by itself (EXPIRE, RFC 2449 §6.7).
func expiry(days int) string {
	if days == 0 {
		return "at the end of a session the server deletes every message that was retrieved (EXPIRE 0); if a message must stay " +
			"(LeaveOnServer, too large, failed), the daemon breaks the session off, which deletes nothing; " +
			"turn this off in the account's POP settings, and let no other program read the mailbox"
	}
	return fmt.Sprintf("the server may delete messages by itself after %d days (EXPIRE %d): LeaveOnServer keeps no message longer, "+
		"and a message that is too large or fails is lost then; act on the event about such a message before", days, days)
}

// shortestStep returns the shortest time between two polls of a schedule. For a cron expression it compares the next times.
func shortestStep(schedule config.Schedule, now time.Time) time.Duration {
	if every := schedule.Every(); every > 0 {
		return every
	}
	const lookAhead = 100 // times; several days of a schedule for office hours
	shortest := 100 * 365 * 24 * time.Hour
	for last, i := schedule.Next(now), 0; i < lookAhead; i++ {
		next := schedule.Next(last)
		if next.IsZero() {
			break
		}
		shortest, last = min(shortest, next.Sub(last)), next
	}
	return shortest
}
