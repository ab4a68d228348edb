package mailbox

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// strangeAnswer is a line that is no answer of POP3.
type strangeAnswer struct {
	start string // of the line, in lower case
	shown string
}

// Error implements error.
func (e *strangeAnswer) Error() string { return fmt.Sprintf("it answered %.80q", e.shown) }

// strange returns the error for a line that is no answer of POP3.
func (c *connection) strange(line string) error {
	const enough = 9 // octets of "<!doctype"
	start := strings.ToLower(line[:min(len(line), enough)])
	return fmt.Errorf("%w: %w", ErrProtocol, &strangeAnswer{start, c.redact(line)})
}

// withoutTLS is a server that speaks POP3 where TLS was expected.
const withoutTLS = "a POP3 server without TLS"

// otherProtocols are the beginnings of what other servers say first, and who they are.
var otherProtocols = []struct{ start, who string }{
	{"http/", "a web server or a web proxy"},
	{"<", "a web server or a web proxy"},
	{"220", "an SMTP server"},
	{"* ok", "an IMAP server"},
	{"* preauth", "an IMAP server"},
	{"+ok", withoutTLS},
	{"ssh-", "an SSH server"},
}

// whoAnswers returns who begins a connection like that, "" if that is not known.
func whoAnswers(start string) string {
	for _, p := range otherProtocols {
		if strings.HasPrefix(start, p.start) || len(start) >= 3 && strings.HasPrefix(p.start, start) {
			return p.who
		}
	}
	return ""
}

// notPOP3Hint returns the hint for a program that does not speak POP3.
func notPOP3Hint(e *Error) string {
	var answer *strangeAnswer
	if errors.As(e, &answer) {
		if who := whoAnswers(answer.start); who != "" {
			return fmt.Sprintf("%s answers at %s, not a POP3 server; check ServerName and Port, and that no proxy or captive portal "+
				"takes this machine's connections", who, e.Server)
		}
	}
	return fmt.Sprintf("the program that answers at %s is not a POP3 server; check ServerName and Port", e.Server)
}

// WithoutTLS returns who answered a TLS handshake in clear, such as "a web server or a web proxy", "" if nobody did or it is
// not known who.
func WithoutTLS(err error) string {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) {
		return ""
	}
	return whoAnswers(strings.ToLower(string(header.RecordHeader[:])))
}

// OldTLS reports whether a handshake failed because the server has no version of TLS that this program accepts.
func OldTLS(err error) bool {
	return err != nil && errors.Is(err, ErrTLS) &&
		(strings.Contains(err.Error(), "unsupported protocol version") || strings.Contains(err.Error(), "protocol version not supported"))
}

// untrusted is an error about the server's certificate that keeps the certificates, with the words of the reason alone.
type untrusted struct {
	*tls.CertificateVerificationError
}

// Error implements error.
func (e untrusted) Error() string { return e.Err.Error() }

// Unwrap returns the error of crypto/tls.
func (e untrusted) Unwrap() error { return e.CertificateVerificationError }

// issuerHint returns the hint for a certificate whose issuer is not trusted. The usual reason that the mail server's
// administrator has to mend is a certificate in between that the server does not send.
func issuerHint(err error) string {
	var all *tls.CertificateVerificationError
	if !errors.As(err, &all) || len(all.UnverifiedCertificates) == 0 {
		return trustHint
	}
	leaf := all.UnverifiedCertificates[0]
	if len(all.UnverifiedCertificates) == 1 && leaf.Issuer.String() != leaf.Subject.String() {
		return fmt.Sprintf("this machine does not trust %s, which issued the certificate, and the server sends no certificate in between; "+
			"have the whole chain installed on the mail server, or put the issuer's certificate into the file that TrustedCertificate names",
			Presentable(issuerName(leaf)))
	}
	return trustHint
}

// trustHint is the hint for an issuer that this machine does not know.
const trustHint = "this machine does not trust the certificate's issuer; put the issuer's certificate into the file that TrustedCertificate names"

// issuerName returns the name of a certificate's issuer.
func issuerName(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}

// popOffWords mean that the account may not use POP3 at all, whatever its password.
var popOffWords = regexp.MustCompile(`(?i)\bpop3?\b.*\b(not (enabled|allowed|permitted|available)|disabled|off|denied)\b|` +
	`\b(not (enabled|allowed|permitted)|disabled|denied|enable)\b.*\bpop3?\b`)

// popOffHint is the hint for an account that may not use POP3.
const popOffHint = "the mail server does not let this account use POP3; switch POP3 on in the account's settings on the mail server"
