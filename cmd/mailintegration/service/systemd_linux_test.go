package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inBox is the environment variable that says that the test binary runs in a mount namespace of its own.
const inBox = "MAILINTEGRATION_TEST_BOX"

// box hides the machine's own units and makes it look as if systemd had started it.
const box = `mount -t tmpfs tmpfs /etc/systemd && mkdir /etc/systemd/system &&
	mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"`

// TestServiceOfSystemd runs the tests below in a mount namespace, since kardianos writes to /etc/systemd/system, with a systemctl
// that only notes the state of the unit. A booted systemd is the business of make e2e-systemd.
func TestServiceOfSystemd(t *testing.T) {
	if os.Getenv(inBox) != "" {
		t.Skip("this is the box")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make the box")
	}
	cmd := exec.Command("unshare", "-m", "sh", "-c", box, "sh", os.Args[0], "-test.run=^TestBoxed", "-test.v")
	cmd.Env = append(os.Environ(), inBox+"=yes")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestBoxed") {
		t.Errorf("%v\n%s", err, out)
	}
}

// machine is a machine with a systemctl of its own.
type machine struct {
	*testing.T
	state   string // its directory
	options Options
}

// newMachine returns a machine in the box, without a service.
func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Getenv(inBox) == "" {
		t.Skip("TestServiceOfSystemd runs it")
	}
	m := &machine{T: t, state: t.TempDir()}
	for _, directory := range []string{m.state, filepath.Dir(m.state)} { // for the account of the service
		m.must(os.Chmod(directory, 0o755))
	}
	programs, err := filepath.Abs("testdata")
	m.must(err)
	t.Setenv("STATE", m.state)
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	t.Cleanup(func() { _ = os.Remove(unitFile) }) // it may be gone
	config := filepath.Join(m.state, "mailintegration.xml")
	m.must(os.WriteFile(config, nil, 0o644))
	m.options = Options{Executable: "/bin/true", Config: config, Account: "nobody", Credentials: filepath.Join(m.state, "credentials")}
	return m
}

