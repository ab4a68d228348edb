package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line. A verb's Run method gets the env; what it returns decides the exit code.
type cli struct {
	Config string `short:"c" placeholder:"FILE" env:"MAILINTEGRATION_CONFIG" default:"${config}" help:"The service configuration file (${config})."`

	Run     runCmd     `cmd:"" help:"Poll every mailbox at its schedule, in the foreground, until stopped: what the service runs."`
	Once    onceCmd    `cmd:"" help:"Poll each mailbox once, or those named, and exit."`
	Demo    demoCmd    `cmd:"" help:"A whole installation to look at: database, mail server, sample mail, the daemon, the result."`
	Explain explainCmd `cmd:"" help:"Say what would be decided for a message, and why. Changes nothing."`
	Replay  replayCmd  `cmd:"" help:"Record a message for real: one from a file, as if it had been in the mailbox, or one that was set aside."`
	Check   checkCmd   `cmd:"" help:"Check configuration, database, directories, and the token, log-in and certificate of each mailbox. Changes nothing."`
	Mailbox mailboxCmd `cmd:"" help:"The mailboxes that are polled."`
	DB      dbCmd      `cmd:"" name:"db" help:"The database schema."`
	Request requestCmd `cmd:"" help:"Show incidents, service requests and events."`
	Event   eventCmd   `cmd:"" help:"Show events."`

	Attachments attachmentsCmd `cmd:"" help:"The attachment directory."`

	Team     teamCmd     `cmd:"" help:"Teams: separate configurations in one database."`
	User     userCmd     `cmd:"" help:"Users and their mail addresses."`
	Group    groupCmd    `cmd:"" help:"Support groups of a team."`
	Site     siteCmd     `cmd:"" help:"Sites users work at."`
	Priority priorityCmd `cmd:"" help:"Priorities of a team."`
	Source   sourceCmd   `cmd:"" help:"Sources of requests of a team."`

	RequestType requestTypeCmd `cmd:"" help:"Service request types of a team: what users can ask for."`

	Version versionCmd `cmd:"" help:"Print the version."`
}

// env is what a verb has of the world.
type env struct {
	ctx            context.Context
	config         string // path of the service configuration file
	stdin          io.Reader
	stdout, stderr io.Writer

	account string // whom this process works as, having been root's; see leaveRoot
	owned   string // the data directory of that account
}

// run runs the command line args and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	out, errs := &terminal{to: stdout}, &terminal{to: stderr}
	defer out.flush()
	defer errs.flush()
	stdout, stderr = out, errs
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("mailintegration"),
		kong.Description("Reads mailboxes over POP3 and records each message in PostgreSQL exactly once.\n\n"+exitCodes),
		kong.Vars{"config": defaultConfig()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
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
	e := &env{ctx: ctx, config: c.Config, stdin: stdin, stdout: stdout, stderr: stderr}
	return report(stderr, e.explainDenial(verb.Run(e)))
}

// usageError turns what kong says of a command line into a failure that names the help to read.
func usageError(err error) error {
	hint := "mailintegration --help"
	if pe := new(kong.ParseError); errors.As(err, &pe) && pe.Context != nil && pe.Context.Selected() != nil {
		hint = fmt.Sprintf("mailintegration %s --help", pe.Context.Selected().Path())
	}
	return &failure{code: exitUsage, err: err, hint: hint}
}
