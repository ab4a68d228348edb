package service

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// shown holds properties of the unit, as systemctl show prints them.
type shown map[string]string

// properties are the properties that are asked for.
const properties = "LoadState,ActiveState,SubState,FragmentPath,UnitFileState,MainPID,ExecMainCode,ExecMainStatus,Result,NRestarts," +
	"StatusText,StateChangeTimestamp,ExecStart"

// show asks systemd for the state of the unit. It needs no rights.
func (s *systemd) show(ctx context.Context) (shown, error) {
	out, err := output(ctx, "systemctl", "show", "--property="+properties, unitName)
	if err != nil {
		return nil, err
	}
	return parseShow(out), nil
}

// parseShow reads lines NAME=VALUE.
func parseShow(out string) shown {
	s := shown{}
	for line := range strings.Lines(out) {
		if name, value, is := strings.Cut(strings.TrimSuffix(line, "\n"), "="); is {
			s[name] = value
		}
	}
	return s
}

// state returns the state of the service.
func (s shown) state() State {
	switch s["ActiveState"] {
	case "active":
		return StateRunning
	case "reloading":
		return StateReloading
	case "deactivating":
		return StateStopping
	case "activating":
		if strings.HasPrefix(s["SubState"], "auto-restart") {
			return StateRestarting
		}
		return StateStarting
	}
	if s["LoadState"] == "not-found" {
		return StateNotInstalled
	}
	if s["ActiveState"] == "failed" {
		return StateFailed
	}
	return StateStopped
}

// status returns the properties as a Status.
func (s shown) status() Status {
	executable, config := s.command()
	status := Status{
		State: s.state(), PID: s.number("MainPID"), Text: s["StatusText"], Enabled: strings.HasPrefix(s["UnitFileState"], "enabled"),
		Restarts: s.number("NRestarts"), ExitCode: s.exitCode(), Unit: s["FragmentPath"], Executable: executable, Config: config,
	}
	if s["Result"] != "success" {
		status.Result, status.Failed = s["Result"], steps[status.ExitCode]
	}
	if at, err := time.Parse("Mon 2006-01-02 15:04:05 MST", s["StateChangeTimestamp"]); err == nil {
		status.Since = at
	}
	return status
}

// steps name the work of systemd before it starts the daemon, by the exit code with which it says that a step has failed
// (systemd.exec(5), "Process Exit Codes").
var steps = map[int]string{
	203: "program", 216: "account", 217: "account", 226: "directories", 238: "directories", 240: "directories", 243: "credentials",
}

// logPlace is where the daemon's log is.
const logPlace = "journalctl -u mailintegration"

// number returns a property that is a number, 0 if it has none.
func (s shown) number(name string) int {
	n, err := strconv.Atoi(s[name])
	if err != nil {
		return 0
	}
	return n
}

// exitCode returns the exit code of the last process. As a shell does, it adds 128 to the number of a signal that ended it.
func (s shown) exitCode() int {
	const exited = "1" // CLD_EXITED of waitid(2); the others are signals
	code := s.number("ExecMainStatus")
	if s["ExecMainCode"] == exited || code == 0 {
		return code
	}
	return 128 + code
}

// command returns the executable and the service file of the unit, "" for what it does not say in our form.
func (s shown) command() (executable, config string) {
	m := commandLine.FindStringSubmatch(s["ExecStart"])
	if m == nil {
		return "", ""
	}
	if rest, is := strings.CutPrefix(m[2], m[1]+" --config "); is {
		if config, is := strings.CutSuffix(rest, " run"); is {
			return m[1], config
		}
	}
	return m[1], ""
}

// commandLine finds the path and the arguments in ExecStart, which systemctl show does not quote.
var commandLine = regexp.MustCompile(`^\{ path=(.*?) ; argv\[\]=(.*?) ; ignore_errors=`)

// describe returns what the installed service runs, for a person.
func (s shown) describe() string {
	switch executable, config := s.command(); {
	case executable == "":
		return "another command line"
	case config == "":
		return "another command line of " + executable
	default:
		return executable + " with the service file " + config
	}
}

// isPackaged reports whether the unit file is a package's. Those of administrators are in /etc, transient ones in /run.
func (s shown) isPackaged() bool {
	return strings.HasPrefix(s["FragmentPath"], "/usr/") || strings.HasPrefix(s["FragmentPath"], "/lib/")
}

// systemdVersion returns the version of systemd, 0 if it is unknown.
func systemdVersion() int {
	out, err := output(context.Background(), "systemctl", "--version")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`^systemd (\d+)`).FindStringSubmatch(out)
	if m == nil {
		return 0
	}
	version, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return version
}
