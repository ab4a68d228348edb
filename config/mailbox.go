package config

import (
	"crypto/x509"
	"time"
)

// Mailbox is the configuration of one mailbox, read from its file. Its embedded structs are the sections of the
// reference. doc.go says how the fields describe the tags.
type Mailbox struct {
	File string // path of the file, as the caller gave it

	Polling   `section:"The mailbox and its polls"`
	Server    `section:"The POP3 server"`
	EndUser   `section:"Incidents and service requests"`
	Events    `section:"Events"`
	Recording `section:"What is kept of a message"`
	Loops     `section:"Protection against loops"`

	Filters []Filter // in the order in which they are tried
	Smtp    *Smtp    // nil: the service's

	Roots *x509.CertPool // from TrustedCertificate; nil for the system's

	SecurityAssumed bool // neither SecureSocketOption nor UseSsl is given: Octopus uses no TLS then
}

// Polling identifies the mailbox, and says when and for whom the daemon polls it.
type Polling struct {
	// Names the mailbox in the log, on the command line and in events. No two mailboxes may have the same name, even
	// when only the case differs.
	//
	// Default: the name of the file without .xml
	Name string `xml:"Name" check:"name" example:"helpdesk"`

	// False: the daemon checks the file, but does not poll the mailbox.
	Enabled bool `xml:"Enabled" default:"True" example:"False"`

	// Says when the daemon polls the mailbox. A poll never overlaps the previous one. A cron expression uses the time
	// zone of the machine unless it begins with TZ=, as in TZ=America/Montreal 0 8 * * *. The daemon spreads the polls of
	// many mailboxes: those of an interval over all of it, those of a cron expression over 30 s for a thousand mailboxes,
	// at most half of the time between two of them.
	Schedule Schedule `xml:"Schedule" default:"30s" example:"*/5 8-17 * * 1-5"`

	// Says what the daemon makes of a message: EndUserIncidentMailMessageProcessor opens incidents,
	// EndUserNewSRMailMessageProcessor service requests, EventMailMessageProcessor events. The .NET form of the
	// original, Namespace.Name, Assembly, is accepted too.
	Processor Processor `xml:"MessageProcessorTypeName" check:"processor" mandatory:"yes" example:"EndUserIncidentMailMessageProcessor"`

	// Gives the logon of the account in whose name the daemon records; the history of a request shows it.
	//
	// Default: Login of the service file
	// Mandatory: here or in the service file
	Login string `xml:"Login" example:"mailintegration"`

	// Names the team that the requests of this mailbox belong to.
	//
	// Default: Team of the service file
	// Mandatory: here or in the service file
	Team string `xml:"Team" example:"IT Montreal"`
}

// Security is the protection of the connection to a server.
type Security string

// The values of SecureSocketOption.
const (
	None         Security = "None"         // no TLS
	StartTLS     Security = "StartTLS"     // TLS after STLS (RFC 2595 §4)
	SslOnConnect Security = "SslOnConnect" // implicit TLS (RFC 8314 §3.3)
)

// Authentication is the way in which the daemon logs in to a mailbox.
type Authentication string

// The values of Authentication.
const (
	Basic Authentication = "Basic" // user name and password
	Azure Authentication = "Azure" // OAuth 2.0 of Microsoft 365
)

// LeavePolicy is the number of days for which recorded messages are left on the server.
type LeavePolicy int

// The values of LeavePolicy that are not a number of days.
const (
	LeaveNever  LeavePolicy = 0
	LeaveAlways LeavePolicy = -1
)

