package config

import (
	"net/netip"
	"path/filepath"
	"strings"
)

// checking applies the rules that hold between the tags of one mailbox file. A rule says nothing about a tag whose own
// value is a mistake already.
type checking struct {
	*filling
	*Mailbox
	set *tagSet
}

func (c checking) all() {
	c.identity()
	c.security()
	c.port()
	c.authentication()
	c.processor()
	c.filters()
	c.files()
	c.exposure()
}

func (c checking) identity() {
	if c.Name == "" && !c.given("Name") {
		base := filepath.Base(c.File)
		if ext := filepath.Ext(base); strings.EqualFold(ext, ".xml") {
			base = strings.TrimSuffix(base, ext)
		}
		c.Name = base
	}
}

// security unites SecureSocketOption with the deprecated UseSsl.
func (c checking) security() {
	if !c.given("UseSsl") && !c.given("SecureSocketOption") && c.isOriginals() && c.Port != portPOP3S {
		c.warn(c.at("ServerName"), "SecureSocketOption", "is missing beside UseSsl, which Octopus reads as no TLS and this program as SslOnConnect "+
			"(write <SecureSocketOption>None</SecureSocketOption>, better StartTLS or SslOnConnect)")
	}
	if !c.good["UseSsl"] {
		return
	}
	meant := None
	if c.UseSsl {
		meant = SslOnConnect
	}
	if !c.given("SecureSocketOption") {
		c.Security = meant
	} else if c.good["SecureSocketOption"] && c.Security != meant {
		c.mistake(c.at("UseSsl"), "UseSsl", "contradicts SecureSocketOption "+string(c.Security)+" (remove UseSsl, which is deprecated)")
		return
	}
	c.warn(c.at("UseSsl"), "UseSsl", "is deprecated (write <SecureSocketOption>"+string(meant)+"</SecureSocketOption>)")
}

// isOriginals reports whether the file was written for Octopus MailIntegration: it names a gateway, or a processor as .NET does.
func (c checking) isOriginals() bool {
	return c.given("GatewayTypeName") || strings.Contains(c.first["MessageProcessorTypeName"].text, ",")
}

// The ports of POP3 and of POP3 with implicit TLS (RFC 1939 §3, RFC 8314 §7.1).
const (
	portPOP3  = 110
	portPOP3S = 995
)

func (c checking) port() {
	usual, other := portPOP3, portPOP3S
	if c.Security == SslOnConnect {
		usual, other = portPOP3S, portPOP3
	}
	if !c.given("Port") {
		c.Port = usual
	}
	isKnown := c.good["SecureSocketOption"] || !c.given("SecureSocketOption") && (c.given("UseSsl") || !c.isOriginals())
	if isKnown && c.Port == other {
		c.warn(c.at("Port"), "Port", "is not the usual one with "+string(c.Security)+" (look at SecureSocketOption)")
	}
	if isKnown && c.Security == None && c.good["ServerName"] && !isLoopback(c.ServerName) {
		tag := "SecureSocketOption"
		if !c.given(tag) {
			tag = "UseSsl"
		}
		c.warn(c.at(tag), tag, "no TLS: the password can be read on its way (write <SecureSocketOption>StartTLS</SecureSocketOption> or SslOnConnect)")
	}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// azureTags mean something with Authentication Azure only.
var azureTags = []string{"ClientId", "TenantId", "ClientSecret", "ClientSecretFile", "AuthorityURL", "Scope"}

func (c checking) authentication() {
	c.notBoth("PasswordFile", "Password")
	c.notBoth("ClientSecretFile", "ClientSecret")
	if c.given("Authentication") && !c.good["Authentication"] {
		return
	}
	if c.Authentication != Azure {
		if !c.given("PasswordFile") {
			c.require(*c.set.lookup("Password"), "with Authentication Basic, unless PasswordFile is there")
		}
		c.unused("with Authentication Basic", azureTags...)
		return
	}
	c.require(*c.set.lookup("ClientId"), "with Authentication Azure")
	c.require(*c.set.lookup("TenantId"), "with Authentication Azure")
	if c.given("ClientSecret") || c.given("ClientSecretFile") {
		c.unused("beside the secret of the application", "Password", "PasswordFile")
	}
}

// notBoth allows a secret or the file that holds it.
func (c checking) notBoth(file, secret string) {
	if c.given(secret) && c.given(file) {
		c.mistake(c.at(file), file, "is given beside "+secret+" (remove one)")
	}
}

// endUserTags mean nothing for the messages of machines.
var endUserTags = []string{
	"IncidentFallbackUserLogon", "IncidentFallbackSiteName", "IncidentSource", "IncidentPriority", "IncidentGroup",
	"CreateNewRequests", "UnknownFollowUp", "ClosedFollowUp", "CommunicationTypes",
}

// processor applies the rules of each processor. Group and Assignee with an end user's processor are a mistake, because
// who writes them expects an assignment that would never come; the other way round it is a warning.
func (c checking) processor() {
	if !c.good["MessageProcessorTypeName"] {
		return
	}
	if c.Processor != EndUserServiceRequest {
		c.unused("with "+string(c.Processor), "NewSRBodyEnclosingToken")
	}
	switch c.Processor {
	case Monitoring:
		c.unused("with "+string(c.Processor), endUserTags...)
		return
	case EndUserServiceRequest:
		c.require(*c.set.lookup("NewSRBodyEnclosingToken"), "with "+string(c.Processor))
	}
	c.require(*c.set.lookup("IncidentFallbackUserLogon"), "with "+string(c.Processor))
	if c.given("Group") {
		c.mistake(c.at("Group"), "Group", "is for EventMailMessageProcessor only (write IncidentGroup)")
	}
	if c.given("Assignee") {
		c.mistake(c.at("Assignee"), "Assignee", "is for EventMailMessageProcessor only (remove it)")
	}
}

// unused warns of tags that are there without effect.
func (c checking) unused(when string, names ...string) {
	for _, name := range names {
		if c.good[name] {
			c.warn(c.at(name), name, "has no effect "+when+" (remove it)")
		}
	}
}
