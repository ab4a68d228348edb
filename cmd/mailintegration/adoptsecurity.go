package main

import (
	"net"
	"strconv"
	"sync"

	"mailintegration/config"
	"mailintegration/mailbox"
)

// portPOP3 is the port of POP3 without implicit TLS (RFC 1939 §3).
const portPOP3 = 110

// askServers finds out, for each file that says nothing about TLS, how its server wants the connection to be protected: Octopus used
// none then. All servers are asked at once.
func (a *adoption) askServers() {
	tags := make([]*addedTag, len(a.mailboxes))
	problems := make([]error, len(a.mailboxes))
	var running sync.WaitGroup
	for i, m := range a.mailboxes {
		if m.mailbox.SecurityAssumed {
			running.Go(func() { tags[i], problems[i] = a.askServer(m) })
		}
	}
	running.Wait()
	for i, m := range a.mailboxes {
		if tags[i] != nil {
			m.added = append(m.added, *tags[i])
		}
		if problems[i] != nil {
			printLine(a.stdout, "warning  %s says nothing about TLS, and its server could not be asked: %v; mailintegration check says "+
				"later which SecureSocketOption to write into the copy", m.source, problems[i])
		}
	}
}

// askServer returns the tag that says how a server wants its connection to be protected.
func (a *adoption) askServer(m *adopted) (*addedTag, error) {
	ports := []int{m.mailbox.Port}
	if !config.HasTags(m.octets)["Port"] {
		ports = append(ports, portPOP3) // the usual one of Octopus, which used no TLS
	}
	var first error
	for _, port := range ports {
		found, err := mailbox.FindSecurity(a.ctx, m.mailbox.ServerName, port, mailbox.FindOptions{Roots: m.mailbox.Roots})
		if err == nil {
			return &addedTag{"SecureSocketOption", string(found.Security), whySecurity(found, m.mailbox.ServerName, port)}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// whySecurity returns what asking a server has shown.
func whySecurity(found mailbox.Found, server string, port int) string {
	why := net.JoinHostPort(server, strconv.Itoa(port)) + " was asked; Octopus used no TLS"
	switch {
	case found.Security == mailbox.None:
		why += ". It offers none: anyone on the network can read the password"
	case found.Untrusted != nil:
		why += ". This machine does not trust its certificate: see TrustedCertificate in the reference, and mailintegration check"
	}
	return why
}
