package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailintegration/config"
)

type configNewCmd struct {
	Opens string `placeholder:"KIND" help:"What a message opens: incident (from people), service-request (from a form), event (from machines)."`

	Server             string `placeholder:"HOST" help:"The POP3 server, perhaps with its port: mail.example.com or mail.example.com:995."`
	TrustedCertificate string `placeholder:"FILE" help:"A PEM file with the certificates to trust for the server, instead of the system's."`
	UserName           string `placeholder:"NAME" help:"The account on the server."`
	PasswordFile       string `placeholder:"FILE" help:"A file that holds the password on its only line. Otherwise the program asks for it in a terminal, or reads it from standard input."`
	KeepPassword       string `placeholder:"WHERE" help:"Keep the password in a file of its own beside the service file (file), in the mailbox file (here), or there encrypted (encrypted)."`
	ClientID           string `name:"client-id" placeholder:"ID" help:"With a mailbox of Microsoft 365: the application (client) identifier."`
	TenantID           string `name:"tenant-id" placeholder:"ID" help:"With a mailbox of Microsoft 365: the directory (tenant) identifier or domain."`

	Login          string `placeholder:"LOGON" help:"The account in whose name the daemon records."`
	Team           string `placeholder:"NAME" help:"The team that the requests belong to."`
	FallbackUser   string `placeholder:"LOGON" help:"The requester when the sender is not known."`
	EnclosingToken string `placeholder:"WORD" help:"With service-request: the word that encloses the block of fields in a message."`
	Group          string `placeholder:"NAME" help:"With event: the group that the events are assigned to."`

	Name     string `placeholder:"NAME" help:"The name of the mailbox, and of its file."`
	Schedule string `placeholder:"WHEN" help:"When the daemon polls the mailbox: 30s, or a cron expression."`
	Disabled bool   `help:"Write the file with Enabled False: the daemon does not poll the mailbox yet."`

	Insecure    bool `help:"Agree to a connection without TLS: anyone on the network can read the password and the mail."`
	Create      bool `help:"Add the team, the group and the users that the database lacks."`
	WriteAnyway bool `help:"Write the file even if the log-in fails, with Enabled False."`
	DryRun      bool `help:"Print the files and write nothing."`
	NoInput     bool `help:"Ask nothing: all answers are flags or defaults."`
}

// Help explains the verb.
func (configNewCmd) Help() string {
	return "The program asks one question after another, and tries the connection and the log-in as soon as it can. An empty line takes the " +
		"answer in brackets, ? explains a question, Ctrl-C ends without writing anything. Each question has a flag; without a terminal, " +
		"all answers are flags. The password is never a flag: other accounts could see it.\n\n" +
		"The file is written at the end, with a comment for each setting. A daemon that runs polls the mailbox within seconds. " +
		"Where there is no service file yet, it is written too. Exit code 4: the log-in failed, and nothing was written."
}

// Run asks the questions and writes the files.
func (c *configNewCmd) Run(e *env) error {
	n := &newMailbox{interview: newInterview(e, c.NoInput), cmd: c, values: map[string]string{}, service: map[string]string{}}
	if err := n.existing(); err != nil {
		return err
	}
	if err := cmp.Or(n.flags(), n.mayWrite()); err != nil {
		return err
	}
	if n.input != nil {
		n.say("This sets up a mailbox. ? explains a question; Ctrl-C ends without writing anything.")
	}
	steps := []func() error{n.purpose, n.connection, n.people, n.naming, n.keeping, n.adding, n.finish}
	if n.input == nil { // all flags that are missing are named before anything is tried
		steps = []func() error{n.purpose, n.people, n.connection, n.complete, n.naming, n.keeping, n.adding, n.finish}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			if n.ctx.Err() != nil {
				return errStopped
			}
			return err
		}
	}
	return nil
}

// newMailbox holds the answers to config new.
type newMailbox struct {
	*interview
	cmd *configNewCmd

	before  *config.Service   // as it was before, nil without a service file
	values  map[string]string // of the mailbox file
	service map[string]string // of the service file, if there is none yet
	known   *knownNames       // what the database has, nil if it cannot be asked

	address  string // of the server, as the person has given it last, "" for none
	password string
	waiting  int // messages in the mailbox
	disabled bool
	encrypts bool // the password is written encrypted

	written time.Time // when the files were
	last    string    // the newest message of a mailbox that had the name before, "" for none

	names [][]string // verbs that add what the database lacks
	steps []string   // what remains to be done afterwards
}

// existing reads the configuration that there is.
func (n *newMailbox) existing() error {
	if _, err := os.Stat(n.config); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	service, _, err := config.LoadService(n.config, n.keys())
	if service == nil {
		return err
	}
	n.before = service
	return nil
}

// inEffect returns the service that the mailbox will belong to.
func (n *newMailbox) inEffect() *config.Service {
	if n.before != nil {
		return n.before
	}
	return config.DefaultService("")
}

