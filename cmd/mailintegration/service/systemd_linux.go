package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	kardianos "github.com/kardianos/service"

	"mailintegration/deploy"
)

// Name is the name of the service. Its unit is mailintegration.service.
const Name = "mailintegration"

const (
	unitName = Name + ".service"
	unitFile = "/etc/systemd/system/" + unitName // where kardianos writes it

	defaultAccount     = "mailintegration" // the account in the unit
	defaultCredentials = "/etc/mailintegration/credentials"
)

const (
	// patience is how long a start or a stop may take. The unit's own limits are shorter.
	patience = 2 * time.Minute
	// outputTime is how long the last output of a program may take after its end, if this process stands still meanwhile.
	outputTime = 10 * time.Second
)

// systemd is the service of systemd.
type systemd struct {
	options Options
	service kardianos.Service // of the unit that the options ask for
	unit    string            // the text of that unit

	patience time.Duration // for a start and a stop
}

// mayManage returns ErrNotAdministrator unless this is root's process.
func mayManage() error {
	switch {
	case !isSystemd():
		return noManager()
	case os.Geteuid() != 0:
		return &Error{ErrNotAdministrator, "only root can change the service", "run it as root, for example with sudo"}
	}
	return nil
}

// isSystemd reports whether systemd has started the system (sd_booted(3)).
func isSystemd() bool {
	info, err := os.Lstat("/run/systemd/system")
	return err == nil && info.IsDir()
}

// newBackend returns the service of systemd, or ErrNoManager.
func newBackend(o Options) (backend, error) {
	if !isSystemd() {
		return nil, noManager()
	}
	o.Account, o.Credentials = cmp.Or(o.Account, defaultAccount), cmp.Or(o.Credentials, defaultCredentials)
	s := &systemd{options: o, patience: patience}
	s.unit = render(deploy.SystemdUnit, o, systemdVersion())
	// kardianos replaces {{…}} in the script by values, so the unit is a value: it may contain anything.
	service, err := kardianos.New(nil, &kardianos.Config{
		Name: Name, Executable: o.Executable, Description: s.unit, Option: kardianos.KeyValue{"SystemdScript": "{{Description}}"},
	})
	s.service = service
	return s, err
}

// Install implements backend.
func (s *systemd) Install(ctx context.Context) (Result, error) {
	now, err := s.show(ctx)
	if err == nil {
		err = s.mayInstall(now)
	}
	if err != nil {
		return "", err
	}
	if now.isPackaged() && s.isSame(now) {
		return s.enable(ctx, now)
	}
	if err := s.prepare(ctx); err != nil {
		return "", err
	}
	written, err := os.ReadFile(unitFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Installed, s.installNew()
	case err != nil:
		return "", err
	case string(written) == s.unit:
		return s.enable(ctx, now)
	}
	return Updated, s.replace(ctx)
}

// mayInstall returns an error if the service is installed otherwise than the options say, unless it is to be replaced.
func (s *systemd) mayInstall(now shown) error {
	switch {
	case now["LoadState"] == "masked":
		return &Error{ErrInstalledOtherwise, "the unit " + unitName + " is masked", "run systemctl unmask " + Name + " first"}
	case now["FragmentPath"] == "" || s.isSame(now) || s.options.Replace:
		return nil
	case now.isPackaged():
		return &Error{
			ErrInstalledOtherwise, "a package has installed the service, as " + now["FragmentPath"] + ", for " + now.describe(),
			"use the package's service (systemctl enable --now " + Name + "), or add --replace to put this one before it",
		}
	}
	return &Error{
		ErrInstalledOtherwise, "the service is installed for " + now.describe() + ", in " + now["FragmentPath"],
		"add --replace to replace it",
	}
}

// isSame reports whether the installed service has the executable and the service file of the options.
func (s *systemd) isSame(now shown) bool {
	executable, config := now.command()
	return executable == s.options.Executable && config == s.options.Config
}

// prepare makes what the unit needs: the account, its directories, and the directory of systemd, which kardianos expects.
func (s *systemd) prepare(ctx context.Context) error {
	who, err := s.account(ctx)
	if err == nil {
		err = s.makeDirectories(who)
	}
	if err == nil {
		err = who.checkAccess(ctx, s.options)
	}
	if err == nil {
		err = os.MkdirAll(s.options.Credentials, 0o700)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(unitFile), 0o755)
	}
	return err
}

// installNew installs the service. kardianos leaves the unit file behind if it cannot enable the unit.
func (s *systemd) installNew() error {
	if err := s.service.Install(); err != nil {
		return errors.Join(explained("install", err), os.Remove(unitFile))
	}
	return nil
}

