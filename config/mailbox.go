package config

import (
	"crypto/x509"
	"time"
)

// Mailbox is what one mailbox file says. Its embedded structs are the sections of the reference; MailboxTags and the
// loader read their field tags: the tag's name (xml), what is read when it is absent (default, or in words: otherwise),
// when it must be there (mandatory), what may stand in it (check, or else the field's type), doc and example.
type Mailbox struct {
	File string // path of the file, as it was given

	Polling `section:"The mailbox and its polls"`
	Server  `section:"The POP3 server"`
	EndUser `section:"Incidents and service requests"`
	Events  `section:"Events"`
	Content `section:"What is kept of a message"`

	Filters []Filter // in the order in which they are tried

	Roots *x509.CertPool // of TrustedCertificate; nil for the system's
}

// Polling says which mailbox it is, and when and for whom it is polled.
type Polling struct {
	Name      string    `xml:"Name" check:"name" otherwise:"the name of the file without .xml" example:"helpdesk" doc:"What the mailbox is called in the log, on the command line and in events. No two mailboxes have the same, also when only the case differs."`
	Enabled   bool      `xml:"Enabled" default:"True" example:"False" doc:"False: the file is checked, but the mailbox is not polled."`
	Schedule  Schedule  `xml:"Schedule" default:"30s" example:"*/5 8-17 * * 1-5" doc:"When the mailbox is polled. A poll never overlaps the one before. A cron expression is in the time zone of the machine, unless it begins with TZ= as in TZ=America/Montreal 0 8 * * *."`
	Processor Processor `xml:"MessageProcessorTypeName" check:"processor" mandatory:"yes" example:"EndUserIncidentMailMessageProcessor" doc:"What becomes of the messages: EndUserIncidentMailMessageProcessor opens incidents, EndUserNewSRMailMessageProcessor service requests, EventMailMessageProcessor events. The .NET form of the original, Namespace.Name, Assembly, is read too."`
	Login     string    `xml:"Login" otherwise:"Login of the service file" mandatory:"here or in the service file" example:"mailintegration" doc:"Logon of the account in whose name the daemon records; it is shown in the history of a request."`
	Team      string    `xml:"Team" otherwise:"Team of the service file" mandatory:"here or in the service file" example:"IT Montreal" doc:"Team whose requests the mailbox is about."`
}

// Security is how the connection to a server is protected.
type Security string

// The values of SecureSocketOption.
const (
	None         Security = "None"         // no TLS
	StartTLS     Security = "StartTLS"     // TLS after STLS (RFC 2595 §4)
	SslOnConnect Security = "SslOnConnect" // implicit TLS (RFC 8314 §3.3)
)

// Authentication is how the daemon logs in to a mailbox.
type Authentication string

// The values of Authentication.
const (
	Basic Authentication = "Basic" // user name and password
	Azure Authentication = "Azure" // OAuth 2.0 of Microsoft 365
)

// Leave is for how many days messages are left on the server after they were recorded.
type Leave int

// The values of Leave that are no number of days.
const (
	LeaveNever  Leave = 0
	LeaveAlways Leave = -1
)

// Server says where the messages are and how to log in. Its tags may stand inside or outside <Server>.
type Server struct {
	Gateway            string         `xml:"GatewayTypeName" example:"ESI.Octopus.MailIntegration.MailKitMailboxGateway,ESI.Octopus.MailIntegration" doc:"Read for files of the original, whatever it names, and without effect: messages are always read over POP3."`
	ServerName         string         `xml:"ServerName" check:"host" mandatory:"yes" example:"mail.example.com" doc:"The POP3 server. Its certificate must be for this name."`
	Port               int            `xml:"Port" check:"port" otherwise:"995 with SslOnConnect, otherwise 110" example:"995" doc:"The port of the POP3 server."`
	Security           Security       `xml:"SecureSocketOption" check:"enum None|StartTLS|SslOnConnect" default:"SslOnConnect" example:"StartTLS" doc:"SslOnConnect: TLS from the first octet. StartTLS: TLS after STLS; a server that does not offer it is refused. None: no TLS, the password can be read on its way."`
	UseSsl             bool           `xml:"UseSsl" example:"True" doc:"Deprecated. True means SecureSocketOption SslOnConnect, False means None; a SecureSocketOption that says otherwise is a mistake."`
	TrustedCertificate string         `xml:"TrustedCertificate" check:"path" otherwise:"the system's certificates" example:"mail-ca.pem" doc:"A PEM file with the certificates to trust for this server, in place of the system's."`
	UserName           string         `xml:"UserName" mandatory:"yes" example:"newincident" doc:"Account on the POP3 server."`
	Password           Secret         `xml:"Password" mandatory:"with Authentication Basic, unless PasswordFile is there" example:"…" doc:"Password of the account. With Authentication Azure it is exchanged for a token, which Microsoft is ending. Spaces at its ends belong to it; line breaks, and white space next to them, do not. Write &lt; for < and &amp; for &."`
	PasswordFile       string         `xml:"PasswordFile" check:"secretpath" example:"/run/credentials/mailintegration.service/helpdesk" doc:"A file that holds the password in its only line, in place of Password."`
	Authentication     Authentication `xml:"Authentication" check:"enum Basic|Azure" default:"Basic" example:"Azure" doc:"Basic: user name and password. Azure: OAuth 2.0 of Microsoft 365, for the application that ClientId and TenantId name."`
	ClientID           string         `xml:"ClientId" mandatory:"with Authentication Azure" example:"11111111-2222-3333-4444-555555555555" doc:"Application (client) identifier of the registration in Microsoft Entra."`
	TenantID           string         `xml:"TenantId" mandatory:"with Authentication Azure" example:"example.onmicrosoft.com" doc:"Directory (tenant) identifier or domain."`
	ClientSecret       Secret         `xml:"ClientSecret" check:"secret" example:"…" doc:"Secret of the registration (its Value), for an application with the permission POP.AccessAsApp of its own: no person is needed. Without it and without Password, a person authorizes the mailbox once, by mailintegration mailbox authorize. Written as Password is. Only with Authentication Azure."`
	ClientSecretFile   string         `xml:"ClientSecretFile" check:"secretpath" example:"/run/credentials/mailintegration.service/helpdesk-client" doc:"A file that holds the secret in its only line, in place of ClientSecret."`
	AuthorityURL       string         `xml:"AuthorityURL" check:"authority" otherwise:"https://login.microsoftonline.com" example:"https://login.microsoftonline.us" doc:"Base of the addresses that tokens are obtained from, for a national cloud. Only with Authentication Azure."`
	Scope              string         `xml:"Scope" otherwise:"https://outlook.office365.com/.default with ClientSecret, otherwise POP.AccessAsUser.All of https://outlook.office.com" example:"https://outlook.office365.us/.default" doc:"Permissions to ask for, with spaces between them, for a national cloud. Only with Authentication Azure."`
	SleepAfterDeletion time.Duration  `xml:"SleepTimeAfterDeletion" check:"milliseconds" default:"0" example:"5000" doc:"Pause after the deletions of a session, for servers that take their time to delete."`
	LeaveOnServer      Leave          `xml:"LeaveOnServer" check:"leave" default:"Never" example:"Days 14" doc:"Never: messages are deleted once they are recorded. Days N: they are deleted N days after that, and read once more before. Always: they are never deleted. What is left is told by its unique-id and is not retrieved again; without unique-ids it is retrieved at each poll, and recorded once."`
	TraceMessageInfo   bool           `xml:"TraceMessageInfo" default:"False" example:"True" doc:"True: Message-ID, From, To, Subject and Date of each message are logged."`
	StepTimeout        time.Duration  `xml:"StepTimeout" check:"duration 1s-1h" default:"60s" example:"30s" doc:"How long one step on the network may take before the session is given up."`
}

