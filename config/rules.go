package config

import (
	"net/netip"
	"strings"
	"time"
)

// checking applies the rules between the tags of one mailbox file. No rule reports a tag whose own value is a mistake
// already.
type checking struct {
	*filling
	*Mailbox
	set *tagSet
}

// all applies every rule. Later rules rely on what earlier ones have set.
func (c checking) all() {
	c.identity()
	c.security()
	c.port()
	c.authentication()
	c.processor()
	c.loops()
	c.filters()
	c.files()
	c.exposedSecrets(c.File, c.PasswordFile, c.ClientSecretFile)
	c.Smtp = c.readSmtp(c.File, c.set, c.Mailbox)
}

// identity names the mailbox after its file when the tag Name is absent.
func (c checking) identity() {
	if c.Name == "" && !c.given("Name") {
		c.Name = NameOfFile(c.File)
	}
}

// security derives SecureSocketOption from the deprecated UseSsl, and checks that they agree.
func (c checking) security() {
	c.SecurityAssumed = !c.given("UseSsl") && !c.given("SecureSocketOption")
	if c.SecurityAssumed && c.isOriginals() && c.Port != portPOP3S {
		c.warn(c.at("ServerName"), "SecureSocketOption", "is missing, and so is UseSsl: Octopus uses no TLS then, this program SslOnConnect "+
			"(write <SecureSocketOption>None</SecureSocketOption>, or better StartTLS or SslOnConnect)")
	}
	if !c.good["UseSsl"] {
		return
	}
	option := None
	if c.UseSsl {
		option = SslOnConnect
	}
	if !c.given("SecureSocketOption") {
		c.Security = option
	} else if c.good["SecureSocketOption"] && c.Security != option {
		c.mistake(c.at("UseSsl"), "UseSsl", "contradicts SecureSocketOption "+string(c.Security)+" (remove UseSsl, which is deprecated)")
		return
	}
	c.warn(c.at("UseSsl"), "UseSsl", "is deprecated (write <SecureSocketOption>"+string(option)+"</SecureSocketOption> instead)")
}

// isOriginals reports whether the file was written for Octopus MailIntegration: it names a gateway, or a .NET
// processor.
func (c checking) isOriginals() bool {
	return c.given("GatewayTypeName") || strings.Contains(c.first["MessageProcessorTypeName"].text, ",")
}

// The ports of POP3 and of POP3 with implicit TLS (RFC 1939 §3, RFC 8314 §7.1).
const (
	portPOP3  = 110
	portPOP3S = 995
)

// port sets the port when the tag Port is absent, and warns when port, TLS and server do not fit each other.
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
		c.warn(c.at("Port"), "Port", "is not the usual port with "+string(c.Security)+" (check SecureSocketOption and Port)")
	}
	if isKnown && c.Security == None && c.good["ServerName"] && !isLoopback(c.ServerName) {
		tag := "SecureSocketOption"
		if !c.given(tag) {
			tag = "UseSsl"
		}
		c.warn(c.at(tag), tag, "no TLS: anyone on the network can read the password "+
			"(write <SecureSocketOption>StartTLS</SecureSocketOption> or SslOnConnect)")
	}
}

// isLoopback reports whether host is this machine.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// azureTags have an effect only with Authentication Azure.
var azureTags = []string{"ClientId", "TenantId", "ClientSecret", "ClientSecretFile", "AuthorityURL", "Scope"}

// authentication checks that the tags for logging in are complete and fit Authentication.
func (c checking) authentication() {
	c.notBoth("PasswordFile", "Password")
	c.notBoth("ClientSecretFile", "ClientSecret")
	if c.given("Authentication") && !c.good["Authentication"] {
		return
	}
	if c.Authentication != Azure {
		if !c.given("PasswordFile") {
			c.require(*c.set.lookup("Password"), "with Authentication Basic, unless PasswordFile is given")
		}
		c.unused("with Authentication Basic", azureTags...)
		return
	}
	c.require(*c.set.lookup("ClientId"), "with Authentication Azure")
	c.require(*c.set.lookup("TenantId"), "with Authentication Azure")
	if c.given("ClientSecret") || c.given("ClientSecretFile") {
		c.unused("when ClientSecret or ClientSecretFile is given", "Password", "PasswordFile")
	}
}

// notBoth reports a file that is given although the secret itself is given too.
func (f *filling) notBoth(file, secret string) {
	if f.given(secret) && f.given(file) {
		f.mistake(f.at(file), file, "is given as well as "+secret+" (remove one)")
	}
}

// endUserTags have no effect on messages from machines.
var endUserTags = []string{
	"IncidentFallbackUserLogon", "IncidentFallbackSiteName", "IncidentSource", "IncidentPriority", "IncidentGroup",
	"CreateNewRequests", "AcknowledgeNewRequests", "AnswerClosedFollowUp", "MaxReplies", "UnknownFollowUp", "ClosedFollowUp", "CommunicationTypes",
}

// processor checks that the tags fit the processor. Group and Assignee with a processor for end users are mistakes,
// because the administrator expects an assignment that would never come; the other way round, the tags get a warning.
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
		c.mistake(c.at("Group"), "Group", "works only with EventMailMessageProcessor (write IncidentGroup instead)")
	}
	if c.given("Assignee") {
		c.mistake(c.at("Assignee"), "Assignee", "works only with EventMailMessageProcessor (remove it)")
	}
}

// What one sender may open unless MaxNewRequests says otherwise.
var (
	usualNewRequests  = Limit{Number: 30, Within: 10 * time.Minute}
	monitoredRequests = Limit{Number: 500, Within: 10 * time.Minute}
)

// loops sets the limit of new requests when the tag MaxNewRequests is absent.
func (c checking) loops() {
	if c.given("MaxNewRequests") {
		return
	}
	c.MaxNewRequests = usualNewRequests
	if c.Processor == Monitoring {
		c.MaxNewRequests = monitoredRequests
	}
}

// unused warns of tags that have no effect.
func (f *filling) unused(when string, names ...string) {
	for _, name := range names {
		if !f.good[name] {
			continue
		}
		remedy := "remove it"
		if name == "IncidentGroup" { // the tag of the other processors
			remedy = "write Group instead"
		}
		f.warn(f.at(name), name, "has no effect "+when+" ("+remedy+")")
	}
}
