package service

import (
	"context"

	kardianos "github.com/kardianos/service"
	"golang.org/x/sys/windows"
)

// Name is the name of the service.
const Name = "MailIntegration"

// windowsService is the service of the service manager of Windows.
type windowsService struct {
	options Options
	service kardianos.Service
}

// mayManage returns ErrNotAdministrator unless this process has the rights of an administrator.
func mayManage() error {
	if windows.GetCurrentProcessToken().IsElevated() {
		return nil
	}
	return &Error{ErrNotAdministrator, "only an administrator can change the service", "run it in a terminal that was started as administrator"}
}

// newBackend returns the service of the service manager of Windows.
func newBackend(o Options) (backend, error) {
	s, err := kardianos.New(nil, &kardianos.Config{
		Name: Name, DisplayName: "MailIntegration", Description: "Reads mailboxes over POP3 and records each message in PostgreSQL.",
		Executable: o.Executable, Arguments: []string{"--config", o.Config, "run", "--service"}, UserName: o.Account,
	})
	return &windowsService{o, s}, err
}

// Install implements backend.
func (w *windowsService) Install(context.Context) (Result, error) {
	return Installed, w.service.Install()
}

// Uninstall implements backend.
func (w *windowsService) Uninstall(context.Context) (Result, error) {
	return Removed, w.service.Uninstall()
}

// Start implements backend.
func (w *windowsService) Start(context.Context) (Result, error) { return Started, w.service.Start() }

// Stop implements backend.
func (w *windowsService) Stop(context.Context) (Result, error) { return Stopped, w.service.Stop() }

// Restart implements backend.
func (w *windowsService) Restart(context.Context) (Result, error) {
	return Restarted, w.service.Restart()
}

// Status implements backend.
func (w *windowsService) Status(context.Context) (Status, error) {
	state, err := w.service.Status()
	switch {
	case err != nil:
		return Status{State: StateNotInstalled}, nil
	case state == kardianos.StatusRunning:
		return Status{State: StateRunning, Unit: Name}, nil
	}
	return Status{State: StateStopped, Unit: Name}, nil
}

// run runs the daemon plainly.
func run(ctx context.Context, _ bool, daemon func(context.Context, Manager) error) error {
	return daemon(ctx, Unmanaged{})
}
