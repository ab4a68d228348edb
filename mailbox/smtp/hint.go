package smtp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailintegration/mailbox"
)

// hint returns one sentence on what a person can do about e. It names the tags within <Smtp>.
func (s *Session) hint(e *Error) string {
	for _, h := range codeHints {
		if slices.Contains(h.codes, e.Enhanced) {
			return h.text
		}
	}
	switch {
	case errors.Is(e, context.Canceled):
		return ""
	case errors.Is(e, errTokenInClear):
		return "set SecureSocketOption in <Smtp> to StartTLS or SslOnConnect; without TLS, others on the network could read the access token"
	case errors.Is(e, mailbox.ErrUnreachable):
		return mailbox.UnreachableHint(e, s.account.Server, e.Server) + " (the tags in <Smtp>)"
	case errors.Is(e, mailbox.ErrCertificate):
		return mailbox.CertificateHint(e, s.account.tlsName()) + " (the tags in <Smtp>)"
	case errors.Is(e, mailbox.ErrTLS), e.Op == "TLS":
		return s.tlsHint(e)
	case errors.Is(e, mailbox.ErrCredentials):
		return s.credentialsHint()
	case errors.Is(e, mailbox.ErrMechanism) && s.token != "":
		return "the server does not accept access tokens (XOAUTH2); check ServerName in <Smtp>, or set Authentication there to Basic"
	case errors.Is(e, mailbox.ErrMechanism) && s.TLS() == nil && s.offers("STARTTLS"):
		return "the server accepts no password without TLS; set SecureSocketOption in <Smtp> to StartTLS"
	case errors.Is(e, mailbox.ErrMechanism) && !s.offers("AUTH"):
		return "the server offers no log-in at this port (SMTP AUTH is switched off): switch it on there, or set Port in <Smtp> to the " +
			"submission port (usually 587), or remove UserName and Password from <Smtp> if the server takes mail of this machine without a log-in"
	case e.Op == "greeting" && s.account.Security != mailbox.SslOnConnect && isSilence(e):
		return "the server sent no greeting; if this port expects TLS from the first octet (usually 465), " +
			"set SecureSocketOption in <Smtp> to SslOnConnect"
	case e.Op == "greeting" && errors.Is(e, mailbox.ErrProtocol):
		return fmt.Sprintf("the program that answers at %s is not an SMTP server; check ServerName and Port in <Smtp>", e.Server)
	case errors.Is(e, ErrSenderRefused) && relayWords.MatchString(e.Reply):
		return "the server does not pass on mail to other domains for this account or machine: set UserName and Password in <Smtp>, " +
			"or let the mail server's administrator permit this machine to relay"
	}
	for _, h := range plainHints {
		if errors.Is(e, h.class) {
			return h.text
		}
	}
	return ""
}

// codeHints are the hints for enhanced status codes that say more than their class, most of them Exchange Online's.
var codeHints = []struct {
	codes []string
	text  string
}{
	{[]string{"5.7.30"}, "the server no longer accepts user name and password for sending (Exchange Online has ended Basic authentication): " +
		"set Authentication in <Smtp> to Azure, with ClientId and TenantId of a registration that has SMTP.Send " +
		"(with ClientSecret: SMTP.SendAsApp), then run mailintegration check; the replies wait meanwhile"},
	{[]string{"5.7.139"}, "the tenant or the mailbox does not permit this log-in: in Exchange Online enable authenticated SMTP for the mailbox " +
		"(Set-CASMailbox -SmtpClientAuthenticationDisabled $false), see that security defaults and conditional access permit it, " +
		"or set Authentication in <Smtp> to Azure"},
	{[]string{"5.7.57"}, "the server requires a log-in: set UserName and Password in <Smtp>, or Authentication to Azure"},
	{[]string{"5.7.60", "5.2.252"}, "the account in <Smtp> may not send from this address: give it the permission Send As for the address " +
		"(Exchange Online: Add-RecipientPermission … -AccessRights SendAs), or set Address and AlwaysUseThisAddress in <Smtp> to an address of its own"},
	{[]string{"5.1.8", "5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708"}, "the server has stopped this account from sending, usually on a suspicion of spam: " +
		"let the mail server's administrator release it (Exchange Online: Restricted entities in the Defender portal)"},
	{[]string{"5.7.27"}, "the server requires a sender's address that can receive mail: set Address in <Smtp> to one that exists"},
}

