package mailbox

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// hint says in one sentence what a person can do about e. It names the tags of the mailbox file.
func (s *Session) hint(e *Error) string {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return ""
	case errors.Is(e, errImplicitTLS):
		return fmt.Sprintf("port %d speaks TLS from the first octet; set SecureSocketOption to SslOnConnect", s.account.Port)
	case errors.Is(e, errTokenInClear):
		return "set SecureSocketOption to SslOnConnect or StartTLS: whoever reads an access token on its way can read the mailbox"
	case code(strings.TrimPrefix(e.Reply, "-ERR ")) == "UTF8":
		return "the server wants UTF-8 mode (RFC 6856) and did not let this program enable it; " +
			"ask its administrator, or read the message with a mail program"
	case errors.Is(e, ErrUnreachable):
		return s.unreachableHint(e)
	case errors.Is(e, ErrCertificate):
		return s.certificateHint(e)
	case errors.Is(e, ErrTLSRefused):
		return "the server does not offer STLS; use SslOnConnect with port 995"
	case errors.Is(e, ErrTLS):
		return s.tlsHint()
	case errors.Is(e, ErrCredentials):
		return s.credentialsHint()
	case errors.Is(e, ErrMechanism) && s.token != "":
		return "the server does not take access tokens (XOAUTH2); check ServerName, or set Authentication to Basic"
	case e.Op == "greeting" && s.account.Port == 995 && s.account.Security != SslOnConnect:
		return "port 995 is for TLS from the first octet; set SecureSocketOption to SslOnConnect"
	case e.Op == "greeting" && errors.Is(e, ErrTimeout) && s.account.Security != SslOnConnect:
		return "the server says nothing; if this port is for TLS from the first octet, set SecureSocketOption to SslOnConnect"
	case e.Op == "TLS" && s.account.Security == SslOnConnect:
		return s.tlsHint()
	case e.Op == "greeting" && errors.Is(e, ErrProtocol):
		return fmt.Sprintf("what answers at %s is not a POP3 server; check ServerName and Port", e.Server)
	}
	for _, h := range plainHints {
		if errors.Is(e, h.class) {
			return h.text
		}
	}
	return ""
}

// plainHints are those that need to know no more than the class; the first that fits counts.
var plainHints = []struct {
	class error
	text  string
}{
	{ErrMaildropLocked, "another program reads this mailbox, or a session that was cut has not ended yet; " +
		"it is tried again at the next poll, stop the other program if it lasts"},
	{ErrLoginDelay, "the server allows a log-in only every so often; lengthen the interval of Schedule"},
	{ErrServerTrouble, "the mail server has a problem that should pass; nothing to do unless it lasts"},
	{ErrServerDefect, "the mail server's administrator must repair the mailbox; give them the server's answer"},
	{ErrTimeout, "the server is silent or very slow; check it and the network between, nothing is lost meanwhile"},
	{ErrConnection, "the server or something between closed the connection; see the mail server's log if it lasts"},
	{ErrProtocol, "the server's answers make no sense as POP3; see the mail server's log and whether a proxy stands between"},
	{ErrTooLarge, "raise MaxMessageSize or take the message out of the mailbox with a mail program"},
	{ErrShort, "the server handed out only a part of the message, which stays in the mailbox; " +
		"have the mail server's administrator look at it with a mail program"},
	{ErrSpool, "free space in the directory that SpoolDirectory names, or let the daemon write there"},
	{ErrMechanism, "the server offers no way to log in that this program knows (USER, PLAIN or XOAUTH2); see its settings"},
	{ErrToken, "the access token could not be had; check this machine's way to the token endpoint, it is tried again"},
	{ErrTokenRefused, "the token endpoint refused; check ClientId, TenantId and what the application may do"},
	{ErrNotAuthorized, "authorize the mailbox with mailintegration mailbox authorize"},
	{ErrAccount, "correct the mailbox's configuration"},
}

// unreachableHint tells a wrong name from a wrong port and from a network that swallows.
func (s *Session) unreachableHint(e *Error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(e, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host named %s; check ServerName", s.account.Server)
	case errors.As(e, &dns):
		return fmt.Sprintf("the name %s could not be looked up; check this machine's name servers", s.account.Server)
	case errors.Is(e, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s; check ServerName and Port, and that the mail server runs", e.Server)
	case errors.As(e, &network) && network.Timeout():
		return fmt.Sprintf("nothing answers at %s; check ServerName and Port, and the firewalls between", e.Server)
	}
	return fmt.Sprintf("%s cannot be reached; check ServerName, Port and this machine's network", e.Server)
}

// certificateHint tells the three ways in which a certificate can be wrong.
func (s *Session) certificateHint(err error) string {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name) && !hasNames(name.Certificate):
		return fmt.Sprintf("the certificate names no server (no subjectAltName, RFC 6125 §6.4); have it issued anew for %s, "+
			"or have the mail server use another certificate", s.account.tlsName())
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s; set ServerName to that name or renew it", holders(name.Certificate))
	case errors.As(err, &authority):
		return "the certificate's issuer is not known to this machine; " +
			"put the issuer's certificate into the file that TrustedCertificate names"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return fmt.Sprintf("the certificate is not valid before %s; check this machine's clock", day(invalid.Cert.NotBefore))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate expired on %s; renew it on the mail server", day(invalid.Cert.NotAfter))
	}
	return "the certificate cannot be used; renew it on the mail server"
}

// hasNames reports whether a certificate is for any server at all.
func hasNames(c *x509.Certificate) bool { return len(c.DNSNames)+len(c.IPAddresses) > 0 }

// holders are the names that a certificate is for.
func holders(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return presentable(strings.Join(names[:min(len(names), 5)], ", "))
}

// day writes a date as people read it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// tlsHint is for a handshake that failed for another reason than the certificate.
func (s *Session) tlsHint() string {
	if s.account.Security == SslOnConnect {
		return "the server does not speak TLS 1.2 or newer from the first octet on this port; " +
			"use StartTLS (usually port 110), or the port for TLS (usually 995)"
	}
	return "the server offers no TLS of version 1.2 or newer; update it"
}

// credentialsHint reminds of what makes a right password be refused.
func (s *Session) credentialsHint() string {
	if s.token != "" {
		return "check that UserName is the mailbox that the access token is for, that the application may use POP " +
			"(POP.AccessAsUser.All or POP.AccessAsApp), and that POP is enabled for the mailbox"
	}
	if s.account.Security == None && s.capabilities.Has("STLS") {
		return "check UserName and Password; the server may refuse passwords without TLS: set SecureSocketOption to StartTLS"
	}
	return "check UserName and Password, and that the mail server allows this account to use POP3"
}