// about returns a question about a tag of the mailbox file: its words are those of the reference.
func (n *newMailbox) about(tag string, q question) question {
	q.says, q.help = tagSummary(tag), cmp.Or(q.help, tagExplanation(tag))
	check := q.check
	q.check = func(answer string) (string, error) {
		if err := config.Accepts(false, tag, answer); err != nil {
			return "", err
		}
		if check != nil {
			return check(answer)
		}
		return answer, nil
	}
	return q
}

// set asks a question about a tag and keeps the answer.
func (n *newMailbox) set(tag string, q question) error {
	answer, err := n.ask(n.about(tag, q))
	if err == nil && answer != "" {
		n.values[tag] = answer
	}
	return err
}

// The kinds of requests that a mailbox opens, as the questions call them.
const (
	opensIncident       = "incident"
	opensServiceRequest = "service-request"
	opensEvent          = "event"
)

var opensChoices = []string{opensIncident, opensServiceRequest, opensEvent}

// purpose asks what becomes of the messages.
func (n *newMailbox) purpose() error {
	answer, err := n.ask(question{
		flag: "opens", given: n.cmd.Opens, title: "What shall a new message open?", choices: opensChoices,
		otherwise: map[bool]string{true: opensIncident}[n.input != nil],
		says: "incident: people write to the service desk. service-request: a form writes lines such as \"Field: value\". " +
			"event: machines report, such as a monitoring system",
		help: tagExplanation("MessageProcessorTypeName"),
	})
	processor := config.EndUserIncident
	switch answer {
	case opensServiceRequest:
		processor = config.EndUserServiceRequest
	case opensEvent:
		processor = config.Monitoring
	}
	n.values["MessageProcessorTypeName"] = string(processor)
	if err != nil {
		return err
	}
	return errors.Join(
		fits("group", n.cmd.Group, n.opens() == opensEvent, "--opens event"),
		fits("enclosing-token", n.cmd.EnclosingToken, n.opens() == opensServiceRequest, "--opens service-request"),
		fits("fallback-user", n.cmd.FallbackUser, n.opens() != opensEvent, "--opens incident or service-request"),
	)
}

// fits returns an error if a flag is given that the other answers leave without effect.
func fits(flag, given string, hasEffect bool, with string) error {
	if given == "" || hasEffect {
		return nil
	}
	return &failure{code: exitUsage, err: fmt.Errorf("--%s is only for %s", flag, with), hint: "leave --" + flag + " out"}
}

// opens returns the kind of requests.
func (n *newMailbox) opens() string {
	switch config.Processor(n.values["MessageProcessorTypeName"]) {
	case config.EndUserServiceRequest:
		return opensServiceRequest
	case config.Monitoring:
		return opensEvent
	}
	return opensIncident
}

// people asks for the names in the database.
func (n *newMailbox) people() error {
	n.known = n.askDatabase()
	if err := n.author(); err != nil {
		return err
	}
	switch n.opens() {
	case opensEvent:
		return n.set("Group", question{flag: "group", given: n.cmd.Group, title: "Group", optional: true})
	case opensServiceRequest:
		if err := n.set("NewSRBodyEnclosingToken", question{
			flag: "enclosing-token", given: n.cmd.EnclosingToken, title: "Word around the block of fields", otherwise: "CreateSR",
		}); err != nil {
			return err
		}
	}
	return n.set("IncidentFallbackUserLogon", question{
		flag: "fallback-user", given: n.cmd.FallbackUser, title: "Logon for unknown senders", otherwise: "unknown",
	})
}

// author asks for Login and Team, unless the service file says them and nothing else is wanted.
func (n *newMailbox) author() error {
	var of config.Service
	if n.before != nil {
		of = *n.before
	}
	teams := n.known.teamNames()
	team := question{flag: "team", given: n.cmd.Team, title: "Team", otherwise: of.Team}
	if len(teams) > 0 {
		team.title = "Team, such as " + strings.Join(teams[:min(len(teams), 8)], ", ")
	}
	if of.Team == "" && len(teams) == 1 {
		team.otherwise = teams[0]
	}
	login := question{flag: "login", given: n.cmd.Login, title: "Logon of the daemon's account", otherwise: cmp.Or(of.Login, "mailintegration")}
	if of.Team != "" && len(teams) < 2 && team.given == "" {
		team.given = of.Team
	}
	if of.Login != "" && login.given == "" {
		login.given = of.Login
	}
	if err := n.set("Team", team); err != nil {
		return err
	}
	if err := n.set("Login", login); err != nil {
		return err
	}
	for tag, ofService := range map[string]string{"Team": of.Team, "Login": of.Login} {
		if n.before == nil {
			n.service[tag] = n.values[tag]
		}
		if n.before == nil || strings.EqualFold(n.values[tag], ofService) {
			delete(n.values, tag) // the service file says it
		}
	}
	return nil
}