// plainHints are the hints that depend on the class only; the first match counts.
var plainHints = []struct {
	class error
	text  string
}{
	{ErrRecipient, "the server knows no such recipient or does not deliver to it: correct the address of the user, or tell the person in another way"},
	{ErrMessage, "the server refused the content of the mail: give its answer to the mail server's administrator, or change the template"},
	{ErrSenderRefused, "the account in <Smtp> may not send from this address: permit it on the mail server, " +
		"or set Address and AlwaysUseThisAddress in <Smtp> to an address of its own"},
	{ErrTemporary, "the server asks to try again later; nothing to do unless it persists: the mail waits and is tried again"},
	{errTLSRefused, "set SecureSocketOption in <Smtp> to SslOnConnect and Port to 465, or correct ServerName: the server does not offer STARTTLS, " +
		"and nothing is sent without TLS"},
	{mailbox.ErrMechanism, "the server supports none of this program's log-in methods (PLAIN, LOGIN, XOAUTH2); check ServerName and Port in <Smtp>"},
	{mailbox.ErrServerDefect, "the mail server does not accept mail from this machine; give its answer to its administrator"},
	{mailbox.ErrTimeout, "check the mail server and the network in between; the mail waits and is tried again"},
	{mailbox.ErrConnection, "the server, or a device on the network in between, closed the connection; if it persists, see the mail server's log"},
	{errProtocol, "see the mail server's log, and check whether a proxy between this machine and the server changes its answers"},
	{mailbox.ErrNotAuthorized, "run mailintegration mailbox authorize for this mailbox"},
	{mailbox.ErrTokenRefused, "check ClientId, TenantId and the permissions of the application in <Smtp> (SMTP.Send or SMTP.SendAsApp)"},
	{mailbox.ErrToken, "check this machine's connection to the token endpoint; the mail waits and is tried again"},
	{ErrNoSender, "set Address in <Smtp> to an address that the account may send from, or give the team an address " +
		"(mailintegration team edit NAME --address ADDRESS)"},
	{mailbox.ErrAccount, "correct <Smtp> in the configuration"},
}

// isSilence reports whether the server said nothing at all.
func isSilence(e *Error) bool {
	return errors.Is(e, mailbox.ErrTimeout) || errors.Is(e, mailbox.ErrConnection)
}

// tlsHint returns the hint for a handshake that failed for another reason than the certificate.
func (s *Session) tlsHint(e *Error) string {
	who := mailbox.WithoutTLS(e)
	switch {
	case mailbox.OldTLS(e):
		return "the server's TLS is older than version 1.2; update the mail server"
	case who != "" && who != "an SMTP server":
		return fmt.Sprintf("%s answers at %s, not an SMTP server with TLS; check ServerName and Port in <Smtp>, and that no proxy or "+
			"captive portal takes this machine's connections", who, e.Server)
	case s.account.Security == mailbox.SslOnConnect:
		return "this port does not speak TLS 1.2 or newer from the first octet; set SecureSocketOption in <Smtp> to StartTLS " +
			"(usually port 587), or Port to the server's port for TLS (usually 465)"
	}
	return "update the mail server; it does not support TLS 1.2 or newer"
}

// credentialsHint names the usual reasons, among them those for which a server refuses a correct password.
func (s *Session) credentialsHint() string {
	switch {
	case s.token != "":
		return "check that UserName in <Smtp> names the mailbox that the access token was issued for, that the application may send " +
			"(SMTP.Send or SMTP.SendAsApp), and that authenticated SMTP is enabled for the mailbox"
	case s.account.UserName == "":
		return "the server requires a log-in: set UserName and Password in <Smtp>"
	}
	return "check UserName and Password in <Smtp>, and that the mail server allows this account to send over SMTP"
}