// replace replaces the unit file at once, so that a crash leaves the old one or the new one, and enables the unit.
func (s *systemd) replace(ctx context.Context) error {
	temporary := unitFile + ".new"
	err := os.WriteFile(temporary, []byte(s.unit), 0o644)
	if err == nil {
		err = os.Rename(temporary, unitFile)
	}
	if err == nil {
		err = systemctl(ctx, "daemon-reload")
	}
	if err == nil {
		err = systemctl(ctx, "enable", unitName)
	}
	return err
}

// enable makes the installed unit start with the system.
func (s *systemd) enable(ctx context.Context, now shown) (Result, error) {
	if now["UnitFileState"] == "enabled" {
		return Unchanged, nil
	}
	return Updated, systemctl(ctx, "enable", unitName)
}

// Uninstall implements backend. kardianos leaves a running service running, and its process would outlive its unit.
func (s *systemd) Uninstall(ctx context.Context) (Result, error) {
	now, err := s.show(ctx)
	if err != nil {
		return "", err
	}
	if now.isPackaged() {
		return "", &Error{
			ErrInstalledOtherwise, "a package has installed the service, as " + now["FragmentPath"],
			"remove the package, for example with apt remove " + Name + " or dnf remove " + Name,
		}
	}
	if now.state() == StateNotInstalled {
		return Unchanged, nil
	}
	if err := s.stop(ctx, now); err != nil {
		return "", err
	}
	if err := s.service.Uninstall(); err != nil {
		return "", explained("uninstall", err)
	}
	_ = systemctl(ctx, "reset-failed", unitName) // it fails if systemd has forgotten the unit already
	return Removed, nil
}

// Start implements backend.
func (s *systemd) Start(ctx context.Context) (Result, error) {
	now, err := s.installed(ctx)
	if err != nil {
		return "", err
	}
	if now.status().IsRunning() {
		return Unchanged, nil
	}
	return Started, s.do(ctx, "start", s.service.Start)
}

// Stop implements backend.
func (s *systemd) Stop(ctx context.Context) (Result, error) {
	now, err := s.installed(ctx)
	if err != nil {
		return "", err
	}
	if state := now.state(); state == StateStopped || state == StateFailed {
		return Unchanged, nil
	}
	return Stopped, s.stop(ctx, now)
}

// Restart implements backend.
func (s *systemd) Restart(ctx context.Context) (Result, error) {
	now, err := s.installed(ctx)
	if err != nil {
		return "", err
	}
	result := Restarted
	if !now.status().IsRunning() {
		result = Started
	}
	return result, s.do(ctx, "restart", s.service.Restart)
}

// Status implements backend.
func (s *systemd) Status(ctx context.Context) (Status, error) {
	now, err := s.show(ctx)
	if err != nil {
		return Status{}, err
	}
	return now.status(), nil
}

// installed returns the state of the installed service, or ErrNotInstalled.
func (s *systemd) installed(ctx context.Context) (shown, error) {
	now, err := s.show(ctx)
	if err == nil && now.state() == StateNotInstalled {
		err = notInstalled()
	}
	return now, err
}

// stop stops the service unless it is stopped.
func (s *systemd) stop(ctx context.Context, now shown) error {
	if state := now.state(); state == StateStopped || state == StateFailed {
		return nil
	}
	return s.do(ctx, "stop", s.service.Stop)
}

// do calls a method of kardianos that waits for systemd, for a limited time: systemctl waits for ever. If it fails, do says
// what became of the service.
func (s *systemd) do(ctx context.Context, verb string, method func() error) error {
	bounded, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- method() }()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		return s.failed(ctx, verb, err)
	case <-bounded.Done():
		return s.failed(context.WithoutCancel(ctx), verb, context.Cause(bounded))
	}
}

// failed returns the error of a verb with the state of the service afterwards, and with what the daemon logged last.
func (s *systemd) failed(ctx context.Context, verb string, err error) error {
	now, unknown := s.show(ctx)
	if unknown != nil {
		return errors.Join(explained(verb, err), unknown)
	}
	is := now.status()
	text := fmt.Sprintf("systemd could not %s the service: it is %s", verb, is)
	if errors.Is(err, context.DeadlineExceeded) {
		text = fmt.Sprintf("the service does not %s within %v: it is %s", verb, s.patience, is)
	}
	return &Error{err, text, cmp.Or(is.Hint(), "run journalctl -u "+Name+" -n 20")}
}

// explained returns the error of a method of kardianos, which has only the exit code of systemctl.
func explained(verb string, err error) error {
	return &Error{err, "systemctl did not " + verb + " the service: " + err.Error(), "run systemctl status " + Name}
}

// systemctl runs systemctl. Its error has what systemctl said.
func systemctl(ctx context.Context, args ...string) error {
	_, err := output(ctx, "systemctl", args...)
	return err
}

// output runs a program for a limited time, and returns its output.
func output(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	cmd.WaitDelay = outputTime
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), cmp.Or(textError(said.String()), err))
	}
	return string(out), nil
}

// textError returns the first line of a text as an error, nil if it has none.
func textError(text string) error {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return nil
	}
	return errors.New(line)
}
