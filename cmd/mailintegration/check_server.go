package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
)

// logIn opens a session, reads the listing and leaves without touching a message.
func (c *checking) logIn(what string, w daemon.Mailbox, m *config.Mailbox) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	session, err := mailbox.Open(ctx, w.Account)
	if err != nil {
		c.failed(exitUnreachable, what, err, refusedTokenHint(m, err))
		return
	}
	defer session.Close()
	items, err := session.List(ctx)
	if err != nil {
		c.failed(exitUnreachable, what, err, "")
		return
	}
	detail := fmt.Sprintf("logged in, %d messages", len(items))
	state, encrypted := session.TLS()
	if encrypted {
		leaf := state.PeerCertificates[0]
		detail += fmt.Sprintf(", certificate of %s good until %s", subject(leaf), leaf.NotAfter.Format(time.DateOnly))
	} else {
		detail += ", without encryption"
	}
	c.ok(what, detail)
	if encrypted {
		c.certificate(what, state, time.Now())
	}
	c.habits(what, session.Capabilities(), m)
}

// subject names whom a certificate is for.
func subject(leaf *x509.Certificate) string {
	name := leaf.Subject.CommonName
	if len(leaf.DNSNames) > 0 {
		name = cmp.Or(name, leaf.DNSNames[0])
	}
	return name
}

// expiresSoon is how long before its end a certificate is told: long enough to have a new one made.
const expiresSoon = 14 * 24 * time.Hour

// certificate warns of a certificate that ends soon, the server's own or one above it.
func (c *checking) certificate(what string, state *tls.ConnectionState, now time.Time) {
	first := endsFirst(state)
	if left := first.NotAfter.Sub(now); left < expiresSoon {
		c.warn(what, fmt.Sprintf("the certificate of %s ends on %s: have it renewed before, or no mail is read from then on",
			cmp.Or(subject(first), first.Subject.String()), first.NotAfter.Format(time.DateOnly)))
	}
}

// endsFirst returns the certificate that ends a server's trust: of each chain the one that ends first, of these the last,
// since one chain that holds is enough.
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

// habits tells what the server does by itself, or forbids, that the mailbox's file should reckon with.
func (c *checking) habits(what string, capabilities mailbox.Capabilities, m *config.Mailbox) {
	if days, deletes := capabilities.Expire(); deletes {
		c.warn(what, expiry(days))
	}
	delay := capabilities.LoginDelay()
	if every := shortestStep(m.Schedule, time.Now()); delay > every {
		c.warn(what, fmt.Sprintf("the server wants %s between two log-ins (LOGIN-DELAY), and Schedule asks for one after %s: "+
			"polls are put off; set Schedule to %s or more", delay, every, delay))
	}
}

// expiry says what follows when a server deletes messages by itself (EXPIRE, RFC 2449 §6.7).
func expiry(days int) string {
	if days == 0 {
		return "the server deletes all that was retrieved when a session ends (EXPIRE 0): one in which a message is to stay " +
			"(LeaveOnServer, too large, failed) is dropped instead, and deletes nothing; " +
			"turn this off in the account's POP settings, and let no other program read the mailbox"
	}
	return fmt.Sprintf("the server may delete messages by itself after %d days (EXPIRE %d): LeaveOnServer keeps none longer, "+
		"and one that is too large or fails is gone by then; see to the event about such a message before", days, days)
}

// shortestStep returns the least time between two polls: that of a schedule in steps, or of the next times of a cron expression.
func shortestStep(schedule config.Schedule, now time.Time) time.Duration {
	if every := schedule.Every(); every > 0 {
		return every
	}
	const lookAhead = 100 // several days of a schedule for office hours
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
