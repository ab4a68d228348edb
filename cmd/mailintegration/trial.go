package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"mailintegration/mailbox"
)

// trial is a log-in to a server that is tried step by step. It notes what looking up the server's name and connecting have
// shown.
type trial struct {
	host     string
	resolver *net.Resolver // nil for the system's

	mu        sync.Mutex // a session may open a second connection to find out about TLS
	addresses []string   // that the host's name stands for
	connected string     // the address that answered first
	took      time.Duration
}

// dial looks up a host and connects, and notes both.
func (t *trial) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := t.resolved().LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	t.note(func() { t.addresses = addresses })
	began := time.Now()
	conn, err := (&net.Dialer{Resolver: t.resolver}).DialContext(ctx, network, address)
	if err == nil {
		t.note(func() { t.connected, t.took = conn.RemoteAddr().String(), time.Since(began) })
	}
	return conn, err
}

// note writes a result, unless an earlier connection has.
func (t *trial) note(write func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connected == "" {
		write()
	}
}

// resolved returns the resolver.
func (t *trial) resolved() *net.Resolver {
	if t.resolver != nil {
		return t.resolver
	}
	return net.DefaultResolver
}

// The first steps of every log-in.
const (
	stepSettings = "settings" // before all others: whether the settings can be used at all
	stepDNS      = "DNS"
	stepTCP      = "TCP"
	stepTLS      = "TLS"
	stepGreeting = "greeting"
	stepLogIn    = "log-in"
)

// connectStep returns which of the first two steps failed.
func connectStep(err error) string {
	if errors.As(err, new(*net.DNSError)) {
		return stepDNS
	}
	return stepTCP
}

// lookedUp returns the finding about the server's name.
func (t *trial) lookedUp() finding {
	if net.ParseIP(t.host) != nil {
		return good("%s is an address", t.host)
	}
	return good("%s is %s", t.host, strings.Join(t.addresses, ", "))
}

// reached returns the finding about the connection.
func (t *trial) reached() finding {
	return good("connected to %s in %s", t.connected, rounded(t.took))
}

// rounded returns how long something took, to the millisecond, or to the microsecond if it took less than one.
func rounded(took time.Duration) time.Duration {
	if took < time.Millisecond {
		return took.Round(time.Microsecond)
	}
	return took.Round(time.Millisecond)
}

// captiveTime limits how long the name servers may take for a name that does not exist.
const captiveTime = 5 * time.Second

// captive returns the address that this machine's name servers give for a name that cannot exist (RFC 6761 §6.4), "" if they
// give none, as they should.
func (t *trial) captive(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, captiveTime)
	defer cancel()
	addresses, err := t.resolved().LookupHost(ctx, nowhere)
	if err != nil || len(addresses) == 0 {
		return ""
	}
	return addresses[0]
}

// nowhere is a name that no name server may know.
const nowhere = "mailintegration-check.invalid."

// suspect puts into the finding about the name that the name servers cannot be believed, if a later step failed and they
// give an address for every name.
func (t *trial) suspect(ctx context.Context, steps []finding) {
	if net.ParseIP(t.host) != nil || len(t.addresses) == 0 {
		return
	}
	address := t.captive(ctx)
	for i, step := range steps {
		if step.What == stepDNS && address != "" {
			steps[i] = doubtful(fmt.Sprintf("%s; but the name servers also say that %s is %s, a name that does not exist",
				step.Detail, strings.TrimSuffix(nowhere, "."), address),
				"the name servers of this machine answer for every name, as those of a captive portal do; set others, or sign in to the network")
			steps[i].What = stepDNS
		}
	}
}

// begin takes the steps of every log-in up to the greeting. TLS comes before the greeting or after it, as the settings say.
func (t *trial) begin(c *course, security mailbox.Security, greeting string, encryption func() finding) {
	if c.at == stepSettings {
		c.step(stepSettings, nil)
	}
	c.step(stepDNS, t.lookedUp)
	c.step(stepTCP, t.reached)
	if security == mailbox.SslOnConnect {
		c.step(stepTLS, encryption)
	}
	c.step(stepGreeting, func() finding { return good("%s", greeting) })
	if security != mailbox.SslOnConnect {
		c.step(stepTLS, encryption)
	}
}

// newCourse returns the course of a log-in that failed at a step, "" for none. The certificate says more of a handshake that failed.
func newCourse(at string, err error, hint string, certificate certificateTrial) *course {
	c := &course{at: at}
	if err != nil {
		c.failed = bad(err, hint)
	}
	if at == stepTLS {
		c.failed = certificate.refused(c.failed, err)
	}
	return c
}

// course collects the steps of a log-in in their order. After the step that failed, the others are skipped.
type course struct {
	steps  []finding
	at     string  // the step that failed, "" for none
	failed finding // … and what it has shown
	past   bool    // the steps after it have been reached
}

// step adds a step: what it has shown, unless it failed or was not reached.
func (c *course) step(what string, shown func() finding) {
	f := skipped("not reached")
	switch {
	case c.past:
	case what == c.at:
		f, c.past = c.failed, true
	default:
		f = shown()
	}
	f.What = what
	c.steps = append(c.steps, f)
}
