package config

import (
	"crypto/x509"
	"strings"
	"time"
)

// Smtp is the <Smtp> of a mailbox file or of the service file: the server through which the daemon sends its mail. Its
// fields describe tags like the fields of Mailbox.
type Smtp struct {
	Line int // of its opening tag

	Sending `section:"Smtp"`

	Roots *x509.CertPool // from TrustedCertificate; nil for the system's

	// SharesTokens is true if the access tokens are the mailbox's own: Authentication is Azure, here and there, and nothing
	// here names another registration.
	SharesTokens bool
}

// Sending says where the daemon submits its mail and how it logs in there.
type Sending struct {
	// Names the SMTP server. The server's certificate must be valid for this name.
	ServerName string `xml:"ServerName" check:"host" mandatory:"yes" example:"smtp.office365.com"`

	// Gives the port of the SMTP server.
	//
	// Default: 587 with StartTLS, 465 with SslOnConnect, otherwise 25
	Port int `xml:"Port" check:"port" example:"587"`

	// StartTLS: TLS after the command STARTTLS; the daemon refuses a server that does not offer it. SslOnConnect: TLS from
	// the first octet. None: no TLS; anyone on the network can read mail and password.
	Security Security `xml:"SecureSocketOption" check:"enum None|StartTLS|SslOnConnect" default:"StartTLS" example:"SslOnConnect"`

	// Names a PEM file with the certificates to trust for this server, instead of the system's.
	//
	// Default: the system's certificates
	TrustedCertificate string `xml:"TrustedCertificate" check:"path" example:"mail-ca.pem"`

	// Gives the account on the SMTP server. Without it the daemon does not log in, as with a server that accepts mail of
	// this machine.
	//
	// Default: none; with Authentication Azure the UserName of the mailbox
	// Mandatory: with Authentication Azure in the service file
	UserName string `xml:"UserName" example:"helpdesk@example.com"`

	// Gives the password of the account. Spaces and line breaks count as in the Password of the POP3 server.
	//
	// Mandatory: with UserName and Authentication Basic, unless PasswordFile is given
	Password Secret `xml:"Password" example:"…"`

	// Names a file that holds the password on its only line, instead of Password.
	PasswordFile string `xml:"PasswordFile" check:"secretpath" example:"/run/credentials/mailintegration.service/secret_smtp"`

	// Basic: user name and password, which Exchange Online no longer accepts. Azure: OAuth 2.0 of Microsoft 365, for the
	// application that ClientId and TenantId name; the permission is SMTP.Send, with ClientSecret SMTP.SendAsApp.
	Authentication Authentication `xml:"Authentication" check:"enum Basic|Azure" default:"Basic" example:"Azure"`

	// Gives the application (client) identifier of a registration in Microsoft Entra. Only with Authentication Azure.
	//
	// Default: that of the mailbox, with its ClientSecret or its authorization
	// Mandatory: with Authentication Azure, in the service file or where the mailbox itself does not use Azure
	ClientID string `xml:"ClientId" example:"11111111-2222-3333-4444-555555555555"`

	// Gives the directory (tenant) identifier or domain. Only with Authentication Azure.
	//
	// Default: that of the mailbox, unless ClientId is given
	// Mandatory: with ClientId
	TenantID string `xml:"TenantId" example:"example.onmicrosoft.com"`

	// Gives the secret of the registration that ClientId names (its Value), for an application that has the permission
	// SMTP.SendAsApp itself. Only with ClientId.
	//
	// Mandatory: with ClientId, unless ClientSecretFile is given
	ClientSecret Secret `xml:"ClientSecret" check:"secret" example:"…"`

	// Names a file that holds the secret on its only line, instead of ClientSecret.
	ClientSecretFile string `xml:"ClientSecretFile" check:"secretpath" example:"/run/credentials/mailintegration.service/secret_smtp-client"`

	// Gives the base of the addresses from which the daemon obtains tokens, for a national cloud. Only with ClientId.
	//
	// Default: https://login.microsoftonline.com
	AuthorityURL string `xml:"AuthorityURL" check:"authority" example:"https://login.microsoftonline.us"`

	// Lists the permissions to ask for, separated by spaces, for a national cloud. Only with ClientId.
	//
	// Default: https://outlook.office365.com/.default
	Scope string `xml:"Scope" example:"https://outlook.office365.us/.default"`

	// Gives the address that the daemon sends from where the team has none, the "email address used by Octopus". Its mailbox
	// should be one that the daemon reads, so that answers and bounces find their request.
	//
	// Default: UserName, if that is an address
	// Mandatory: with AlwaysUseThisAddress True, unless UserName is an address
	Address string `xml:"Address" check:"address" example:"helpdesk@example.com"`

	// True: the daemon sends from Address, also where the team has an address of its own.
	AlwaysUseThisAddress bool `xml:"AlwaysUseThisAddress" default:"False" example:"True"`

	// Limits how long one step on the network may take before the daemon gives up the session; the answer to a whole mail
	// may take ten times as long.
	StepTimeout time.Duration `xml:"StepTimeout" check:"duration 1s-1h" default:"60s" example:"30s"`
}

// addressKind reads a mail address.
func addressKind() kind {
	k := textKind("a mail address", "such as helpdesk@example.com")
	k.parse = func(text string) (any, string, bool) { return text, "", isAddress(text) }
	return k
}

// isAddress reports whether text has the form of a mail address.
func isAddress(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	return found && local != "" && !strings.ContainsAny(local, " ,;<>\"()[]\\") && domain != "" && hostFault(domain) == "" && isLine(text)
}

// The usual ports of SMTP (RFC 5321 §4.5.4.2, RFC 6409 §3.1, RFC 8314 §7.3).
var smtpPorts = map[Security]int{None: 25, StartTLS: 587, SslOnConnect: 465}

