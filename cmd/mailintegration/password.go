package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"mailintegration/store"
)

type userSetPasswordCmd struct {
	Logon        string `arg:"" help:"The logon of the user."`
	PasswordFile string `placeholder:"FILE" help:"A file that holds the password on its only line. Otherwise the program asks for it in a terminal, or reads it from standard input."`
}

// Run sets the password of a user. It is never an argument: other accounts of the machine could see it there.
func (c *userSetPasswordCmd) Run(e *env) error {
	password, err := c.read(e)
	if err != nil {
		return err
	}
	return change(e, func(s *store.Store) (string, error) {
		return "password of user " + c.Logon + " set", unknownUser(s.SetPassword(e.ctx, c.Logon, password))
	})
}

// read reads the password from where the person wants to give it. Call it before the configuration is loaded: only root may be
// able to read the file, see openMessages.
func (c *userSetPasswordCmd) read(e *env) (string, error) {
	switch {
	case c.PasswordFile != "":
		f, err := e.openGiven(c.PasswordFile, "a file with the password on its only line")
		if err != nil {
			return "", err
		}
		defer f.Close()
		return readPassword(f)
	case isTerminalInput(e.stdin):
		return askPassword(e, e.stdin.(*os.File))
	}
	return readPassword(e.given())
}

type userRemovePasswordCmd struct {
	Logon string `arg:"" help:"The logon of the user."`
}

// Run removes the password of a user, who can no longer call the program with the command line of Octopus.
func (c *userRemovePasswordCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		removed, err := s.RemovePassword(e.ctx, c.Logon)
		if err == nil && !removed {
			return "user " + c.Logon + " has no password", nil
		}
		return "password of user " + c.Logon + " removed", unknownUser(err)
	})
}

// unknownUser adds to the error about a logon that no user has where the logons are.
func unknownUser(err error) error {
	if !errors.Is(err, store.ErrUnknown) {
		return err
	}
	return &failure{code: exitFailed, err: err, hint: "mailintegration user list shows the logons; add one with mailintegration user add"}
}

// isTerminalInput reports whether a person types at r.
func isTerminalInput(r io.Reader) bool {
	f, is := r.(*os.File)
	return is && term.IsTerminal(int(f.Fd()))
}

// maxPasswordLine limits how much is read for a password.
const maxPasswordLine = 64 << 10

// errTwoPasswords says that the input does not hold one line.
var errTwoPasswords = &failure{
	code: exitUsage, err: errors.New("the password has more than one line"), hint: "give a file, or an input, that holds the password on its only line",
}

// readPassword reads the only line of r, without the byte order mark that Windows puts before it.
func readPassword(r io.Reader) (string, error) {
	octets, err := io.ReadAll(io.LimitReader(r, maxPasswordLine))
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(bytes.TrimPrefix(octets, []byte("\xEF\xBB\xBF"))), "\r\n")
	if strings.ContainsAny(line, "\r\n") {
		return "", errTwoPasswords
	}
	return line, nil
}

// askPassword asks for the password twice, without showing it.
func askPassword(e *env, terminal *os.File) (string, error) {
	first, err := ask(e, terminal, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask(e, terminal, "Again: ")
	if err == nil && first != second {
		err = &failure{code: exitFailed, err: errors.New("the two passwords differ; nothing was changed"), hint: "type the same password twice"}
	}
	return first, err
}

// errUntyped says that the person has ended the input instead of a password, as with Ctrl-D.
var errUntyped = &failure{
	code: exitFailed, err: errors.New("the password was not typed to its end; nothing was changed"), hint: "run this again, and end the password with Enter",
}

// ask asks for one line that the terminal does not show. If the program is stopped meanwhile, the terminal shows again what is
// typed. At the end of the input, the error is errUntyped.
func ask(e *env, terminal *os.File, prompt string) (string, error) {
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", err
	}
	if err := hideTyped(int(terminal.Fd())); err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(terminal.Fd()), before) }() // a terminal that has gone needs no echo
	fmt.Fprint(e.stderr, prompt)
	defer fmt.Fprintln(e.stderr)
	line, err := unlessStopped(e.ctx, func() (string, error) { return readHidden(terminal) })
	if errors.Is(err, io.EOF) {
		return "", errUntyped
	}
	return line, err
}
