package service

import "errors"

// The errors that callers tell apart. Each comes as an Error with a hint.
var (
	ErrNoManager          = errors.New("no service manager")
	ErrNotAdministrator   = errors.New("not an administrator")
	ErrInstalledOtherwise = errors.New("installed otherwise")
	ErrNotInstalled       = errors.New("not installed")
	ErrStopTooSlow        = errors.New("stop too slow")
)

// Error is an error of the service manager, or of the installation, for a person.
type Error struct {
	err  error // which errors.Is finds
	text string
	Hint string // what to do, "" if nothing is known
}

// Error implements error.
func (e *Error) Error() string { return e.text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// noManager returns the error of a system without a service manager.
func noManager() error {
	return &Error{
		ErrNoManager, "this system has no service manager that this program knows, which are systemd and that of Windows",
		"let whatever starts programs here run mailintegration run, and end it with SIGTERM",
	}
}

// notInstalled returns the error of a service that is not installed.
func notInstalled() error {
	return &Error{ErrNotInstalled, "the service is not installed", "run mailintegration service install"}
}
