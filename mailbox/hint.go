package mailbox

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// hint returns one sentence on what a person can do about e. It names the tags of the mailbox file.
func (s *Session) hint(e *Error) string {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return ""
	case errors.Is(e, errImplicitTLS):
		return fmt.Sprintf("port %d speaks TLS from the first octet; set SecureSocketOption to SslOnConnect", s.account.Port)
	case errors.Is(e, errTokenInClear):
		return "set SecureSocketOption to SslOnConnect or StartTLS; without TLS, others on the network could read the access token"
	case code(strings.TrimPrefix(e.Reply, "-ERR ")) == "UTF8":
		return "the server requires UTF-8 mode (RFC 6856) but did not let this program enable it; " +
			"ask its administrator, or read the message with a mail program"
	case errors.Is(e, ErrUnreachable):
		return UnreachableHint(e, s.account.Server, e.Server)
	case errors.Is(e, ErrCertificate):
		return CertificateHint(e, s.account.tlsName())
	case errors.Is(e, ErrTLSRefused):
		return "set SecureSocketOption to SslOnConnect and Port to 995; the server does not offer STLS"
	case errors.Is(e, ErrTLS):
		return s.tlsHint(e)
	case e.Reply != "" && popOffWords.MatchString(e.Reply):
		return popOffHint
	case errors.Is(e, ErrCredentials):
		return s.credentialsHint()
	case errors.Is(e, ErrMechanism) && s.token != "":
		return "the server does not accept access tokens (XOAUTH2); check ServerName, or set Authentication to Basic"
	case e.Op == "greeting" && s.account.Port == 995 && s.account.Security != SslOnConnect:
		return "port 995 expects TLS from the first octet; set SecureSocketOption to SslOnConnect"
	case e.Op == "greeting" && errors.Is(e, ErrTimeout) && s.account.Security != SslOnConnect:
		return "the server sent no greeting; if this port expects TLS from the first octet, set SecureSocketOption to SslOnConnect"
	case e.Op == "TLS" && s.account.Security == SslOnConnect:
		return s.tlsHint(e)
	case e.Op == "greeting" && errors.Is(e, ErrProtocol):
		return notPOP3Hint(e)
	}
	for _, h := range plainHints {
		if errors.Is(e, h.class) {
			return h.text
		}
	}
	return ""
}

// plainHints are the hints that depend on the class only; the first match counts.
var plainHints = []struct {
	class error
	text  string
}{
	{ErrMaildropLocked, "another program is reading this mailbox, or the server has not noticed yet that an earlier session ended; " +
		"the next poll tries again; if the problem persists, stop the other program"},
	{ErrLoginDelay, "lengthen the interval of Schedule; the server limits how often a user may log in"},
	{ErrServerTrouble, "the mail server has a temporary problem; nothing to do unless it persists"},
	{ErrServerDefect, "the mail server's administrator must repair the mailbox; give them the server's answer"},
	{ErrTimeout, "check the mail server and the network in between; no message is lost meanwhile"},
	{ErrConnection, "the server, or a device on the network in between, closed the connection; " +
		"if the problem persists, see the mail server's log"},
	{ErrProtocol, "see the mail server's log, and check whether a proxy between this machine and the server changes its answers"},
	{ErrTooLarge, "raise MaxMessageSize, or remove the message from the mailbox with a mail program"},
	{ErrShort, "the message stays in the mailbox; ask the mail server's administrator to look at it with a mail program"},
	{ErrSpool, "free space in the directory that SpoolDirectory names, or allow the daemon to write there"},
	{ErrMechanism, "the server supports none of this program's log-in methods (USER, PLAIN, XOAUTH2); check the server's settings"},
	{ErrToken, "check this machine's connection to the token endpoint; the next poll tries again"},
	{ErrTokenRefused, "check ClientId, TenantId and the permissions of the application"},
	{ErrNotAuthorized, "run mailintegration mailbox authorize for this mailbox"},
	{ErrAccount, "correct the mailbox's configuration"},
}

// UnreachableHint returns the hint for err, with which no connection to a server came about. It distinguishes a wrong
// name, a wrong port and a network that drops packets. The address is host:port.
func UnreachableHint(err error, server, address string) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host named %s; check ServerName", server)
	case errors.As(err, &dns):
		return fmt.Sprintf("this machine's name servers could not look up %s; check them", server)
	case isRefused(err):
		return fmt.Sprintf("no program listens at %s; check ServerName and Port, and that the mail server runs", address)
	case errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("no answer from %s; check ServerName and Port, and the firewalls in between", address)
	}
	return fmt.Sprintf("%s cannot be reached; check ServerName, Port and this machine's network", address)
}

// CertificateHint returns the hint for a certificate that is not valid for the server with a name. It distinguishes a
// wrong name, an unknown authority and wrong dates.
func CertificateHint(err error, serverName string) string {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name) && !hasNames(name.Certificate):
		return fmt.Sprintf("the certificate names no server (no subjectAltName, RFC 6125 §6.4); have it reissued for %s, "+
			"or let the mail server use another certificate", serverName)
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s; set ServerName to one of its names, or renew the certificate on the mail server",
			certificateNames(name.Certificate))
	case errors.As(err, &authority):
		return issuerHint(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return fmt.Sprintf("the certificate is not valid before %s; check this machine's clock", day(invalid.Cert.NotBefore))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert.IsCA:
		return fmt.Sprintf("the intermediate certificate %s that the server sends expired on %s; have the current chain of the issuer "+
			"installed on the mail server", Presentable(invalid.Cert.Subject.CommonName), day(invalid.Cert.NotAfter))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate expired on %s; renew it on the mail server", day(invalid.Cert.NotAfter))
	}
	return "renew the certificate on the mail server"
}

// hasNames reports whether a certificate names any server at all.
func hasNames(c *x509.Certificate) bool { return len(c.DNSNames)+len(c.IPAddresses) > 0 }

// certificateNames returns the names that a certificate is for, five at most.
func certificateNames(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return Presentable(strings.Join(names[:min(len(names), 5)], ", "))
}

// day formats a date for a person.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// tlsHint returns the hint for a handshake that failed for another reason than the certificate.
func (s *Session) tlsHint(e *Error) string {
	who := WithoutTLS(e)
	switch {
	case OldTLS(e):
		return "the server's TLS is older than version 1.2; update the mail server"
	case who != "" && who != withoutTLS:
		return fmt.Sprintf("%s answers at %s, not a POP3 server with TLS; check ServerName and Port, and that no proxy or captive portal "+
			"takes this machine's connections", who, e.Server)
	case s.account.Security == SslOnConnect:
		return "this port does not speak TLS 1.2 or newer from the first octet; " +
			"set SecureSocketOption to StartTLS (usually port 110), or Port to the server's port for TLS (usually 995)"
	}
	return "update the mail server; it does not support TLS 1.2 or newer"
}

// credentialsHint names the usual reasons, among them those for which a server refuses a correct password.
func (s *Session) credentialsHint() string {
	if s.token != "" {
		return "check that UserName names the mailbox that the access token was issued for, that the application may use POP " +
			"(POP.AccessAsUser.All or POP.AccessAsApp), and that POP is enabled for the mailbox"
	}
	if s.account.Security == None && s.capabilities.Has("STLS") {
		return "check UserName and Password; the server may refuse passwords without TLS: set SecureSocketOption to StartTLS"
	}
	return "check UserName and Password, and that the mail server allows this account to use POP3"
}
