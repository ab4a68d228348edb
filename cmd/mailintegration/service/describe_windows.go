package service

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// states translates the states of Windows.
var states = map[svc.State]State{
	svc.Stopped: StateStopped, svc.StartPending: StateStarting, svc.Running: StateRunning, svc.StopPending: StateStopping,
	svc.ContinuePending: StateRunning, svc.PausePending: StateRunning, svc.Paused: StateRunning,
}

// describe returns the state of the service, with its settings.
func describe(s *mgr.Service) (Status, error) {
	is, err := describeOpen(s)
	if err != nil {
		return is, managerError("describe", err)
	}
	now, err := settingsOf(s)
	if err != nil {
		return is, err
	}
	is.Enabled = now.enabled
	is.Executable, is.Config = command(now.command)
	if is.State == StateFailed && restarts(s) {
		is.State = StateRestarting
	}
	return is, nil
}

// describeOpen returns what the service manager says of the service without the right to read its settings.
func describeOpen(s *mgr.Service) (Status, error) {
	now, err := s.Query()
	if err != nil {
		return Status{}, err
	}
	is := Status{State: states[now.State], PID: int(now.ProcessId), Unit: Name}
	is.Text, is.Since = said()
	if now.State != svc.Stopped {
		return is, nil
	}
	is.PID = 0
	switch is.ExitCode = exitCode(now); windows.Errno(now.Win32ExitCode) {
	case windows.ERROR_SUCCESS:
		is.Text = ""
	case windows.ERROR_SERVICE_NEVER_STARTED:
		is.ExitCode, is.Text = 0, ""
	default:
		is.State = StateFailed
		is.Result = windows.Errno(now.Win32ExitCode).Error()
	}
	return is, nil
}

// exitCode returns the exit code of the last process.
func exitCode(now svc.Status) int {
	if windows.Errno(now.Win32ExitCode) == windows.ERROR_SERVICE_SPECIFIC_ERROR {
		return int(now.ServiceSpecificExitCode)
	}
	return int(now.Win32ExitCode)
}

// restarts reports whether the service manager starts the service again after a failure.
func restarts(s *mgr.Service) bool {
	actions, err := s.RecoveryActions()
	return err == nil && len(actions) > 0 && actions[len(actions)-1].Type == mgr.ServiceRestart
}

// The service manager of Windows keeps no sentence of a service, so the daemon writes it to a key of its own in the registry,
// below the key of the service: it disappears with the service.
const (
	saidKey   = `SYSTEM\CurrentControlSet\Services\` + Name + `\Parameters`
	saidText  = "Status"
	saidSince = "Since" // Unix time of the last change of the state
)

// said returns what the daemon said last, and since when its state lasts.
func said() (text string, since time.Time) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, saidKey, registry.QUERY_VALUE)
	if err != nil {
		return "", time.Time{}
	}
	defer key.Close()
	text, _, _ = key.GetStringValue(saidText)
	if at, _, err := key.GetIntegerValue(saidSince); err == nil {
		since = time.Unix(int64(at), 0)
	}
	return text, since
}

// makeSaid makes the key, which the account may write to.
func makeSaid(account *windows.SID) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, saidKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("make %s: %w", saidKey, err)
	}
	defer key.Close()
	return grant(`MACHINE\`+saidKey, windows.SE_REGISTRY_KEY, account, registry.QUERY_VALUE|registry.SET_VALUE)
}

// say notes what the daemon says. An error leaves nothing to do: then the status has no sentence.
func say(text string) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, saidKey, registry.SET_VALUE)
	if err == nil {
		_ = key.SetStringValue(saidText, text)
		key.Close()
	}
}

// noteChange notes that the state changes now.
func noteChange(now time.Time) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, saidKey, registry.SET_VALUE)
	if err == nil {
		_ = key.SetQWordValue(saidSince, uint64(now.Unix()))
		key.Close()
	}
}
