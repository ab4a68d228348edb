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

// logIn opens a session, reads the listing, and closes the session without changing a message.
func (c *checking) logIn(what string, w daemon.Mailbox, m *config.Mailbox) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	session, err := mailbox.Open(ctx, w.Account)
	if err != nil {
		c.failed(exitUnreachable, what, daemon.AdviseSecurity(c.ctx, w, err), refusedTokenHint(m, err))
		return
	}
	defer session.Close()
	items, err := session.List(ctx)
	if err == nil && len(items) == 0 {
		err = session.AskCapabilities(ctx) // List has not, as there are no messages
	}
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
		c.certificate(what, "no message is read", state, time.Now())
	}
	c.habits(what, session.Capabilities(), m)
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

// certificate warns of a certificate that expires soon: the server's own, or one above it. then says what happens after its
// end.
func (c *checking) certificate(what, then string, state *tls.ConnectionState, now time.Time) {
	first := endsFirst(state)
	if left := first.NotAfter.Sub(now); left < expiresSoon {
		c.warn(what, fmt.Sprintf("the certificate of %s expires on %s, and then %s; have it renewed before",
			cmp.Or(subject(first), first.Subject.String()), first.NotAfter.Format(time.DateOnly), then))
	}
}

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

// habits warns of a server that deletes messages by itself, or that forbids log-ins as frequent as Schedule wants.
func (c *checking) habits(what string, capabilities mailbox.Capabilities, m *config.Mailbox) {
	if days, deletes := capabilities.Expire(); deletes {
		c.warn(what, expiry(days))
	}
	delay := capabilities.LoginDelay()
	if every := shortestStep(m.Schedule, time.Now()); delay > every {
		c.warn(what, fmt.Sprintf("the server requires %s between two log-ins (LOGIN-DELAY), but Schedule asks for one after %s, "+
			"so polls are delayed; set Schedule to %s or more", delay, every, delay))
	}
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
