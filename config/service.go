package config

import "crypto/tls"

// Service is the configuration of the daemon, read from the service file, with the mailboxes that it names. Its
// embedded structs are sections of the reference, as in Mailbox.
type Service struct {
	File string // path of the file, "" from DefaultService

	Storage    `section:"Where records and files are kept"`
	Polls      `section:"Mailboxes and their polls"`
	Throughput `section:"How much at once"`
	Logging    `section:"Logging"`
	Updating   `section:"Updates of the program"`
	Listening  `section:"Health and metrics"`

	// ListenTLS has the chain of ListenCertificate and the key of ListenKey; nil: the daemon answers at Listen without TLS, or
	// not at all if ListenFault says so.
	ListenTLS *tls.Certificate

	// ListenFault says what is wrong with the files of ListenCertificate and ListenKey, nil if nothing is. It concerns Listen
	// alone: mail is read whatever becomes of them.
	ListenFault *Error

	Smtp *Smtp // for the mailboxes that have none; nil: nothing is sent for these

	Mailboxes []*Mailbox // the mailboxes without mistakes, enabled or not, in the order of their files
	Broken    []Broken   // the mailbox files with mistakes, in their order
	Files     []File     // every file that was read, and every file that a mailbox file names: secrets and certificates
}

// Storage says where the daemon keeps its records and files. LoadService makes its paths absolute.
type Storage struct {
	// Says how to reach the PostgreSQL server, as libpq understands it. Prefer the file that PGPASSFILE names for a
	// password, or encrypt the value: mailintegration config encrypt does so if it has a password.
	//
	// Default: a private PostgreSQL in DataDirectory
	DatabaseURL Secret `xml:"Database" check:"database" restart:"yes" example:"host=db.lan dbname=mail user=mail sslmode=verify-full"`

	// Names the folder of everything that the daemon keeps besides the database.
	//
	// Default: /var/lib/mailintegration, on Windows %ProgramData%\MailIntegration
	DataDirectory string `xml:"DataDirectory" check:"path" restart:"yes" example:"/srv/mailintegration"`

	// Names the folder of the attachments, often a network path.
	//
	// Default: attachments in DataDirectory
	AttachmentDirectory string `xml:"AttachmentDirectory" check:"path" restart:"yes" example:"/mnt/share/attachments"`

	// Names the folder in which large messages lie while the daemon reads them. The daemon creates it, for its own
	// account alone. It must have room for MaxConcurrentPolls messages of MaxMessageSize.
	//
	// Default: spool in DataDirectory
	SpoolDirectory string `xml:"SpoolDirectory" check:"path" restart:"yes" example:"/var/spool/mailintegration"`

	// Says how long the daemon keeps receipts, and the originals of refused and ignored messages, after it last saw the
	// message in its mailbox. A message that comes back later, from a backup of the mail server, is recorded again.
	Retention Retention `xml:"Retention" check:"retention 30-36500" default:"Days 400" example:"Days 3650"`
}

// Polls names the mailbox files, and what holds for all of them.
type Polls struct {
	// Lists mailbox files: names or patterns with *, separated by commas, relative to the folder of this file. The tag
	// may be given several times. A named file must exist; a pattern that matches no file is a warning.
	MailboxFiles []string `xml:"Mailboxes" repeats:"yes" default:"mailboxes/*.xml" example:"mailboxes/*.xml"`

	// Gives the Login of mailboxes whose files name none.
	Login string `xml:"Login" example:"mailintegration"`

	// Gives the Team of mailboxes whose files name none.
	Team string `xml:"Team" example:"IT Montreal"`

	// Names the group of Team that gets the events which the daemon opens about itself and its mailboxes.
	//
	// Default: the team's service desk group
	EventGroup string `xml:"EventGroup" check:"name" example:"Infrastructure"`
}

// Updating says what becomes of a daemon whose executable is replaced.
type Updating struct {
	// True: the daemon goes on when its executable is replaced. Otherwise it makes sure that the new one runs, finishes its
	// polls and restarts: the service manager starts the new executable, or in a terminal the process becomes it.
	NoRestartOnUpdate bool `xml:"NoRestartOnUpdate" default:"False" restart:"yes" example:"True"`
}