// FollowUp is what becomes of a message that names a request it may not simply be added to.
type FollowUp string

// The values of UnknownFollowUp (Accept, AcceptAndFlag, NewRequest) and ClosedFollowUp (AddActivity, Reopen, NewRequest).
const (
	Accept        FollowUp = "Accept"
	AcceptAndFlag FollowUp = "AcceptAndFlag"
	NewRequest    FollowUp = "NewRequest"
	AddActivity   FollowUp = "AddActivity"
	Reopen        FollowUp = "Reopen"
)

// EndUser says what becomes of the messages of people.
type EndUser struct {
	FallbackUser       string   `xml:"IncidentFallbackUserLogon" mandatory:"with the processors of end users" example:"unknown" doc:"Logon of the requester and user when the sender is not known."`
	FallbackSite       string   `xml:"IncidentFallbackSiteName" mandatory:"where the team has sites" example:"Montréal" doc:"Site when the sender is not known or has none."`
	Source             string   `xml:"IncidentSource" default:"Email" example:"Email" doc:"Source of the requests."`
	Priority           string   `xml:"IncidentPriority" otherwise:"that of the service request type, or the team's" example:"Medium" doc:"Priority of the requests; it takes precedence over every default."`
	IncidentGroup      string   `xml:"IncidentGroup" otherwise:"the team's service desk group" example:"Service Desk" doc:"Group that the requests are assigned to."`
	CreateNewRequests  bool     `xml:"CreateNewRequests" default:"True" example:"False" doc:"False: a message that matches no active request opens none; its sender is told so, unless the message is automatic."`
	UnknownFollowUp    FollowUp `xml:"UnknownFollowUp" check:"enum Accept|AcceptAndFlag|NewRequest" default:"AcceptAndFlag" example:"NewRequest" doc:"What becomes of a message that names a request its sender has no part in: Accept adds it, AcceptAndFlag adds it and marks it for a look, NewRequest opens a request that is linked."`
	ClosedFollowUp     FollowUp `xml:"ClosedFollowUp" check:"enum AddActivity|Reopen|NewRequest" default:"AddActivity" example:"Reopen" doc:"What becomes of a message that names a closed request: AddActivity adds it, Reopen adds it and opens the request again, NewRequest opens a request that is linked."`
	CommunicationTypes []string `xml:"CommunicationTypes" example:"Bestellung, Rückfrage" doc:"Words that may stand in the square brackets of a subject, in addition to those that are known."`
	EnclosingToken     string   `xml:"NewSRBodyEnclosingToken" mandatory:"with EndUserNewSRMailMessageProcessor" example:"CreateSR" doc:"Word that encloses the block of Field: value lines in the body of a message that asks for a service request."`
}

// Events says what becomes of the messages of machines.
type Events struct {
	Group    string `xml:"Group" example:"Infrastructure" doc:"Group that the events are assigned to. Only with EventMailMessageProcessor."`
	Assignee string `xml:"Assignee" example:"jtremblay" doc:"Logon of the person that the events are assigned to. Only with EventMailMessageProcessor."`
}

// Content says what is kept of a message.
type Content struct {
	IgnoredAttachments []string `xml:"IgnoredAttachments" example:"logo.png, image001.gif" doc:"Names of attachments that are not stored, compared without regard to case. False means none."`
	AttachRaw          bool     `xml:"IncludeRawMessageAsAttachment" default:"False" example:"True" doc:"True: the raw message is attached to the request or activity too."`
	MaxOctets          int64    `xml:"MaxMessageSize" check:"size 1KB-2GB" default:"100MB" example:"25MB" doc:"Largest message that is retrieved. A larger one stays in the mailbox."`
}
