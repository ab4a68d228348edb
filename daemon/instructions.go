package daemon

import (
	"strings"

	"mailintegration/store"
)

// guideName names an entry of guides: the kind of the problem, or a special case of it.
type guideName string

// The special cases.
const (
	guideExpiry guideName = "certificate expires"
	guideTLS    guideName = "no TLS"

	guideListenExpiry  guideName = "certificate of Listen expires"
	guideListenExpired guideName = "certificate of Listen has expired"

	guideInUse    guideName = "mailbox in use"
	guideSettings guideName = "settings of a mailbox"
	guideNames    guideName = "names"
	guideFile     guideName = "mailbox file"
	guideService  guideName = "service file"
	guideListen   guideName = "Listen of the service file"
	guideOutage   guideName = "database outage"
)

// guide holds what an event tells a person about a kind of trouble. In the texts, SOURCE stands for what the problem is about.
type guide struct {
	title   string   // for the subject, which also names the mailboxes
	what    string   // what happened
	meaning string   // what it means for mail
	steps   []string // what to do; the remedy that the error suggests comes before them
	over    string   // what holds when the trouble is over
	daily   bool     // activities come once a day, not at the short intervals
}

// waits says what becomes of mail while its mailbox cannot be read.
const waits = "Nothing is lost. New mail waits in the mailbox on the mail server and is recorded once the mailbox can be read again. " +
	"Until then nobody sees it here, so an urgent message may be answered late."

// checkStep is the step by which a person learns whether a remedy has helped.
const checkStep = "Run mailintegration check on the machine of the daemon. It tries everything at once, changes nothing, and says what is still wrong."

// listenSteps renew the certificate of Listen.
var listenSteps = []string{
	"Renew the certificate, for the same names, and write it and its key into the files that ListenCertificate and ListenKey name. The daemon " +
		"reads them by itself within seconds; no restart is needed.",
	"If a program renews it, look whether that program also copies the new files to this place, and whether the account of the daemon can read them.",
	checkStep,
}

