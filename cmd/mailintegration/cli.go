package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/alecthomas/kong"

	"mailintegration/cmd/mailintegration/octopus"
)

// cli is the command line. The Run method of a verb gets the env; the error that it returns decides the exit code.
type cli struct {
	Config string `short:"c" placeholder:"FILE" env:"MAILINTEGRATION_CONFIG" default:"${config}" help:"The service file (${config})."`

	PrintVersion versionFlag `name:"version" help:"Print the version, as the verb version does."`

	Run      runCmd      `cmd:"" help:"Poll every mailbox at its schedule, in the foreground, until stopped: the daemon."`
	Once     onceCmd     `cmd:"" help:"Poll each mailbox once, or only the named ones, and exit."`
	Demo     demoCmd     `cmd:"" help:"Show a whole installation: database, mail server, sample messages, the daemon, the result."`
	Explain  explainCmd  `cmd:"" help:"Print what would be decided about a message, and why. Changes nothing."`
	Replay   replayCmd   `cmd:"" help:"Record a message for real: from a file, or one that was set aside."`
	Check    checkCmd    `cmd:"" help:"Check configuration, database, directories and each mailbox; say what to do. Changes nothing."`
	Settings configCmd   `cmd:"" name:"config" help:"Show, validate and explain the configuration."`
	Status   statusCmd   `cmd:"" help:"Sum up database, daemons and mailboxes in a screen; exit code 0 only if all is well."`
	Health   healthCmd   `cmd:"" help:"Ask the running daemon how it is, for scripts and container probes; exit code 0 only if it is well."`
	Mailbox  mailboxCmd  `cmd:"" help:"List the mailboxes and their state; test one; authorize one of Microsoft 365."`
	DB       dbCmd       `cmd:"" name:"db" help:"Show or migrate the schema of the database."`
	Backup   backupCmd   `cmd:"" help:"Write the database and the attachments to one archive, beside the running daemon."`
	Restore  restoreCmd  `cmd:"" help:"Restore such an archive into an empty database, or only verify it."`
	Request  requestCmd  `cmd:"" help:"Show incidents, service requests and events; resolve, close, reopen and assign them."`
	SetAside setAsideCmd `cmd:"" name:"setaside" help:"List, show, export, replay and discard messages that could not be recorded."`
	Event    eventCmd    `cmd:"" help:"Show events; mark them as processed."`
	Message  messageCmd  `cmd:"" help:"List and show what became of messages, also of those that were ignored or refused."`

	Logs logsCmd `cmd:"" help:"Show the daemon's log, list and remove its files."`

	Attachment  attachmentCmd  `cmd:"" help:"Write attachments of requests to files."`
	Attachments attachmentsCmd `cmd:"" help:"Make the attachment directory this database's."`

	Template templateCmd `cmd:"" help:"Show, check and save the texts of the mail that is sent."`

	Team     teamCmd     `cmd:"" help:"Add, change and list teams: separate configurations in one database."`
	User     userCmd     `cmd:"" help:"Add, import and list users and their mail addresses; notify them of new events."`
	Group    groupCmd    `cmd:"" help:"Add and list the support groups of a team."`
	Site     siteCmd     `cmd:"" help:"Add and list the sites where users work."`
	Priority priorityCmd `cmd:"" help:"Add and list the priorities of a team."`
	Source   sourceCmd   `cmd:"" help:"Add and list the sources of a team's requests."`

	RequestType requestTypeCmd `cmd:"" help:"Add and list the service request types of a team: what users can ask for."`

	Service serviceCmd `cmd:"" help:"Install, start, stop and remove the daemon as a service of systemd or Windows; show its state."`

	Page pageCmd `cmd:"" help:"Create, list and revoke the tokens that people log in to the daemon's page with."`

	Support supportCmd `cmd:"" help:"Collect what somebody needs who helps you."`

	Reference  referenceCmd  `cmd:"" help:"Print the reference of the configuration, the log, the metrics or the database."`
	Completion completionCmd `cmd:"" help:"Print the completions of the command line for a shell."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// env holds everything that a verb gets from outside: the context, the path of the service file, and its input and output.
type env struct {
	ctx            context.Context
	config         string // path of the service file
	stdin          io.Reader
	stdout, stderr io.Writer
	systemLog      func() systemSender // nil: the log does not go to the system log
	resolver       *net.Resolver       // for checks of a server's name, nil for the system's
	inTerminal     bool                // the log went to a terminal when the program began; the terminal may have closed since

	account string // the account that root's process became, "" when it became none; see leaveRoot
	owned   string // the data directory of that account
}

// run runs the command line args and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program, whatever it waits for
	out, errs := &terminal{to: stdout}, &terminal{to: stderr}
	defer out.flush()
	defer errs.flush()
	stdout, stderr = out, errs
	e := &env{
		ctx: ctx, config: defaultConfig(), stdin: stdin, stdout: stdout, stderr: stderr,
		systemLog: newSystemSender, inTerminal: isTerminal(stderr),
	}
	if octopus.Speaks(os.Args[0], args) {
		return report(stderr, e.explainDenial(runOriginal(e, args)))
	}
	exited := -1
	var c cli
	parser, err := newParser(&c, kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }))
	if err != nil {
		return report(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	verb, err := parser.Parse(args)
	if exited >= 0 { // --help was printed
		return exited
	}
	if err != nil {
		return report(stderr, usageError(err))
	}
	e.config = c.Config
	return report(stderr, e.explainMissing(e.explainDenial(verb.Run(e))))
}

// firstSteps names the verbs to begin with, before the list of all verbs.
const firstSteps = "Begin with demo, which shows an installation. config new sets up a mailbox,\n" +
	"check says what is missing, run polls, and status says how it goes."

// newParser returns the parser of the command line, which fills c.
func newParser(c *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append(options,
		kong.Name("mailintegration"),
		kong.Description("Reads mailboxes over POP3 and records each message in PostgreSQL exactly once.\n\n"+firstSteps+"\n\n"+exitCodes),
		kong.Vars{"config": defaultConfig()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)...)
}

// notANumber matches kong's error about a number, which names the type that the program keeps it in.
var notANumber = regexp.MustCompile(`^(.*): expected a valid \d+ bit u?int but got (".*")$`)

// usageError turns kong's error about a command line into a failure that names the help to read.
func usageError(err error) error {
	hint := "run mailintegration --help"
	text := notANumber.ReplaceAllString(err.Error(), "$1: $2 is not a whole number")
	if pe := new(kong.ParseError); errors.As(err, &pe) && pe.Context != nil && pe.Context.Selected() != nil {
		hint = fmt.Sprintf("run mailintegration %s --help", pe.Context.Selected().Path())
	}
	return &failure{code: exitUsage, err: errors.New(text), hint: hint}
}
