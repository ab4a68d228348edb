package service

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Options says what is installed, and with which rights. Paths are absolute.
type Options struct {
	Executable  string   // the program
	Config      string   // the service file
	Account     string   // which runs the daemon; "": the account that is made for it
	Writes      []string // directories in which the account must be able to write
	Reads       []string // files and directories that the account must be able to read
	Credentials string   // the directory with a file for each secret, which only root can read; "": the default one
	Replace     bool     // install even if the service is another program's, or has another service file
}

// Service is the daemon as a service of this system.
type Service struct{ backend }

// backend is a service manager. Its methods wait until the service has reached the state, or ctx ends.
type backend interface {
	// Install installs the service and makes it start with the system. If it is installed already, Install brings it up to
	// date, so that the next start uses it. It returns Installed, Updated or Unchanged.
	Install(ctx context.Context) (Result, error)
	// Uninstall stops the service and removes it. Configuration, data and account stay. It returns Removed or Unchanged.
	Uninstall(ctx context.Context) (Result, error)
	// Start starts the service. It returns Started or Unchanged.
	Start(ctx context.Context) (Result, error)
	// Stop stops the service. It returns Stopped or Unchanged.
	Stop(ctx context.Context) (Result, error)
	// Restart stops the service if it runs, and starts it. It returns Restarted or Started.
	Restart(ctx context.Context) (Result, error)
	// Status returns the state of the service. Everybody may call it.
	Status(ctx context.Context) (Status, error)
}

// MayManage returns nil if this process may install, start and stop the service. Otherwise it returns ErrNoManager or
// ErrNotAdministrator.
func MayManage() error { return mayManage() }

// New returns the daemon as a service of this system, or ErrNoManager.
func New(o Options) (*Service, error) {
	b, err := newBackend(o)
	if err != nil {
		return nil, err
	}
	return &Service{b}, nil
}

// Result says what a method has done.
type Result string

// The results.
const (
	Installed Result = "installed"
	Updated   Result = "updated" // it was installed, and something of it differed
	Removed   Result = "removed"
	Started   Result = "started"
	Stopped   Result = "stopped"
	Restarted Result = "restarted"
	Unchanged Result = "unchanged" // there was nothing to do
)

// State is the state of the service.
type State string

// The states.
const (
	StateNotInstalled State = "not installed"
	StateStopped      State = "stopped"
	StateStarting     State = "starting"
	StateRunning      State = "running"
	StateReloading    State = "reloading"
	StateStopping     State = "stopping"
	StateRestarting   State = "restarting" // it has failed, and waits for its next start
	StateFailed       State = "failed"     // it has failed, and is not started again
)

// Status describes the service at one moment.
type Status struct {
	State    State     `json:"state"`
	Since    time.Time `json:"since,omitzero"`
	PID      int       `json:"pid,omitempty"`
	Text     string    `json:"text,omitempty"`   // what the daemon said last
	Enabled  bool      `json:"enabled"`          // it starts with the system
	Restarts int       `json:"restarts"`         // how often it was started again after a failure, since it was started
	ExitCode int       `json:"exit_code"`        // of its last process
	Result   string    `json:"result,omitempty"` // why the last process ended, in the words of the service manager
	Failed   string    `json:"failed,omitempty"` // what the service manager could not do before it started the daemon
	Unit     string    `json:"unit,omitempty"`   // the unit file; on Windows the name of the service

	Executable string `json:"executable,omitempty"`
	Config     string `json:"config,omitempty"`
}

// Hint returns what a person does about a service that does not run, "" for one that does.
func (s Status) Hint() string {
	switch s.State {
	case StateRunning, StateReloading:
		return ""
	case StateNotInstalled:
		return "run mailintegration service install"
	case StateStopped:
		return "run mailintegration service start"
	case StateStarting, StateStopping:
		return "run mailintegration service status again in some seconds"
	}
	if hint := failedHints[s.Failed]; hint != "" {
		return hint
	}
	return "run mailintegration check, and read the log: " + logPlace
}

// failedHints are the remedies for Status.Failed.
var failedHints = map[string]string{
	"account":     "run mailintegration service install, which makes the account that is missing",
	"credentials": "run mailintegration service install, which makes the folder of the secrets; each file in it must be readable for root",
	"directories": "read journalctl -u mailintegration: it names the directory that systemd cannot give to the service",
	"program":     "put the program back where the unit expects it, or run mailintegration service install --replace from where it is",
}

// IsRunning reports whether the daemon does its work.
func (s Status) IsRunning() bool { return s.State == StateRunning || s.State == StateReloading }

// String returns the state in words, for a line.
func (s Status) String() string {
	text := string(s.State)
	if s.State != StateRunning && s.Result != "" {
		text += fmt.Sprintf(" (%s, exit code %d)", s.Result, s.ExitCode)
	}
	if s.Text != "" {
		text += "; the daemon says: " + s.Text
	}
	return text
}

// sorted returns the paths in order, each once.
func sorted(paths []string) []string {
	paths = slices.Sorted(slices.Values(paths))
	return slices.Compact(paths)
}
