package manual

import "mailintegration/config/roff"

// description begins the page.
var description = []string{
	"MailIntegration reads the mailboxes of a service desk over POP3 and records each message in PostgreSQL: as an incident, a service " +
		"request, an event, or an activity on an existing request. Every message is in the database exactly once, or still in the " +
		"mailbox. One bad message never holds up another.",
	"The daemon is the verb `run`; a service manager runs it. The other verbs show and change what was recorded, check the " +
		"installation, and manage users, groups and other reference data. The configuration is one service file and a file for each " +
		"mailbox: see `mailintegration.xml`(5).",
	"Root may run every verb. If the data directory belongs to another account, root's process becomes that account, so that " +
		"every file that it writes belongs to it.",
}

// section is a section of the page that no model has.
type section struct {
	title string
	items [][2]string // a term and its explanation; without a term, a paragraph
	code  bool        // each term is a paragraph, and its explanation an example
}

// write writes the section.
func (s section) write(p *roff.Page) {
	for _, item := range s.items {
		switch {
		case s.code:
			p.Paragraph(item[0])
			p.Example(item[1])
		case item[0] == "":
			p.Paragraph(item[1])
		default:
			p.Item(item[0], item[1])
		}
	}
}

// sections follow the verbs.
var sections = []section{
	{title: "Exit status", items: [][2]string{
		{"0", "Done."},
		{"1", "Failed. The line on standard error says why, and a second one, `hint:`, what to do."},
		{"2", "Usage: the command line is wrong."},
		{"3", "Configuration: a file of the configuration has mistakes, or is missing."},
		{"4", "Some mailbox cannot be reached, or was not polled as it should be."},
	}},
	{title: "Signals", items: [][2]string{
		{"SIGTERM, SIGINT", "The daemon finishes the messages in hand, and ends."},
		{"SIGHUP", "The daemon reads its configuration again. It also does so by itself, within seconds after a file changes."},
	}},
	{title: "Environment", items: [][2]string{
		{"MAILINTEGRATION_CONFIG", "The service file, where --config does not name one."},
		{"MAILINTEGRATION_PG_BIN", "The directory of the programs of PostgreSQL (initdb, postgres), for the private PostgreSQL. Without it, " +
			"the program looks in PATH and where packages install them."},
	}},
	{title: "Files", items: [][2]string{
		{"/etc/mailintegration/mailintegration.xml", "The service file."},
		{"/etc/mailintegration/mailboxes/*.xml", "The mailbox files."},
		{"/etc/mailintegration/mailintegration.key", "The key of encrypted passwords, which mailintegration config encrypt makes. Keep a copy " +
			"apart from the other files."},
		{"/etc/mailintegration/credentials/", "Secrets, one in a file, which only root can read. The service gives the file NAME to the " +
			"daemon as /run/credentials/mailintegration.service/secret_NAME, the path for PasswordFile."},
		{"/var/lib/mailintegration/", "The data directory: the private PostgreSQL, attachments, authorizations. Back it up."},
		{"/var/log/mailintegration/", "Log files, where LogDirectory names this directory. The log of the service is in the journal: " +
			"journalctl -u mailintegration."},
		{"/usr/share/doc/mailintegration/", "README.md, the configuration reference, and samples of every kind of file."},
	}},
	{title: "Examples", code: true, items: [][2]string{
		{"Make a team, the account of the daemon and an account for unknown senders, and check everything:",
			"mailintegration team add IT\nmailintegration user add mailintegration --name MailIntegration\n" +
				"mailintegration user add unknown --name \"Unknown sender\"\nmailintegration check"},
		{"Start the service, and see how it is:", "systemctl enable --now mailintegration\nmailintegration status"},
		{"Find out what would become of a message, and why:", "mailintegration explain --mailbox helpdesk message.eml"},
		{"Record the messages of event 4711 after all, once the cause is mended:", "mailintegration setaside replay --event 4711"},
		{"Back up the database and the attachments, and restore them into an empty installation:",
			"mailintegration backup /var/backups/mailintegration\nmailintegration restore --original-stopped mailintegration-20261127-031500.tar"},
		{"See a whole installation with sample messages:", "mailintegration demo"},
	}},
	{title: "See also", items: [][2]string{
		{"", "`mailintegration.xml`(5), `systemctl`(1), `journalctl`(1), and /usr/share/doc/mailintegration/README.md, whose table " +
			"\"When something goes wrong\" explains each message."},
	}},
}
