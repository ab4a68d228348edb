package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	kardianos "github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// logPlace is where the daemon's log is.
const logPlace = "LogDirectory, or Application in the event viewer"

// Name is the name of the service, and of its source in the event log.
const Name = "MailIntegration"

// defaultAccount is the virtual account of the service: Windows makes it with the service, it has no password and no rights but
// those that Install gives it. On the network it is the computer's account.
const defaultAccount = `NT SERVICE\` + Name

// patience is how long a start or a stop may take.
const patience = 2 * time.Minute

// windowsService is the service of the service manager of Windows.
type windowsService struct{ options Options }

// mayManage returns ErrNotAdministrator unless this process has the rights of an administrator.
func mayManage() error {
	if windows.GetCurrentProcessToken().IsElevated() {
		return nil
	}
	return &Error{ErrNotAdministrator, "only an administrator can change the service", "run it in a terminal that was started as administrator"}
}

// newBackend returns the service of the service manager of Windows.
func newBackend(o Options) (backend, error) {
	o.Account = cmp.Or(o.Account, defaultAccount)
	return &windowsService{o}, nil
}

// Install implements backend.
func (w *windowsService) Install(context.Context) (Result, error) {
	result, err := w.register()
	if err != nil {
		return "", err
	}
	s, err := open(windows.SERVICE_ALL_ACCESS)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if err := w.configure(s); err != nil {
		return "", managerError("configure", err)
	}
	return result, w.giveRights()
}

// register makes the service known to the service manager, or compares the known one with the options.
func (w *windowsService) register() (Result, error) {
	s, err := open(windows.SERVICE_QUERY_CONFIG | windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, ErrNotInstalled) {
		return Installed, w.create()
	}
	if err != nil {
		return "", err
	}
	defer s.Close()
	now, err := settingsOf(s)
	if err != nil {
		return "", err
	}
	if executable, config := command(now.command); !w.options.Replace && !w.isSame(executable, config) {
		return "", &Error{
			ErrInstalledOtherwise, "the service is installed for " + executable + " with the service file " + config,
			"add --replace to replace it",
		}
	}
	if w.isCurrent(now) {
		return Unchanged, nil
	}
	return Updated, nil
}

// create makes the service and the source of its events. kardianos refuses a source that an earlier installation has left.
func (w *windowsService) create() error {
	_ = eventlog.Remove(Name)
	s, err := kardianos.New(nil, &kardianos.Config{
		Name: Name, DisplayName: Name, Executable: w.options.Executable, Arguments: w.arguments(), UserName: w.options.Account,
	})
	if err == nil {
		err = s.Install()
	}
	if err != nil {
		return managerError("install", err)
	}
	return nil
}

// Uninstall implements backend.
func (w *windowsService) Uninstall(ctx context.Context) (Result, error) {
	s, err := open(windows.SERVICE_ALL_ACCESS)
	if errors.Is(err, ErrNotInstalled) {
		return Unchanged, nil
	}
	if err != nil {
		return "", err
	}
	err = stop(ctx, s)
	if err == nil {
		if err = s.Delete(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
			err = managerError("remove", err)
		}
	}
	s.Close() // the service manager forgets the service when its last handle is closed
	if err != nil {
		return "", err
	}
	_ = eventlog.Remove(Name)
	return Removed, awaitRemoval(ctx)
}

// Start implements backend.
func (w *windowsService) Start(ctx context.Context) (Result, error) {
	s, err := open(windows.SERVICE_START | windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if now, err := s.Query(); err == nil && now.State == svc.Running {
		return Unchanged, nil
	}
	return Started, start(ctx, s)
}

// Stop implements backend.
func (w *windowsService) Stop(ctx context.Context) (Result, error) {
	s, err := open(windows.SERVICE_STOP | windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if now, err := s.Query(); err == nil && now.State == svc.Stopped {
		return Unchanged, nil
	}
	return Stopped, stop(ctx, s)
}

// Restart implements backend.
func (w *windowsService) Restart(ctx context.Context) (Result, error) {
	stopped, err := w.Stop(ctx)
	if err != nil {
		return "", err
	}
	if _, err := w.Start(ctx); err != nil {
		return "", err
	}
	if stopped == Unchanged {
		return Started, nil
	}
	return Restarted, nil
}

// Status implements backend.
func (w *windowsService) Status(context.Context) (Status, error) {
	s, err := open(windows.SERVICE_QUERY_CONFIG | windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, ErrNotInstalled) {
		return Status{State: StateNotInstalled}, nil
	}
	if err != nil {
		return Status{}, err
	}
	defer s.Close()
	return describe(s)
}

// open opens the service, or returns ErrNotInstalled.
func open(access uint32) (*mgr.Service, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, managerError("open", err)
	}
	defer windows.CloseServiceHandle(manager)
	name, err := windows.UTF16PtrFromString(Name)
	if err != nil {
		return nil, err
	}
	handle, err := windows.OpenService(manager, name, access)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		return nil, notInstalled()
	case err != nil:
		return nil, managerError("open", err)
	}
	return &mgr.Service{Handle: handle, Name: Name}, nil
}

// managerError returns an error of the service manager.
func managerError(verb string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		hint = "run it in a terminal that was started as administrator"
	case errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE):
		hint = "close the window Services and the Task Manager, which hold on to a removed service, and try again"
	case errors.Is(err, windows.ERROR_INVALID_SERVICE_ACCOUNT), errors.Is(err, windows.ERROR_SERVICE_LOGON_FAILED):
		hint = "name another account in --account, or set its password in the window Services; a virtual or a group managed account has none"
	case errors.Is(err, windows.ERROR_SERVICE_DISABLED):
		hint = "run mailintegration service install, which enables it"
	}
	return &Error{err, "the service manager could not " + verb + " the service: " + err.Error(), hint}
}