func (m *machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// set sets a property of the unit, or makes something go wrong.
func (m *machine) set(name, value string) {
	m.Helper()
	m.must(os.WriteFile(filepath.Join(m.state, name), []byte(value+"\n"), 0o644))
}

// do calls a method of the service, which must do this.
func (m *machine) do(what string, method func(*Service, context.Context) (Result, error), want Result) {
	m.Helper()
	s, err := New(m.options)
	m.must(err)
	if got, err := method(s, m.Context()); err != nil || got != want {
		m.Errorf("%s: %s, %v, want %s", what, got, err, want)
	}
}

// refuses calls a method of the service, whose error must be of this kind and have this text, as its hint must.
func (m *machine) refuses(what string, method func(*Service, context.Context) (Result, error), kind error, text, hint string) {
	m.Helper()
	s, err := New(m.options)
	m.must(err)
	_, err = method(s, m.Context())
	var e *Error
	if !errors.As(err, &e) || kind != nil && !errors.Is(err, kind) || !strings.Contains(err.Error(), text) || !strings.Contains(e.Hint, hint) {
		m.Errorf("%s: the error is %v, want %q with a hint %q", what, err, text, hint)
	}
}

// status returns the status of the service.
func (m *machine) status() Status {
	m.Helper()
	s, err := New(m.options)
	m.must(err)
	status, err := s.Status(m.Context())
	m.must(err)
	return status
}

// calls returns the verbs of systemctl that change something, since the last time.
func (m *machine) calls() (verbs []string) {
	m.Helper()
	file := filepath.Join(m.state, "calls")
	all, err := os.ReadFile(file)
	m.must(err)
	m.must(os.Remove(file))
	for line := range strings.Lines(string(all)) {
		if verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb != "show" && verb != "--version" {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

func TestBoxedTheServiceIsInstalledStartedStoppedAndRemoved(t *testing.T) {
	m := newMachine(t)
	if s := m.status(); s.State != StateNotInstalled {
		t.Errorf("the state is %s", s.State)
	}
	m.do("there is nothing to remove", (*Service).Uninstall, Unchanged)
	for _, method := range []func(*Service, context.Context) (Result, error){(*Service).Start, (*Service).Stop, (*Service).Restart} {
		m.refuses("there is nothing to start or stop", method, ErrNotInstalled, "not installed", "service install")
	}
	m.do("the first installation", (*Service).Install, Installed)
	if s := m.status(); s.State != StateStopped || !s.Enabled || s.Executable != "/bin/true" || s.Config != m.options.Config {
		t.Errorf("the status is %+v", s)
	}
	if info, err := os.Stat(m.options.Credentials); err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the folder of the secrets: %v, %v", info, err)
	}
	m.do("the same again", (*Service).Install, Unchanged)
	m.do("the first start", (*Service).Start, Started)
	m.do("a start of the running service", (*Service).Start, Unchanged)
	m.do("a restart", (*Service).Restart, Restarted)
	m.do("a stop", (*Service).Stop, Stopped)
	m.do("a stop of the stopped service", (*Service).Stop, Unchanged)
	m.do("a restart of the stopped service", (*Service).Restart, Started)
	m.calls()
	m.do("the removal of the running service", (*Service).Uninstall, Removed)
	if got, want := m.calls(), []string{"stop", "disable", "daemon-reload", "reset-failed"}; !slices.Equal(got, want) {
		t.Errorf("systemctl was called for %v, want %v", got, want)
	}
	if _, err := os.Stat(unitFile); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the unit file is still there")
	}
}

func TestBoxedAnInstallationIsBroughtUpToDate(t *testing.T) {
	m := newMachine(t)
	m.do("the first installation", (*Service).Install, Installed)
	m.calls()
	m.options.Writes = []string{filepath.Join(m.state, "share", "attachments")}
	m.do("a directory more", (*Service).Install, Updated)
	if got, want := m.calls(), []string{"daemon-reload", "enable"}; !slices.Equal(got, want) {
		t.Errorf("systemctl was called for %v, want %v", got, want)
	}
	unit, err := os.ReadFile(unitFile)
	m.must(err)
	if !strings.Contains(string(unit), m.options.Writes[0]) {
		t.Error("the unit does not have the directory")
	}
	info, err := os.Stat(m.options.Writes[0])
	m.must(err)
	if stat := info.Sys().(*syscall.Stat_t); stat.Uid == 0 {
		t.Error("the directory does not belong to the account")
	}
	m.set("UnitFileState", "disabled")
	m.do("a service that was disabled", (*Service).Install, Updated)
	if !m.status().Enabled {
		t.Error("it still does not start with the system")
	}
}

func TestBoxedAnotherInstallationIsNotReplacedByAccident(t *testing.T) {
	m := newMachine(t)
	m.do("the first installation", (*Service).Install, Installed)
	first := m.options.Config
	m.options.Config = filepath.Join(m.state, "other.xml")
	m.refuses("another service file", (*Service).Install, ErrInstalledOtherwise, first, "--replace")
	m.options.Replace = true
	m.do("another service file, on purpose", (*Service).Install, Updated)
	if s := m.status(); s.Config != m.options.Config {
		t.Errorf("the service file is %s", s.Config)
	}
	m.set("LoadState", "masked")
	m.refuses("a masked unit", (*Service).Install, ErrInstalledOtherwise, "masked", "systemctl unmask")
}

func TestBoxedThePackagesServiceStaysThePackages(t *testing.T) {
	m := newMachine(t)
	m.set("FragmentPath", "/usr/lib/systemd/system/mailintegration.service")
	m.set("ExecStart", "/usr/bin/mailintegration --config /etc/mailintegration/mailintegration.xml run")
	m.refuses("another program", (*Service).Install, ErrInstalledOtherwise, "a package has installed the service", "--replace")
	m.refuses("its removal", (*Service).Uninstall, ErrInstalledOtherwise, "a package has installed the service", "remove the package")
	m.options.Executable, m.options.Config = "/usr/bin/mailintegration", "/etc/mailintegration/mailintegration.xml"
	m.do("the same program and file", (*Service).Install, Updated)
	if _, err := os.Stat(unitFile); !errors.Is(err, fs.ErrNotExist) {
		t.Error("there is another unit file before the package's")
	}
	if !m.status().Enabled {
		t.Error("the package's service does not start with the system")
	}
}

// TestBoxedWhatFailsLeavesNothingBehind has an account and directories that do not fit, and a systemctl that fails.
func TestBoxedWhatFailsLeavesNothingBehind(t *testing.T) {
	m := newMachine(t)
	usual := m.options
	m.options.Account = "nobody-of-that-name"
	m.refuses("an account that does not exist", (*Service).Install, nil, "there is no account nobody-of-that-name", "--account")
	m.options = usual
	m.options.Reads = []string{filepath.Join(m.state, "helpdesk.xml")}
	m.must(os.WriteFile(m.options.Reads[0], nil, 0o600))
	m.refuses("a file of root", (*Service).Install, fs.ErrPermission, "cannot read "+m.options.Reads[0], "chgrp nobody")
	m.options = usual
	m.options.Writes = []string{m.state}
	m.refuses("a directory of root", (*Service).Install, fs.ErrPermission, "cannot write in "+m.state, "chown -R nobody")
	m.options = usual
	m.set("enable-fails", "")
	m.refuses("a systemctl that fails", (*Service).Install, nil, "systemctl did not install", "systemctl status")
	if _, err := os.Stat(unitFile); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the unit file is there")
	}
}

func TestBoxedAStartThatFailsSaysWhy(t *testing.T) {
	m := newMachine(t)
	m.do("the installation", (*Service).Install, Installed)
	m.set("start-fails", "")
	m.refuses("a start that fails", (*Service).Start, nil, "could not start the service: it is restarting (exit-code, exit code 243)", "service install")
	if s := m.status(); s.State != StateRestarting || s.Failed != "credentials" || s.IsRunning() {
		t.Errorf("the status is %+v", s)
	}
}

// TestBoxedAStopThatHangsIsNotWaitedForForEver has a systemctl that reads from a pipe to which nobody writes.
func TestBoxedAStopThatHangsIsNotWaitedForForEver(t *testing.T) {
	m := newMachine(t)
	m.do("the installation", (*Service).Install, Installed)
	m.do("the start", (*Service).Start, Started)
	pipe := filepath.Join(m.state, "stop-hangs")
	m.must(syscall.Mkfifo(pipe, 0o600))
	s, err := New(m.options)
	m.must(err)
	s.backend.(*systemd).patience = 300 * time.Millisecond
	_, err = s.Stop(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the service does not stop within 300ms: it is ") {
		t.Errorf("the error is %v", err)
	}
	end, err := os.OpenFile(pipe, os.O_WRONLY, 0) // ends the systemctl that hangs
	m.must(err)
	end.Close()
}

// TestOnlyRootChangesTheService runs in a user namespace in which nobody is root.
func TestOnlyRootChangesTheService(t *testing.T) {
	if os.Getenv(inBox) == "ordinary" {
		t.Log("the error is", MayManage())
		return
	}
	if os.Geteuid() != 0 || os.Getenv(inBox) != "" {
		t.Skip("only root can make the box")
	}
	cmd := exec.Command("unshare", "-m", "sh", "-c", box, "sh", "unshare", "-U", os.Args[0], "-test.run=^TestOnlyRoot", "-test.v")
	cmd.Env = append(os.Environ(), inBox+"=ordinary")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "only root can change the service") {
		t.Errorf("%v\n%s", err, out)
	}
}