// Listening says where the daemon tells programs and people how it is.
type Listening struct {
	// Names the address at which the daemon answers over HTTP: /livez and /readyz tell its health, /metrics its numbers for
	// Prometheus; they have no password and tell no mail. Everything else is the page for people, who log in. Without TLS only
	// this machine may ask: the host is 127.0.0.1, [::1] or localhost. With ListenCertificate and ListenKey it may be any address
	// of this machine; 0.0.0.0 and [::] stand for all of them.
	//
	// Default: nowhere
	Listen string `xml:"Listen" check:"listen" example:"127.0.0.1:9464"`

	// Names the PEM file of the certificate with which the daemon speaks TLS at Listen: first the certificate itself, then those
	// that lead to an authority. It must be for the names that browsers and programs ask for. The daemon reads the file again
	// when it changes. While it, or the file of ListenKey, cannot be used, the daemon does not listen; one that runs goes on with
	// the certificate that it has.
	//
	// Default: no TLS
	ListenCertificate string `xml:"ListenCertificate" check:"path" example:"tls/fullchain.pem"`

	// Names the PEM file of the private key of ListenCertificate. The account of the daemon must be able to read it, and nobody
	// else should.
	//
	// Default: no TLS
	ListenKey string `xml:"ListenKey" check:"secretpath" example:"tls/key.pem"`

	// Names the hosts under which browsers reach the page through a proxy of this machine. The proxy must speak TLS, pass
	// Host on, and set X-Forwarded-Proto to https.
	//
	// Default: no proxy
	ListenBehindProxy []string `xml:"ListenBehindProxy" check:"hosts" example:"mail.example.com"`
}

// Throughput limits what the daemon does at once.
type Throughput struct {
	// Limits how many mailboxes the daemon polls at the same time. A poll of an empty mailbox takes a few round trips to
	// its server.
	MaxConcurrentPolls int `xml:"MaxConcurrentPolls" check:"count 1-4096" default:"64" example:"200"`

	// Limits how many sessions the daemon has with one POP3 server, a host and a port, at the same time.
	MaxSessionsPerServer int `xml:"MaxSessionsPerServer" check:"count 1-4096" default:"48" example:"16"`

	// Limits how many connections to the database the daemon opens, whatever the number of mailboxes.
	MaxDatabaseConnections int `xml:"MaxDatabaseConnections" check:"count 2-1000" default:"10" restart:"yes" example:"20"`

	// Ends a session after this many messages and begins the next one, so that deletions take effect early.
	MessagesPerSession int `xml:"MessagesPerSession" check:"count 1-100000" default:"1000" example:"200"`

	// Limits how many messages the daemon records in one transaction.
	BatchMessages int `xml:"BatchMessages" check:"count 1-1000" default:"50" example:"100"`
}

// Level is the least important level that is logged. LogLevel lists its values.
type Level string

// Logging says what the daemon logs, and where.
type Logging struct {
	// Names the least important level that the daemon logs.
	LogLevel Level `xml:"LogLevel" check:"enum debug|info|warn|error" default:"info" example:"debug"`

	// Names the folder of the daemon's log files, MailIntegrationApp_YYYYMMDD_HHMMSS.log: a new one for each run and
	// day, in JSON.
	//
	// Default: no log files: the log goes to standard error
	LogDirectory string `xml:"LogDirectory" check:"path" example:"/var/log/mailintegration"`

	// Says for how many days log files are kept after their last line. The daemon removes older ones whenever it begins a
	// file, but none in which a process writes, and none of another name.
	LogRetention Retention `xml:"LogRetention" check:"retention 1-36500" default:"Days 30" example:"Days 90"`

	// Limits how many log files are kept in LogDirectory: the newest ones stay.
	MaxLogFiles int `xml:"MaxLogFiles" check:"count 1-100000" default:"1000" example:"100"`

	// Limits the size of a log file: a line that would make it larger begins a new file.
	MaxLogFileSize int64 `xml:"MaxLogFileSize" check:"size 64KB-2GB" default:"20MB" example:"100MB"`
}
