package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"mailintegration/store/postgres"
)

type dbExecCmd struct {
	Program []string `arg:"" passthrough:"" help:"The program, such as pg_dump, pg_restore or createdb, and its arguments."`
}

// Help returns the text that --help prints before the flags.
func (dbExecCmd) Help() string {
	return "The private PostgreSQL listens at no port, and its passwords are random. This verb starts it if it does not run, sets PGHOST, " +
		"PGPORT, PGUSER, PGPASSWORD and PGDATABASE, and runs the program as the account that owns the data directory. So a dump " +
		"is mailintegration db exec pg_dump -Fc > mail.dump, beside the running daemon too. With Database configured, the variables are " +
		"those of that server."
}

// Run runs a program with the database in use.
func (c dbExecCmd) Run(e *env) error {
	return withDatabase(e, (*installation).existingDatabase, func(url string) error {
		return runProgram(e.ctx, e, url, c.Program[0], c.Program[1:])
	})
}

type dbPsqlCmd struct {
	Write bool     `help:"Let the session change data."`
	Args  []string `arg:"" optional:"" passthrough:"" help:"Arguments of psql, behind --, such as -- -c 'SELECT …'."`
}

// Help returns the text that --help prints before the flags.
func (dbPsqlCmd) Help() string {
	return "Looking must not change anything by mistake, so transactions are read-only unless --write is given. That keeps from slips, not " +
		"from intent: a session can switch it off. Programs should read the views of the schema service_desk, not the tables: " +
		"mailintegration db psql -- -c 'SELECT number, subject FROM service_desk.request'. psql is found beside PostgreSQL's server " +
		"programs or in PATH. Its password is in its environment and not on its command line. A pooler may refuse the setting; --write " +
		"works there."
}

// Run runs psql with the database in use.
func (c dbPsqlCmd) Run(e *env) error {
	if _, err := os.Stat(e.config); errors.Is(err, fs.ErrNotExist) && strings.Contains(e.config, " ") { // -c is --config, too
		return &failure{
			code: exitUsage, err: fmt.Errorf("there is no service file %s", e.config),
			hint: "write -- before the options of psql: mailintegration db psql -- -c 'SELECT …'",
		}
	}
	return withDatabase(e, (*installation).existingDatabase, func(url string) error {
		psql, err := postgres.FindProgram(e.ctx, "psql", 0)
		if err != nil {
			return err
		}
		args, more := c.Args, []string(nil)
		if len(args) > 0 && args[0] == "--" { // kong passes it on
			args = args[1:]
		}
		if !c.Write {
			more = append(more, readOnlyOptions(url))
		}
		// An interrupt cancels psql's query, and ends neither psql nor this program, however often it comes.
		interrupts := make(chan os.Signal, 1)
		signal.Notify(interrupts, os.Interrupt)
		defer signal.Stop(interrupts)
		ctx, stop := signal.NotifyContext(context.WithoutCancel(e.ctx), syscall.SIGTERM)
		defer stop()
		if c.Write || isConversation(e, args) {
			return runProgram(ctx, e, url, psql.Path, args, more...)
		}
		watched := *e
		refused := &phraseWatch{to: untouched(e.stderr), phrase: "read-only transaction"}
		watched.stderr = refused
		err = runProgram(ctx, &watched, url, psql.Path, args, more...)
		if refused.seen {
			printHint(e.stderr, "the session is read-only; run mailintegration db psql --write to change data")
		}
		return err
	})
}

// isConversation reports whether a person types statements: psql's answers then go to the terminal as they come.
func isConversation(e *env, args []string) bool {
	return isTerminalInput(e.stdin) && !namesStatements(args)
}

// namesStatements reports whether arguments of psql say what to run, as -c, -f and -Atc do.
func namesStatements(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		short, isShort := strings.CutPrefix(arg, "-")
		long, isLong := strings.CutPrefix(short, "-")
		if isLong {
			return strings.HasPrefix(long, "command") || strings.HasPrefix(long, "file")
		}
		return isShort && strings.ContainsAny(short, "cf")
	})
}

// phraseWatch passes text on, and notes whether a phrase was in it.
type phraseWatch struct {
	to     io.Writer
	phrase string
	seen   bool
	tail   string // the end of the text so far, shorter than the phrase
}

// Write implements io.Writer.
func (w *phraseWatch) Write(p []byte) (int, error) {
	text := w.tail + string(p)
	w.seen = w.seen || strings.Contains(text, w.phrase)
	w.tail = text[max(0, len(text)-len(w.phrase)+1):]
	return w.to.Write(p)
}

// readOnlyOptions returns the environment variable that makes the transactions of a session read-only, beside the options that the
// address or the environment has.
func readOnlyOptions(url string) string {
	options := os.Getenv("PGOPTIONS")
	env, _ := postgres.ClientEnvironment(url) // runProgram returns its error
	for _, variable := range env {
		if value, is := strings.CutPrefix(variable, "PGOPTIONS="); is {
			options = value
		}
	}
	return "PGOPTIONS=" + strings.TrimSpace(options+" -c default_transaction_read_only=on")
}

// runProgram runs one of PostgreSQL's programs with the database at a URL.
func runProgram(ctx context.Context, e *env, url, program string, args []string, more ...string) error {
	env, err := postgres.ClientEnvironment(url)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = slices.Concat(os.Environ(), env, more)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.stdin, untouched(e.stdout), untouched(e.stderr)
	cmd.WaitDelay = stopTimeout // a program that it leaves behind may keep its output open
	return explainProgram(program, cmd.Run())
}

// explainProgram returns the error of a program, with what a person can do.
func explainProgram(program string, err error) error {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return &failure{
			code: exitFailed, err: err,
			hint: "install PostgreSQL's client programs, or name the program with its folder, such as /usr/lib/postgresql/15/bin/pg_dump",
		}
	case errors.As(err, &exit) && exit.Exited():
		return errSaid
	case errors.As(err, &exit):
		return fmt.Errorf("%s failed: %w", filepath.Base(program), err)
	}
	return err
}

// untouched returns the output below a terminal, which would change the octets of a dump.
func untouched(w io.Writer) io.Writer {
	if t, is := w.(*terminal); is {
		return t.to
	}
	return w
}