// naming asks for the name and the schedule.
func (n *newMailbox) naming() error {
	if err := n.set("Name", question{flag: "name", given: n.cmd.Name, title: "Name of the mailbox", otherwise: n.freeName(), check: n.checkName}); err != nil {
		return err
	}
	return n.set("Schedule", question{flag: "schedule", given: n.cmd.Schedule, title: "Schedule", otherwise: "30s"})
}

// freeName returns a name for the mailbox, from its account.
func (n *newMailbox) freeName() string {
	local, _, _ := strings.Cut(n.values["UserName"], "@")
	local = local[strings.LastIndexByte(local, '\\')+1:]
	name := strings.Trim(strings.Map(func(r rune) rune {
		if isFileName(r) {
			return r
		}
		return '-'
	}, local), "-.")
	if name == "" {
		name = "mailbox"
	}
	free := name
	for i := 2; ; i++ {
		if _, err := n.checkName(free); err == nil || i > 100 {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, i)
	}
}

// isFileName reports whether a character may stand in the name of a file on every system.
func isFileName(r rune) bool {
	return r > ' ' && !strings.ContainsRune(`<>:"/\|?*`, r)
}

// checkName returns an error if a mailbox has the name already, or if no file or no command can have it. The loader takes a name
// that begins with a hyphen all the same: a mailbox that has one goes on being polled.
func (n *newMailbox) checkName(name string) (string, error) {
	if strings.ContainsFunc(name, func(r rune) bool { return !isFileName(r) && r != ' ' }) || strings.Trim(name, " .") != name {
		return "", fmt.Errorf("%s cannot be the name of a file", shownAnswer(name))
	}
	if strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("%s begins with -, so commands would take it for a flag", shownAnswer(name))
	}
	edit := asTyped("config", "edit", name) + " changes it; choose another name for a new mailbox"
	if n.before != nil {
		isTaken := func(m *config.Mailbox) bool { return strings.EqualFold(m.Name, name) }
		if slices.ContainsFunc(n.before.Mailboxes, isTaken) || brokenNamed(n.before, name) != nil {
			return "", fmt.Errorf("a mailbox is named %s already (%s)", name, edit)
		}
	}
	if _, err := os.Lstat(n.target(name)); err == nil {
		return "", fmt.Errorf("the file %s exists already (%s)", n.target(name), edit)
	}
	return name, nil
}

// target returns the path of the file of a mailbox: in the folder that the service file names.
func (n *newMailbox) target(name string) string {
	folder := "mailboxes"
	if n.before != nil {
		for _, pattern := range n.before.MailboxFiles {
			if base := filepath.Base(pattern); base == "*.xml" || base == "*" {
				folder = filepath.Dir(pattern)
				break
			}
		}
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(filepath.Dir(n.config), folder)
	}
	return filepath.Join(folder, name+".xml")
}

// keeping asks where the password is kept, and what the first poll does.
func (n *newMailbox) keeping() error {
	n.disabled = n.disabled || n.cmd.Disabled
	if n.waiting > 0 && !n.disabled && n.input != nil {
		record, err := n.confirm("Record them at the first poll?", fmt.Sprintf("%s in the mailbox: the daemon records each of them, and then "+
			"deletes it there. no: the file is written with Enabled False, so that you can look at the mailbox first", plural(n.waiting, "message")), true)
		if err != nil {
			return err
		}
		n.disabled = !record
	}
	if n.disabled {
		n.values["Enabled"] = "False"
	}
	if n.password == "" {
		return nil
	}
	otherwise := "file"
	if ring, err := openKeys(n.keys()); err == nil && ring != nil { // the other passwords are encrypted
		otherwise = keepEncrypted
	}
	where, err := n.ask(question{
		flag: "keep-password", given: n.cmd.KeepPassword, title: "Keep the password", choices: keepChoices, otherwise: otherwise,
		says: "file: in a file of its own, " + n.secretFile() + ". here: in the mailbox file. encrypted: in the mailbox file, where only the key in " +
			n.keys().File + " decrypts it. Only root and the daemon can read any of these files",
	})
	switch where {
	case "file":
		n.values["PasswordFile"] = n.secretFile()
	default:
		n.values["Password"], n.encrypts = n.password, where == keepEncrypted
	}
	return err
}

// keepEncrypted is the answer with which the password is encrypted.
const keepEncrypted = "encrypted"

var keepChoices = []string{"file", "here", keepEncrypted}

// secretFile returns the path of the file for the password.
func (n *newMailbox) secretFile() string {
	path, err := filepath.Abs(filepath.Join(filepath.Dir(n.config), "secrets", n.values["Name"]))
	if err != nil {
		return filepath.Join(filepath.Dir(n.config), "secrets", n.values["Name"])
	}
	return path
}