// Server says where the messages are and how the daemon logs in. Its tags may stand inside or outside <Server>.
type Server struct {
	// Accepted in files of the original, whatever it names, and ignored: the daemon always reads messages over POP3.
	Gateway string `xml:"GatewayTypeName" example:"ESI.Octopus.MailIntegration.MailKitMailboxGateway,ESI.Octopus.MailIntegration"`

	// Names the POP3 server. The server's certificate must be valid for this name.
	ServerName string `xml:"ServerName" check:"host" mandatory:"yes" example:"mail.example.com"`

	// Gives the port of the POP3 server.
	//
	// Default: 995 with SslOnConnect, otherwise 110
	Port int `xml:"Port" check:"port" example:"995"`

	// SslOnConnect: TLS from the first octet. StartTLS: TLS after the command STLS; the daemon refuses a server that
	// does not offer it. None: no TLS; anyone on the network can read the password.
	Security Security `xml:"SecureSocketOption" check:"enum None|StartTLS|SslOnConnect" default:"SslOnConnect" example:"StartTLS"`

	// Deprecated. True means SecureSocketOption SslOnConnect, False means None; a SecureSocketOption that contradicts it
	// is a mistake.
	UseSsl bool `xml:"UseSsl" example:"True"`

	// Names a PEM file with the certificates to trust for this server, instead of the system's.
	//
	// Default: the system's certificates
	TrustedCertificate string `xml:"TrustedCertificate" check:"path" example:"mail-ca.pem"`

	// Gives the account on the POP3 server.
	UserName string `xml:"UserName" mandatory:"yes" example:"newincident"`

	// Gives the password of the account. With Authentication Azure the daemon exchanges it for a token, a method that
	// Microsoft is ending. Spaces at either end belong to the password; line breaks, and white space next to them, do not.
	// Write &lt; for < and &amp; for &. A value that begins with encrypted: was encrypted by mailintegration config encrypt, as
	// it may be in every tag that holds a secret.
	//
	// Mandatory: with Authentication Basic, unless PasswordFile is given
	Password Secret `xml:"Password" example:"…"`

	// Names a file that holds the password on its only line, instead of Password.
	PasswordFile string `xml:"PasswordFile" check:"secretpath" example:"/run/credentials/mailintegration.service/secret_helpdesk"`

	// Basic: user name and password. Azure: OAuth 2.0 of Microsoft 365, for the application that ClientId and TenantId
	// name.
	Authentication Authentication `xml:"Authentication" check:"enum Basic|Azure" default:"Basic" example:"Azure"`

	// Gives the application (client) identifier of the registration in Microsoft Entra.
	//
	// Mandatory: with Authentication Azure
	ClientID string `xml:"ClientId" example:"11111111-2222-3333-4444-555555555555"`

	// Gives the directory (tenant) identifier or domain.
	//
	// Mandatory: with Authentication Azure
	TenantID string `xml:"TenantId" example:"example.onmicrosoft.com"`

	// Gives the secret of the registration (its Value), for an application that has the permission POP.AccessAsApp
	// itself: no person is needed. Without it and without Password, a person authorizes the mailbox once, with
	// mailintegration mailbox authorize. Spaces and line breaks count as in Password. Only with Authentication Azure.
	ClientSecret Secret `xml:"ClientSecret" check:"secret" example:"…"`

	// Names a file that holds the secret on its only line, instead of ClientSecret.
	ClientSecretFile string `xml:"ClientSecretFile" check:"secretpath" example:"/run/credentials/mailintegration.service/secret_helpdesk-client"`

	// Gives the base of the addresses from which the daemon obtains tokens, for a national cloud. Only with
	// Authentication Azure.
	//
	// Default: https://login.microsoftonline.com
	AuthorityURL string `xml:"AuthorityURL" check:"authority" example:"https://login.microsoftonline.us"`

	// Lists the permissions to ask for, separated by spaces, for a national cloud. Only with Authentication Azure.
	//
	// Default: https://outlook.office365.com/.default with ClientSecret, otherwise POP.AccessAsUser.All of
	// https://outlook.office.com
	Scope string `xml:"Scope" example:"https://outlook.office365.us/.default"`

	// Makes the daemon pause after the deletions of a session, for servers that take their time to delete.
	SleepAfterDeletion time.Duration `xml:"SleepTimeAfterDeletion" check:"milliseconds" default:"0" example:"5000"`

	// Never: the daemon deletes messages once they are recorded. Days N: it deletes them N days later, after reading
	// them once more. Always: it never deletes them. The daemon recognises a message left on the server by its unique-id
	// and does not retrieve it again; without unique-ids it retrieves the message at each poll, and records it once.
	LeaveOnServer LeavePolicy `xml:"LeaveOnServer" check:"leave" default:"Never" example:"Days 14"`

	// True: the daemon logs the Message-ID, From, To, Subject and Date of each message.
	TraceMessageInfo bool `xml:"TraceMessageInfo" default:"False" example:"True"`

	// True: the daemon also writes a message that it set aside, or could not record, to RawMessage.txt in LogDirectory, or
	// else in DataDirectory. The file has the last such message, as it was received.
	Debug bool `xml:"Debug" default:"False" example:"True"`

	// Limits how long one step on the network may take before the daemon gives up the session.
	StepTimeout time.Duration `xml:"StepTimeout" check:"duration 1s-1h" default:"60s" example:"30s"`
}

// FollowUp says how the daemon treats a message that names a request it may not simply be added to. The tags
// UnknownFollowUp and ClosedFollowUp list their values.
type FollowUp string