// guides are the instructions for each kind of trouble and for the special cases.
var guides = map[guideName]guide{
	guideName(store.ProblemUnreachable): {
		title:   "Mail server SOURCE cannot be reached",
		what:    "The daemon cannot reach the mail server SOURCE, or the connection to it breaks off.",
		meaning: waits,
		steps: []string{
			"Find out whether the mail server runs: read mail with another program, or ask its administrator.",
			"If it runs, look at what lies between the daemon and the server: network, firewall, name server.",
			"If the server has moved, correct ServerName and Port in the files of the mailboxes. The daemon reads them by itself.",
			checkStep,
		},
		over: "The mail server SOURCE can be reached again.",
	},
	guideName(store.ProblemLogin): {
		title:   "Mail server SOURCE refuses the log-in",
		what:    "The mail server SOURCE does not accept the user name, the password or the way of logging in.",
		meaning: waits,
		steps: []string{
			"Log in with the same user name and password in a mail program or on the web page of the mail server.",
			"If that fails, the password has changed or expired, or the account is locked: reset it on the mail server, and write the new " +
				"password to Password or PasswordFile.",
			"If that works, POP3 is probably switched off for the account, or Basic authentication for the whole server: ask the " +
				"administrator of the mail server. Exchange Online needs Authentication Azure.",
			checkStep,
		},
		over: "The log-in works again: SOURCE.",
	},
	guideInUse: {
		title:   "Mailbox SOURCE is held by another program",
		what:    "The mail server does not let the daemon read mailbox SOURCE, because another session has it open. POP3 allows one at a time.",
		meaning: waits,
		steps: []string{
			"Find the other program: a mail program of a person, an old scheduled task of MailIntegration, or another MailIntegration with " +
				"another database. It must not read this mailbox.",
			"If nobody reads it, the mail server holds an old session: it usually ends by itself within some minutes. Otherwise ask the " +
				"administrator of the mail server to end it.",
			checkStep,
		},
		over: "Mailbox SOURCE can be read again.",
	},
	guideName(store.ProblemToken): {
		title: "No access token from SOURCE",
		what: "The daemon gets no access token from SOURCE, or a token that the mail server does not want. Without a token it cannot log in " +
			"to the mailboxes.",
		meaning: waits,
		steps: []string{
			"If the mailbox was authorized by a person: that person's password, multi-factor sign-in or a policy may have changed. Run " +
				"mailintegration mailbox authorize NAME and sign in again.",
			"If the application has a secret: look in Microsoft Entra under App registrations, Certificates & secrets, whether it has " +
				"expired. Make a new one and write it to ClientSecret.",
			"Check in Microsoft Entra that the application still has its permissions, with the consent of an administrator.",
			"Check that this machine reaches the token endpoint, through the proxy if there is one.",
			checkStep,
		},
		over: "SOURCE gives access tokens again.",
	},
	guideName(store.ProblemCertificate): {
		title: "Certificate of mail server SOURCE is not valid",
		what: "The daemon does not trust the certificate of the mail server SOURCE. It does not send a password to a server that may be " +
			"another one.",
		meaning: waits,
		steps: []string{
			"Ask the administrator of the mail server whether the certificate was changed or has expired, and have it renewed.",
			"If the certificate is right and comes from your own authority, put the certificate of that authority into the file that " +
				"TrustedCertificate of the mailbox names.",
			"If nobody knows of a change, somebody may be listening in between: do not work around this check.",
			checkStep,
		},
		over: "The certificate of the mail server SOURCE is valid again.",
	},
	guideExpiry: {
		title: "Certificate of mail server SOURCE expires soon",
		what:  "The certificate of the mail server SOURCE ends soon.",
		meaning: "Nothing is wrong yet: mail is read as always. Once the certificate has ended, the mailboxes of this server cannot be read any " +
			"more. The mail then waits on the server until the certificate is renewed.",
		steps: []string{
			"Have the certificate renewed on the mail server before it ends. The new one must be for the same name.",
			"If it renews itself, look why it has not done so: such certificates are usually renewed some weeks before their end.",
			"Have the mail server load the new certificate. Some servers need a restart.",
		},
		over:  "The mail server SOURCE has a certificate that lasts longer.",
		daily: true,
	},
	guideListenExpiry: {
		title: "Certificate SOURCE expires soon",
		what:  "The certificate with which the daemon answers at Listen ends soon: SOURCE.",
		meaning: "Nothing is wrong yet, and mail is not affected at any time. Once the certificate has ended, browsers refuse the page of the daemon, " +
			"and Prometheus gets no metrics any more.",
		steps: listenSteps,
		over:  "The certificate of Listen lasts longer: SOURCE.",
		daily: true,
	},
	guideListenExpired: {
		title:   "Certificate SOURCE has expired",
		what:    "The certificate with which the daemon answers at Listen has ended: SOURCE.",
		meaning: "Mail is read and recorded as always. But browsers refuse the page of the daemon, and Prometheus gets no metrics.",
		steps:   listenSteps,
		over:    "The certificate of Listen is valid again: SOURCE.",
		daily:   true,
	},
	guideName(store.ProblemProtocol): {
		title:   "Mail server SOURCE does not work properly",
		what:    "The mail server SOURCE can be reached, but it reports a problem of its own, refuses a command or breaks the protocol.",
		meaning: waits,
		steps: []string{
			"Give the administrator of the mail server the answers above, and ask for the log of the server at these times.",
			"If a proxy or a virus scanner stands between the daemon and the server, try without it.",
			"If only some mailboxes are affected, the server may have damaged just these: its administrator can repair them.",
			checkStep,
		},
		over: "The mail server SOURCE works again.",
	},
	guideTLS: {
		title:   "No encrypted connection to mail server SOURCE",
		what:    "The daemon and the mail server SOURCE do not agree on encryption (TLS).",
		meaning: waits,
		steps: []string{
			"Check SecureSocketOption and Port of the mailboxes: SslOnConnect belongs to port 995, StartTLS to port 110.",
			"If the server was updated or replaced, ask its administrator which versions of TLS it offers: TLS 1.2 or newer is needed.",
			checkStep,
		},
		over: "Encrypted connections to the mail server SOURCE work again.",
	},
	guideName(store.ProblemLoginDelay): {
		title:   "Mail server SOURCE wants fewer log-ins",
		what:    "The mail server SOURCE refuses log-ins that come too soon after each other.",
		meaning: waits,
		steps: []string{
			"Set a longer Schedule in the files of the mailboxes, such as 5m.",
			"Look for other programs that log in to the same mailboxes, and stop them.",
			"Or ask the administrator of the mail server to allow more log-ins.",
		},
		over: "The mail server SOURCE allows the log-ins again.",
	},
	guideSettings: {
		title:   "Mailbox SOURCE cannot be polled as it is configured",
		what:    "The settings of mailbox SOURCE contradict each other, or do not fit the mail server.",
		meaning: waits,
		steps: []string{
			"Correct the file of the mailbox as the error says. The daemon reads it by itself within some seconds.",
			checkStep,
		},
		over: "The settings of mailbox SOURCE fit again.",
	},
	guideNames: {
		title: "A name in the configuration is not in the database: SOURCE",
		what: "The configuration names something that the database does not have: SOURCE. It was removed or renamed, or the name is " +
			"mistyped.",
		meaning: waits,
		steps: []string{
			"If somebody has removed or renamed it by mistake, add it again.",
			"Or correct the name in the files of the mailboxes. The daemon reads them by itself within some seconds.",
			checkStep,
		},
		over: "The names in the configuration are all in the database.",
	},
	guideFile: {
		title: "Mistake in the configuration file SOURCE",
		what:  "The file SOURCE has mistakes, so that the daemon does not use it.",
		steps: []string{
			"Correct the lines above in the file. All mistakes are listed. The configuration reference (deploy/reference.md) explains every tag.",
			"Save it: the daemon reads it by itself within some seconds. Nothing has to be restarted.",
			checkStep,
		},
		over: "The file SOURCE has no mistakes any more.",
	},
	guideService: {
		title: "Mistake in the service file SOURCE",
		what:  "The service file SOURCE has mistakes, so that the daemon does not use it.",
		meaning: "Mail is read as before: the daemon goes on with the settings that it has. But it would not start again: after a restart, no " +
			"mailbox would be polled until the file is correct.",
		steps: []string{
			"Correct the lines above in the file before anybody restarts the daemon. All mistakes are listed.",
			"Save it: the daemon reads it by itself within some seconds.",
			checkStep,
		},
		over: "The service file SOURCE has no mistakes any more.",
	},
	guideListen: {
		title: "Listen of the service file SOURCE cannot be used",
		what:  "The daemon cannot answer at Listen as the service file SOURCE says. Everything else in the file is used.",
		meaning: "Mail is not affected, not even by a restart. But nobody can open the page or ask for health and metrics; or, if the daemon still " +
			"has an older certificate, nobody can after its next restart.",
		steps: []string{
			"Do what the lines above say.",
			"The daemon tries again by itself within some seconds. Nothing has to be restarted.",
			checkStep,
		},
		over: "The daemon answers as the service file SOURCE says.",
	},
	guideName(store.ProblemAttachmentDirectory): {
		title: "Attachment directory SOURCE cannot be used",
		what:  "The daemon cannot keep files in the attachment directory SOURCE.",
		meaning: "Nothing is lost. Messages with attachments, and those whose original is kept, wait in the mailboxes on the mail servers " +
			"until the directory can be used.",
		steps: []string{
			"Look at the directory from the machine of the daemon, as the account of the daemon: is the share mounted, is the file server " +
				"reachable, is the disk full, is writing allowed?",
			"Mount the share, free space, or give the account of the daemon the right to write. Remove no file by hand from the directory.",
			"If the directory has moved for good, set AttachmentDirectory, copy the files, and run mailintegration attachments adopt.",
			checkStep,
		},
		over: "Files can be kept in the attachment directory SOURCE again.",
	},
	guideName(store.ProblemDisk): {
		title:   "Disk full or not writable on SOURCE",
		what:    "The daemon cannot write messages to its working folder on SOURCE while it reads them from the mail server.",
		meaning: "Nothing is lost. Small messages are recorded as always; messages that need the folder wait in the mailbox on the mail server.",
		steps: []string{
			"Free space on that disk. The daemon keeps nothing there for long: what fills it is something else.",
			"If the disk has space, let the account of the daemon write to the folder, or set SpoolDirectory to another one.",
			checkStep,
		},
		over: "The working folder on SOURCE can be used again.",
	},
	guideName(store.ProblemDatabase): {
		title: "The database refuses to record mail",
		what: "The daemon reaches the database, but the database does not do its work: it refuses to record messages, or another program " +
			"holds what is needed.",
		meaning: waits,
		steps: []string{
			"Give the error above to the administrator of the database. Look at the log of PostgreSQL at these times.",
			"Check that the disk of the database server has space, and that no transaction has been open for long (pg_stat_activity).",
			"If somebody has changed the schema, such as a constraint or a right, take the change back.",
			checkStep,
		},
		over: "The database records mail again.",
	},
	guideOutage: {
		title: "The database could not be used",
		what:  "The database was away, or did not do its work. It is back.",
		meaning: "Nothing was lost. Mail that came in that time waited in the mailboxes on the mail servers, and is recorded now. Events about other " +
			"troubles of that time come now, too.",
		steps: []string{
			"If the outage was planned, there is nothing to do.",
			"Otherwise look at the log of PostgreSQL and of its machine for the reason: a restart, a full disk, too little memory, the network.",
		},
	},
	guideName(store.ProblemClock): {
		title: "The clock of SOURCE is wrong",
		what:  "The clocks of SOURCE and of the database server differ.",
		meaning: "Mail is recorded as always. But times in requests and logs are wrong, and if the difference grows, certificates and access " +
			"tokens are refused, and mailboxes cannot be read.",
		steps: []string{
			"Find out which of the two clocks is wrong: compare both with a clock that you trust.",
			"Switch on the synchronisation of that machine's clock (timedatectl, chronyc tracking, w32tm /query /status), or that of the " +
				"machine that it is a guest of.",
		},
		over: "The clocks of SOURCE and of the database server agree again.",
	},
	guideName(store.ProblemMessage): {
		title: "Messages in mailbox SOURCE cannot be recorded",
		what:  "Some messages in mailbox SOURCE fail at each poll, and stay in the mailbox.",
		meaning: "Nothing is lost. These messages stay on the mail server and are tried again at each poll. All other mail of the mailbox is recorded " +
			"as always.",
		steps: []string{
			"Open the mailbox with a mail program and look for old messages: they are the ones that cannot be recorded.",
			"Read there what the sender wants and record it by hand if it is urgent.",
			"If the error above comes from the mail server, ask its administrator to repair the messages. Otherwise send the error to the " +
				"maintainer of MailIntegration.",
			"Messages that nobody needs can be deleted with the mail program.",
		},
		over: "All messages in mailbox SOURCE are recorded.",
	},
	guideName(store.ProblemSilence): {
		title: "No mail in mailbox SOURCE for an unusual time",
		what:  "Mailbox SOURCE can be read and is empty, although mail used to come in. Nothing has come for an unusual time.",
		meaning: "Perhaps nothing is wrong, and nobody has written. Otherwise mail is lost or goes elsewhere before it reaches this mailbox; " +
			"this program cannot see that.",
		steps: []string{
			"Send a message to the address of the mailbox from outside, and see whether it is recorded here.",
			"If it is not: look for the message in the mail server's log, in its spam folder, in rules that forward or delete, and in other " +
				"programs that read the mailbox.",
			"If the mailbox is not used any more, set Enabled to False in its file, or remove the file.",
			"If nobody wrote, mark this event as processed.",
		},
		over:  "Mail comes to mailbox SOURCE again.",
		daily: true,
	},
	guideName(store.ProblemSMTP): {
		title: "No mail can be sent through SOURCE",
		what: "The daemon cannot send its own mail (answers to people who wrote, notifications of new events) through the mail server SOURCE, " +
			"or not from one of its addresses.",
		meaning: "Nothing is lost. Mail that comes in is read and recorded as always. The answers wait in the database and are sent by themselves " +
			"once the server takes them. A mail that has waited for five days is given up, with an event that says so.",
		steps: []string{
			"Run mailintegration check on the machine of the daemon: it logs in to SOURCE, says from which addresses mail may be sent, and sends nothing.",
			"If user name or password have changed, correct <Smtp> in the service file or in the file of the mailbox. The daemon reads it by itself " +
				"and tries again at once.",
			"If the server refuses the address, let its administrator permit the account to send from it, or set Address and AlwaysUseThisAddress in <Smtp>.",
			"Otherwise give the error to the administrator of the mail server.",
		},
		over: "Mail can be sent through SOURCE again.",
	},
	guideName(store.ProblemProgram): {
		title: "Unexpected error with mailbox SOURCE",
		what:  "Something went wrong with mailbox SOURCE that this program does not know. It is probably a mistake in the program.",
		meaning: "Nothing is lost: the daemon deletes only what it has recorded. The messages that it cannot record wait in the mailbox on the mail " +
			"server.",
		steps: []string{
			"Send the error above and the log of this time to the maintainer of MailIntegration.",
			"If it began with a new version, go back to the one before.",
			"Restart the daemon if urgent mail waits. That does no harm.",
		},
		over: "Mailbox SOURCE is polled without errors again.",
	},
	guideName(store.ProblemLoop): {
		over: "SOURCE has sent nothing for an hour that would count as a loop.",
	},
}

// overOf returns what holds when a problem is over.
func overOf(key store.ProblemKey) string {
	switch {
	case key.Kind == store.ProblemConfiguration:
		return "The configuration is right again: SOURCE."
	case key.Kind == store.ProblemCertificate && strings.HasSuffix(key.Source, ofListen+expiring):
		return guides[guideListenExpiry].over
	case key.Kind == store.ProblemCertificate && strings.HasSuffix(key.Source, ofListen):
		return guides[guideListenExpired].over
	case key.Kind == store.ProblemCertificate && strings.HasSuffix(key.Source, expiring):
		return guides[guideExpiry].over
	}
	return guides[guideName(key.Kind)].over
}
