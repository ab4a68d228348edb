package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/jackc/pgx/v5/pgconn"
)

type dbExecCmd struct {
	Program []string `arg:"" passthrough:"" help:"The program, such as pg_dump, pg_restore or psql, and its arguments."`
}

// Help returns the text that --help prints before the flags.
func (dbExecCmd) Help() string {
	return "The private PostgreSQL listens at no port, and its passwords are random. This verb starts it if it does not run, sets PGHOST, " +
		"PGPORT, PGUSER, PGPASSWORD and PGDATABASE, and runs the program as the account that owns the data directory. So a backup " +
		"is mailintegration db exec pg_dump -Fc > mail.dump, beside the running daemon too."
}

// Run runs a program with the private PostgreSQL.
func (c dbExecCmd) Run(e *env) error {
	return withDatabase(e, (*installation).privateURL, func(url string) error {
		at, err := pgconn.ParseConfig(url)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(e.ctx, c.Program[0], c.Program[1:]...)
		cmd.Env = append(os.Environ(), "PGHOST="+at.Host, fmt.Sprint("PGPORT=", at.Port), "PGUSER="+at.User, "PGPASSWORD="+at.Password,
			"PGDATABASE="+at.Database)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = e.stdin, untouched(e.stdout), untouched(e.stderr)
		return c.explain(cmd.Run())
	})
}

// explain returns the error of the program, with what a person can do.
func (c dbExecCmd) explain(err error) error {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return &failure{
			code: exitFailed, err: err,
			hint: "install PostgreSQL's client programs, or name the program with its folder, such as /usr/lib/postgresql/15/bin/pg_dump",
		}
	case errors.As(err, &exit):
		return fmt.Errorf("%s failed: %w", c.Program[0], err)
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