// smtpChecking applies the rules between the tags of one <Smtp>.
type smtpChecking struct {
	*filling
	*Smtp
	set  *tagSet
	path string   // of the file that it stands in
	of   *Mailbox // nil in the service file
}

// readSmtp reads the <Smtp> of a file, nil if it has none. Mistakes and warnings go to the file's document. The mailbox is the
// one that the file is about, nil for the service file.
func (f *filling) readSmtp(path string, set *tagSet, of *Mailbox) *Smtp {
	var found *Smtp
	for i, d := range f.document.smtp {
		if i > 0 {
			f.mistake(d.rootAt, smtpName, "is given twice (remove one)")
			continue
		}
		found = &Smtp{Line: d.rootAt.line}
		d.quiet, d.secrets, d.keys = f.quiet, f.secrets, f.keys
		c := smtpChecking{d.fill(found, set.smtp), found, set.smtp, path, of}
		c.all()
		f.document.mistakes = append(f.document.mistakes, d.mistakes...)
		f.document.warnings = append(f.document.warnings, d.warnings...)
		f.document.files = append(f.document.files, d.files...)
	}
	return found
}

// all applies every rule.
func (c smtpChecking) all() {
	c.connection()
	c.notBoth("PasswordFile", "Password")
	c.notBoth("ClientSecretFile", "ClientSecret")
	if !c.given("Authentication") || c.good["Authentication"] {
		c.authentication()
	}
	c.sender()
	c.smtpFiles()
	c.exposedSecrets(c.path, c.PasswordFile, c.ClientSecretFile)
}

// connection sets the port when the tag Port is absent, and warns when port and TLS do not fit each other.
func (c smtpChecking) connection() {
	if c.given("SecureSocketOption") && !c.good["SecureSocketOption"] {
		return
	}
	if !c.given("Port") {
		c.Port = smtpPorts[c.Security]
	}
	if c.Port == smtpPorts[SslOnConnect] && c.Security != SslOnConnect || c.Port == smtpPorts[StartTLS] && c.Security == SslOnConnect {
		c.warn(c.at("Port"), "Port", "is not the usual port with "+string(c.Security)+" (check SecureSocketOption and Port)")
	}
	if c.Security == None && c.good["ServerName"] && !isLoopback(c.ServerName) {
		c.warn(c.at("SecureSocketOption"), "SecureSocketOption", "no TLS: anyone on the network can read the mail, and the password "+
			"(write <SecureSocketOption>StartTLS</SecureSocketOption> or SslOnConnect)")
	}
}

// registrationTags name a registration of its own.
var registrationTags = []string{"ClientId", "TenantId", "ClientSecret", "ClientSecretFile", "AuthorityURL", "Scope"}

// authentication checks that the tags for logging in are complete and fit Authentication.
func (c smtpChecking) authentication() {
	if c.Authentication != Azure {
		c.unused("with Authentication Basic", registrationTags...)
		switch {
		case c.given("UserName") && !c.given("PasswordFile"):
			c.require(*c.set.lookup("Password"), "with UserName and Authentication Basic, unless PasswordFile is given")
		case !c.given("UserName") && (c.given("Password") || c.given("PasswordFile")):
			c.require(*c.set.lookup("UserName"), "with a password")
		}
		return
	}
	c.unused("with Authentication Azure", "Password", "PasswordFile")
	if !c.given("UserName") && c.of != nil {
		c.UserName = c.of.UserName
	}
	switch {
	case c.given("ClientId") || c.of == nil || c.of.Authentication != Azure:
		c.ownRegistration()
	case c.UserName != c.of.UserName && c.of.ClientSecret.IsEmpty() && c.of.ClientSecretFile == "":
		c.mistake(c.at("UserName"), "UserName", "is another one than that of the mailbox, whose authorization is for itself alone "+
			"(remove UserName, or add ClientId, TenantId and ClientSecret)")
	default:
		c.SharesTokens = true
		for _, tag := range registrationTags {
			if c.given(tag) {
				c.mistake(c.at(tag), tag, "works only with ClientId (add ClientId, or remove "+tag+" to use the registration of the mailbox)")
			}
		}
	}
}

// ownRegistration checks the tags of a registration that is not the mailbox's. Nobody could sign in for it: mailbox authorize
// does that for mailboxes.
func (c smtpChecking) ownRegistration() {
	when := "with Authentication Azure"
	switch {
	case c.of == nil:
		when += " in the service file"
	case c.of.Authentication == Azure:
		when = "with ClientId"
	default:
		when += " where the mailbox itself does not use it"
	}
	tags := []string{"UserName", "ClientId", "TenantId"}
	if c.of != nil {
		tags = tags[1:]
	}
	for _, tag := range tags {
		c.require(*c.set.lookup(tag), when)
	}
	if !c.given("ClientSecretFile") {
		c.require(*c.set.lookup("ClientSecret"), when+", unless ClientSecretFile is given")
	}
}

// sender derives Address from UserName.
func (c smtpChecking) sender() {
	if !c.given("Address") && isAddress(c.UserName) {
		c.Address = c.UserName
	}
	if c.AlwaysUseThisAddress && c.Address == "" {
		c.require(*c.set.lookup("Address"), "with AlwaysUseThisAddress True, unless UserName is an address")
	}
}

// smtpFiles reads the files that <Smtp> names.
func (c smtpChecking) smtpFiles() {
	c.readNamedFiles(c.path, namedFiles{
		&c.TrustedCertificate, &c.Roots, &c.PasswordFile, &c.ClientSecretFile, &c.Password, &c.ClientSecret,
	})
}
