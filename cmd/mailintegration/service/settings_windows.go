package service

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/mgr"
)

// recovery says what the service manager does when the daemon fails: it starts it again, after a first failure at once. The last
// action counts for each further failure, until a day has passed without one.
var recovery = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: time.Second},
	{Type: mgr.ServiceRestart, Delay: 10 * time.Second},
	{Type: mgr.ServiceRestart, Delay: time.Minute},
}

// recoveryDay is the time after which failures are forgotten, in seconds.
const recoveryDay = 24 * 60 * 60

// arguments returns the arguments with which the service manager starts the program.
func (w *windowsService) arguments() []string {
	return []string{"--config", w.options.Config, "run", "--service"}
}

// commandLine returns the command line with which the service manager starts the program.
func (w *windowsService) commandLine() string {
	return windows.ComposeCommandLine(append([]string{w.options.Executable}, w.arguments()...))
}

// description appears in the window Services.
const description = "Reads mailboxes over POP3 and records each message in PostgreSQL exactly once."

// settings holds the part of the configuration in which an installation may differ from another.
type settings struct {
	command, account string
	enabled          bool // the service starts with the system
}

// settingsOf returns the settings of the installed service.
func settingsOf(s *mgr.Service) (settings, error) {
	buffer := make([]byte, 8<<10) // the most that QueryServiceConfig may need
	known := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	needed := uint32(len(buffer))
	if err := windows.QueryServiceConfig(s.Handle, known, needed, &needed); err != nil {
		return settings{}, managerError("describe", err)
	}
	return settings{
		windows.UTF16PtrToString(known.BinaryPathName), windows.UTF16PtrToString(known.ServiceStartName), known.StartType == mgr.StartAutomatic,
	}, nil
}

// isCurrent reports whether the service manager knows the settings of the options.
func (w *windowsService) isCurrent(now settings) bool {
	return now.command == w.commandLine() && strings.EqualFold(now.account, w.options.Account) && now.enabled
}

// isSame reports whether the installed service has the executable and the service file of the options.
func (w *windowsService) isSame(executable, config string) bool {
	return strings.EqualFold(filepath.Clean(executable), filepath.Clean(w.options.Executable)) &&
		strings.EqualFold(filepath.Clean(config), filepath.Clean(w.options.Config))
}

// command returns the executable and the service file of a command line. Without --config it is the default one.
func command(line string) (executable, config string) {
	args, err := windows.DecomposeCommandLine(line)
	if err != nil || len(args) == 0 {
		return line, ""
	}
	config = filepath.Join(cmp.Or(os.Getenv("ProgramData"), `C:\ProgramData`), Name, "mailintegration.xml")
	if i := slices.Index(args, "--config"); i >= 0 && i+1 < len(args) {
		config = args[i+1]
	}
	return args[0], config
}

// configure gives the service its settings, its recovery, and the time that it has when the computer shuts down.
func (w *windowsService) configure(s *mgr.Service) error {
	command, err := windows.UTF16PtrFromString(w.commandLine())
	if err != nil {
		return err
	}
	account, err := windows.UTF16PtrFromString(w.options.Account)
	if err != nil {
		return err
	}
	text, err := windows.UTF16PtrFromString(description)
	if err != nil {
		return err
	}
	if err := windows.ChangeServiceConfig(s.Handle, windows.SERVICE_WIN32_OWN_PROCESS, mgr.StartAutomatic, mgr.ErrorNormal, command,
		nil, nil, nil, account, nil, nil); err != nil {
		return err
	}
	sid, preshutdown := uint32(windows.SERVICE_SID_TYPE_UNRESTRICTED), uint32(patience.Milliseconds())
	return errors.Join(
		s.SetRecoveryActions(recovery, recoveryDay),
		tolerate(s.SetRecoveryActionsOnNonCrashFailures(true)),
		set(s, windows.SERVICE_CONFIG_DESCRIPTION, &windows.SERVICE_DESCRIPTION{Description: text}),
		set(s, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}),
		set(s, windows.SERVICE_CONFIG_SERVICE_SID_INFO, &sid),
		set(s, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown),
	)
}

// set changes one of the newer settings of the service.
func set[T any](s *mgr.Service, setting uint32, value *T) error {
	return tolerate(windows.ChangeServiceConfig2(s.Handle, setting, (*byte)(unsafe.Pointer(value))))
}

// tolerate returns nil for a setting that this version of the service manager does not know.
func tolerate(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return nil
	}
	return err
}
