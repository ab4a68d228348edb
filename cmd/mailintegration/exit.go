package main

import (
	"errors"
	"fmt"
	"io"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/daemon/monitor"
	"mailintegration/processor/template"
	"mailintegration/store"
)

// The exit codes.
const (
	exitDone          = 0
	exitFailed        = 1
	exitUsage         = 2
	exitConfiguration = 3
	exitUnreachable   = 4
	exitReplaced      = 5 // so that a service manager starts the program again, whatever ends it restarts after
)

const exitCodes = "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration,\n4 some mailbox unreachable, 5 the executable was replaced."

// failure is an error with the exit code of the program and with a hint, the sentence that says what to do. The hint is
// "" when nothing is known.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// errSaid is the failure of another program, which has said what is wrong.
var errSaid = errors.New("another program has failed")

// report prints err and its hint, and returns the exit code. Without an error it prints nothing.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errSaid) {
		return exitFailed
	}
	code, hint := exitFailed, hintOf(err)
	if f := new(failure); errors.As(err, &f) {
		code = f.code
	}
	if mistakes := new(config.Error); errors.As(err, &mistakes) {
		fmt.Fprintln(stderr, mistakes)
		printHint(stderr, hint)
		return exitConfiguration
	}
	msg := err.Error()
	if !isList(err) {
		msg = oneLine(msg)
	}
	fmt.Fprintln(stderr, "mailintegration:", msg)
	printHint(stderr, hint)
	return code
}

func printHint(stderr io.Writer, hint string) {
	if hint != "" {
		fmt.Fprintln(stderr, "hint:", hint)
	}
}

// isList reports whether an error lists mistakes of a file or of a command line of Octopus, one per line.
func isList(err error) bool {
	imported, mistakes, usage := new(store.ImportError), template.Mistakes{}, new(usageOfOriginal)
	return errors.As(err, &imported) || errors.As(err, &mistakes) || errors.As(err, &usage)
}

// hintOf returns what a person can do about err, "" when nothing is known.
func hintOf(err error) string {
	if f := new(failure); errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	if s := new(service.Error); errors.As(err, &s) && s.Hint != "" {
		return s.Hint
	}
	if l := new(monitor.ListenError); errors.As(err, &l) {
		return l.Hint()
	}
	return daemon.Hint(err)
}
