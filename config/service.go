package config

// Service is what the service file says, with the mailboxes that it names. Its embedded structs are sections, as those
// of Mailbox are.
type Service struct {
	File string // path of the file, "" for DefaultService

	Storage    `section:"Where records and files are kept"`
	Polls      `section:"Mailboxes and their polls"`
	Throughput `section:"How much at once"`
	Logging    `section:"Logging"`

	Mailboxes []*Mailbox // those without mistakes, enabled or not, in the order of their files
}

// Storage says where the daemon keeps things. Its paths are absolute once loaded.
type Storage struct {
	DatabaseURL         Secret `xml:"Database" check:"database" otherwise:"a private PostgreSQL in DataDirectory" example:"host=db.example.com dbname=mailintegration user=mailintegration sslmode=verify-full" doc:"The PostgreSQL server, as libpq understands it. A password is better kept in the file that PGPASSFILE names."`
	DataDirectory       string `xml:"DataDirectory" check:"path" otherwise:"/var/lib/mailintegration, on Windows %ProgramData%\\MailIntegration" example:"/srv/mailintegration" doc:"Folder of everything that the daemon keeps beside the database."`
	AttachmentDirectory string `xml:"AttachmentDirectory" check:"path" otherwise:"attachments in DataDirectory" example:"/mnt/share/attachments" doc:"Folder of the attachments; a network path, often."`
	SpoolDirectory      string `xml:"SpoolDirectory" check:"path" otherwise:"spool in DataDirectory" example:"/var/spool/mailintegration" doc:"Folder in which large messages lie while they are read. The daemon makes it, for its own account alone. It must have room for MaxConcurrentPolls messages of MaxMessageSize."`

	Retention Retention `xml:"Retention" check:"retention" default:"Days 400" example:"Days 3650" doc:"For how long receipts, and the originals of refused and ignored messages, are kept after the message was last seen in its mailbox. A message that comes back later, from a backup of the mail server, is recorded again."`
}

// Polls says which mailboxes there are and what holds for all of them.
type Polls struct {
	MailboxFiles []string `xml:"Mailboxes" repeats:"yes" default:"mailboxes/*.xml" example:"mailboxes/*.xml" doc:"Mailbox files: names or patterns with *, with commas between them, relative to the folder of this file. The tag may be given several times. A file that is named must exist; a pattern that finds none is a warning."`
	Login        string   `xml:"Login" example:"mailintegration" doc:"Login of the mailboxes that name none."`
	Team         string   `xml:"Team" example:"IT Montreal" doc:"Team of the mailboxes that name none."`
}

// Throughput bounds what the daemon does at once.
type Throughput struct {
	MaxConcurrentPolls int `xml:"MaxConcurrentPolls" check:"count 1-256" default:"4" example:"8" doc:"How many mailboxes are polled at the same time."`
	MessagesPerSession int `xml:"MessagesPerSession" check:"count 1-100000" default:"1000" example:"200" doc:"After so many messages a session ends and the next begins, so that deletions take effect early."`
	BatchMessages      int `xml:"BatchMessages" check:"count 1-1000" default:"50" example:"100" doc:"At most so many messages are recorded in one transaction."`
}

// Level is how much is logged.
type Level string

// The values of LogLevel.
const (
	LevelDebug Level = "debug"
	LevelInfo  Level = "info"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// Logging says what is logged and where.
type Logging struct {
	LogLevel     Level  `xml:"LogLevel" check:"enum debug|info|warn|error" default:"info" example:"debug" doc:"The least important lines that are logged."`
	LogDirectory string `xml:"LogDirectory" check:"path" otherwise:"no log files: the log goes to standard error" example:"/var/log/mailintegration" doc:"Folder of the daemon's log files, MailIntegrationApp_YYYYMMDD_HHMMSS.log: a new one for each run and day, in JSON."`
}
