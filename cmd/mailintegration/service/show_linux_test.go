package service

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// showRunning has the output of systemctl show, of systemd 252, for a running daemon.
const showRunning = `Type=notify
MainPID=4711
NRestarts=1
Result=success
ExecMainCode=0
ExecMainStatus=0
StatusText=3 mailboxes, last poll 12:04:31, all well
ExecStart={ path=/usr/bin/mailintegration ; argv[]=/usr/bin/mailintegration --config /etc/mailintegration/mailintegration.xml run ; ignore_errors=no ; start_time=[Thu 2026-11-26 12:00:01 UTC] ; stop_time=[n/a] ; pid=4711 ; code=(null) ; status=0/0 }
LoadState=loaded
ActiveState=active
SubState=running
FragmentPath=/lib/systemd/system/mailintegration.service
UnitFileState=enabled
StateChangeTimestamp=Thu 2026-11-26 12:00:01 UTC
`

func TestShowTellsTheStatus(t *testing.T) {
	t.Parallel()
	s := parseShow(showRunning)
	want := Status{
		State: StateRunning, Since: time.Date(2026, 11, 26, 12, 0, 1, 0, time.UTC), PID: 4711, Enabled: true, Restarts: 1,
		Text: "3 mailboxes, last poll 12:04:31, all well", Unit: "/lib/systemd/system/mailintegration.service",
		Executable: "/usr/bin/mailintegration", Config: "/etc/mailintegration/mailintegration.xml",
	}
	if diff := cmp.Diff(want, s.status()); diff != "" {
		t.Error(diff)
	}
	if !s.isPackaged() {
		t.Error("a unit in /lib is not a package's")
	}
}

func TestShowTellsTheState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		shown shown
		want  State
	}{
		{"no unit", shown{"LoadState": "not-found", "ActiveState": "inactive"}, StateNotInstalled},
		{"a process whose unit was removed", shown{"LoadState": "not-found", "ActiveState": "active"}, StateRunning},
		{"stopped", shown{"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead"}, StateStopped},
		{"masked", shown{"LoadState": "masked", "ActiveState": "inactive"}, StateStopped},
		{"starting", shown{"LoadState": "loaded", "ActiveState": "activating", "SubState": "start"}, StateStarting},
		{"it waits to be restarted", shown{"LoadState": "loaded", "ActiveState": "activating", "SubState": "auto-restart"}, StateRestarting},
		{"the same in systemd 254", shown{"LoadState": "loaded", "ActiveState": "activating", "SubState": "auto-restart-queued"}, StateRestarting},
		{"reloading", shown{"LoadState": "loaded", "ActiveState": "reloading", "SubState": "reload"}, StateReloading},
		{"stopping", shown{"LoadState": "loaded", "ActiveState": "deactivating", "SubState": "stop-sigterm"}, StateStopping},
		{"failed", shown{"LoadState": "loaded", "ActiveState": "failed", "SubState": "failed"}, StateFailed},
	} {
		if got := c.shown.state(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestShowTellsHowTheLastProcessEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		shown  shown
		code   int
		result string
		text   string
		failed string
	}{
		{"it runs", shown{"ExecMainCode": "0", "ExecMainStatus": "0", "Result": "success"}, 0, "", "stopped", ""},
		{"a wrong configuration", shown{"ExecMainCode": "1", "ExecMainStatus": "3", "Result": "exit-code"}, 3, "exit-code",
			"stopped (exit-code, exit code 3)", ""},
		{"kill -9", shown{"ExecMainCode": "2", "ExecMainStatus": "9", "Result": "signal"}, 137, "signal", "stopped (signal, exit code 137)", ""},
		{"the watchdog", shown{"ExecMainCode": "1", "ExecMainStatus": "2", "Result": "watchdog"}, 2, "watchdog",
			"stopped (watchdog, exit code 2)", ""},
		{"credentials that are missing", shown{"ExecMainCode": "1", "ExecMainStatus": "243", "Result": "exit-code"}, 243, "exit-code",
			"stopped (exit-code, exit code 243)", "credentials"},
	} {
		s := c.shown.status()
		if s.ExitCode != c.code || s.Result != c.result || s.String() != c.text {
			t.Errorf("%s: exit code %d, result %q, in an error %q", c.name, s.ExitCode, s.Result, s)
		}
		if s.Failed != c.failed {
			t.Errorf("%s: systemd failed at %q, want %q", c.name, s.Failed, c.failed)
		}
	}
}

func TestTheCommandLineOfAUnitIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, start, executable, config string }{
		{"ours", "{ path=/opt/m ; argv[]=/opt/m --config /etc/m.xml run ; ignore_errors=no ; }", "/opt/m", "/etc/m.xml"},
		{"blanks", "{ path=/opt/a b/m ; argv[]=/opt/a b/m --config /etc/c d.xml run ; ignore_errors=no ; }", "/opt/a b/m", "/etc/c d.xml"},
		{"without a service file", "{ path=/opt/m ; argv[]=/opt/m run ; ignore_errors=no ; }", "/opt/m", ""},
		{"none", "", "", ""},
	} {
		if executable, config := (shown{"ExecStart": c.start}).command(); executable != c.executable || config != c.config {
			t.Errorf("%s: %q and %q", c.name, executable, config)
		}
	}
}