// EndUser says what becomes of messages from people.
type EndUser struct {
	// Gives the logon of the requester and user when the sender is not known.
	//
	// Mandatory: with the processors for end users
	FallbackUser string `xml:"IncidentFallbackUserLogon" example:"unknown"`

	// Names the site when the sender is not known or has none.
	//
	// Mandatory: where the team has sites
	FallbackSite string `xml:"IncidentFallbackSiteName" example:"Montréal"`

	// Names the source of the requests.
	Source string `xml:"IncidentSource" default:"Email" example:"Email"`

	// Names the priority of the requests; it takes precedence over every default.
	//
	// Default: that of the service request type, or the team's
	Priority string `xml:"IncidentPriority" example:"Medium"`

	// Names the group that the requests are assigned to.
	//
	// Default: the team's service desk group
	IncidentGroup string `xml:"IncidentGroup" example:"Service Desk"`

	// False: a message that names no request opens none. The daemon keeps it with its receipt and, where an Smtp says how
	// mail is sent, tells its sender so with the text denied (mailintegration template show denied). Automatic mail is never
	// answered.
	CreateNewRequests bool `xml:"CreateNewRequests" default:"True" example:"False"`

	// True: the sender of a message that opens a request gets an acknowledgement with its number, the text acknowledgement.
	// Needs an Smtp. Automatic mail is never answered.
	AcknowledgeNewRequests bool `xml:"AcknowledgeNewRequests" default:"False" example:"True"`

	// True: the sender of a message that is added to a closed request, or to a processed event, is told that nobody works on
	// it any more, with the text closed. Without an Smtp nothing is sent. Automatic mail is never answered.
	AnswerClosedFollowUp bool `xml:"AnswerClosedFollowUp" default:"True" example:"False"`

	// Limits how many answers of each kind an address gets within 24 hours, so that two programs which answer each other
	// come to rest. The history of a request says when an answer was not sent for that reason.
	MaxReplies int `xml:"MaxReplies" check:"count 1-1000" default:"5" example:"2"`

	// Says what becomes of a message that names a request its sender has no part in: Accept adds it, AcceptAndFlag adds
	// it and marks it for review, NewRequest opens a linked request.
	UnknownFollowUp FollowUp `xml:"UnknownFollowUp" check:"enum Accept|AcceptAndFlag|NewRequest" default:"AcceptAndFlag" example:"NewRequest"`

	// Says what becomes of a message that names a closed request: AddActivity adds it, Reopen adds it and reopens the
	// request, NewRequest opens a linked request.
	ClosedFollowUp FollowUp `xml:"ClosedFollowUp" check:"enum AddActivity|Reopen|NewRequest" default:"AddActivity" example:"Reopen"`

	// Lists words that may stand in the square brackets of a subject, in addition to the known ones. In English these are
	// incident, request, service request, event, note, activity, task, communication, problem, change, message, email and
	// e-mail; in French incident, demande, demande de service, requête, requête de service, événement, activité, tâche,
	// problème, changement and courriel. Case does not matter.
	CommunicationTypes []string `xml:"CommunicationTypes" example:"Bestellung, Rückfrage"`

	// Lists names that may stand between the type and the number of a subject, as in [Incident] OctopusDB #4711, or within
	// the brackets, as in [Incident - OctopusDB] 4711: those of the database from which a team's mail came before. The name
	// of the team is known.
	DatabaseNames []string `xml:"DatabaseNames" example:"OctopusDB, OctopusTest"`

	// Gives the word that encloses the block of Field: value lines in the body of a message that asks for a service
	// request.
	//
	// Mandatory: with EndUserNewSRMailMessageProcessor
	EnclosingToken string `xml:"NewSRBodyEnclosingToken" example:"CreateSR"`
}

// Events says what becomes of messages from machines.
type Events struct {
	// Names the group that the events are assigned to. Only with EventMailMessageProcessor.
	Group string `xml:"Group" example:"Infrastructure"`

	// Gives the logon of the person that the events are assigned to. Only with EventMailMessageProcessor.
	Assignee string `xml:"Assignee" example:"jtremblay"`
}

// Recording says which messages the daemon retrieves, and what it keeps of them.
type Recording struct {
	// Lists names of attachments that the daemon does not store; case does not matter. False means none.
	IgnoredAttachments []string `xml:"IgnoredAttachments" example:"logo.png, image001.gif"`

	// True: the daemon also attaches the raw message to the request or activity.
	AttachRaw bool `xml:"IncludeRawMessageAsAttachment" default:"False" example:"True"`

	// Limits the size of the messages that the daemon retrieves. A larger message stays in the mailbox.
	MaxOctets int64 `xml:"MaxMessageSize" check:"size 1KB-2GB" default:"100MB" example:"25MB"`
}

// Loops bounds what one sender can cause.
type Loops struct {
	// Limits how many requests one sender opens within a time, by the Date of the messages. Beyond it, the messages of this
	// sender become activities on the last of these requests, until fewer messages come. The daemon opens one event, which
	// names the sender. Nothing is lost, and other senders are not affected. 0 means no limit: write it where one address
	// sends for many people, such as that of a web form, or raise the number. With EventMailMessageProcessor the default
	// is higher, because one monitoring system sends the alerts of all machines: a failing switch may well cause 200 alerts
	// in a minute, each of which deserves its event, while a test that alternates every second makes 600 in ten minutes.
	//
	// Default: 30 in 10min; with EventMailMessageProcessor 500 in 10min
	MaxNewRequests Limit `xml:"MaxNewRequests" check:"limit 1-100000 1s-24h" example:"100 in 1h"`
}
