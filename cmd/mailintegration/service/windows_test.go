//go:build windows

package service

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

func TestTheIdentifierOfAServiceFollowsFromItsName(t *testing.T) {
	t.Parallel()
	// As "sc showsid TrustedInstaller" shows it on every Windows.
	const want = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	for _, name := range []string{"TrustedInstaller", "TRUSTEDINSTALLER"} {
		if got := serviceSID(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	sid, err := accountSID(defaultAccount)
	if err != nil || sid.String() != serviceSID(Name) {
		t.Errorf("%s: got %v, %v", defaultAccount, sid, err)
	}
}

func TestACommandLineNamesProgramAndServiceFile(t *testing.T) {
	t.Setenv("ProgramData", `C:\ProgramData`)
	w := &windowsService{Options{Executable: `C:\Program Files\MailIntegration\mailintegration.exe`, Config: `D:\my mail\it's.xml`}}
	for _, tc := range []struct{ name, line, executable, config string }{
		{"ours", w.commandLine(), w.options.Executable, w.options.Config},
		{"without a service file", `"C:\Program Files\MailIntegration\mailintegration.exe" run --service`,
			w.options.Executable, `C:\ProgramData\MailIntegration\mailintegration.xml`},
		{"of another program", `C:\x.exe`, `C:\x.exe`, `C:\ProgramData\MailIntegration\mailintegration.xml`},
		{"none", "", "", ""},
	} {
		executable, config := command(tc.line)
		if executable != tc.executable || config != tc.config {
			t.Errorf("%s: got %s with %s", tc.name, executable, config)
		}
	}
	if !w.isSame(strings.ToUpper(w.options.Executable), `d:\my mail\.\it's.xml`) || w.isSame(w.options.Executable, `D:\other.xml`) {
		t.Error("paths are not compared as Windows does")
	}
}

// manager is the side of the service manager for one run of a handler.
type manager struct {
	*testing.T
	orders chan svc.ChangeRequest
	states chan svc.Status
	codes  chan uint32
}

// execute runs a daemon below a service manager.
func execute(t *testing.T, ctx context.Context, daemon func(context.Context, Manager) error) *manager {
	m := &manager{t, make(chan svc.ChangeRequest), make(chan svc.Status), make(chan uint32, 1)}
	go func() {
		_, code := (&handler{parent: ctx, daemon: daemon}).Execute(nil, m.orders, m.states)
		m.codes <- code
	}()
	return m
}

// await receives states until one is the wanted state.
func (m *manager) await(want svc.State) svc.Status {
	m.Helper()
	for s := range m.states {
		if s.State == want {
			return s
		}
	}
	return svc.Status{}
}

// end receives states until the handler returns its exit code.
func (m *manager) end() uint32 {
	for {
		select {
		case <-m.states:
		case code := <-m.codes:
			return code
		}
	}
}

func TestTheServiceManagerHearsOfStartAndStop(t *testing.T) {
	t.Parallel()
	m := execute(t, t.Context(), func(ctx context.Context, m Manager) error {
		m.Ready()
		<-ctx.Done()
		m.Stopping(time.Minute)
		return nil
	})
	if s := m.await(svc.Running); s.Accepts != accepted || s.CheckPoint != 0 || s.WaitHint != 0 {
		t.Errorf("running: %+v", s)
	}
	m.orders <- svc.ChangeRequest{Cmd: svc.Interrogate, CurrentStatus: svc.Status{State: svc.Running}}
	m.await(svc.Running)
	m.orders <- svc.ChangeRequest{Cmd: svc.Stop}
	if s := m.await(svc.StopPending); s.Accepts != 0 || s.CheckPoint == 0 || s.WaitHint == 0 {
		t.Errorf("stopping: %+v", s)
	}
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAShutdownOfTheComputerStopsTheDaemon(t *testing.T) {
	t.Parallel()
	for _, order := range []svc.Cmd{svc.Shutdown, svc.PreShutdown} {
		m := execute(t, t.Context(), func(ctx context.Context, m Manager) error { <-ctx.Done(); return nil })
		m.await(svc.StartPending)
		m.orders <- svc.ChangeRequest{Cmd: order}
		if code := m.end(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

func TestAFailureOfTheDaemonMakesTheServiceManagerStartItAgain(t *testing.T) {
	t.Parallel()
	m := execute(t, t.Context(), func(context.Context, Manager) error { return errors.New("helpdesk.xml:1:1: no such tag") })
	if code := m.end(); code == 0 {
		t.Error("exit code 0: the service manager takes the failure for an end")
	}
}

func TestAParameterChangeIsAReload(t *testing.T) {
	t.Parallel()
	m := execute(t, t.Context(), func(ctx context.Context, m Manager) error {
		m.Ready()
		<-m.Reload()
		return nil
	})
	m.await(svc.Running)
	for range 3 { // however many are sent
		select {
		case m.orders <- svc.ChangeRequest{Cmd: svc.ParamChange}:
		case code := <-m.codes:
			m.codes <- code
		}
	}
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAStopThatHangsShowsNoProgressAfterItsLimit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := newController(func() time.Time { return now })
	c.Stopping(time.Minute)
	first := c.state().CheckPoint
	now = now.Add(59 * time.Second)
	c.tick()
	if got := c.state().CheckPoint; got != first+1 {
		t.Errorf("checkpoint %d within the limit, want %d", got, first+1)
	}
	now = now.Add(2 * time.Second)
	c.tick()
	if got := c.state().CheckPoint; got != first+1 {
		t.Errorf("checkpoint %d after the limit, want %d", got, first+1)
	}
	c.Ready()
	if s := c.state(); s.State != svc.StopPending {
		t.Errorf("a daemon that stops says that it is ready: %+v", s)
	}
}

func TestADaemonThatRunsHasNoCheckpoints(t *testing.T) {
	t.Parallel()
	c := newController(time.Now)
	c.Ready()
	c.tick()
	if s := c.state(); s.State != svc.Running || s.CheckPoint != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestTheAccountGetsRightsOnADirectoryAndOnItsFiles(t *testing.T) {
	t.Parallel()
	account, err := accountSID(defaultAccount)
	if err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "data", "spool")
	if err := makeDirectory(directory); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := allow(directory, account, modifyRights); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(directory, "message"), nil, 0o600); err != nil {
		t.Error(err)
	}
	if err := allow(filepath.Join(directory, "missing"), account, readRights); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := allow(`\\files\share`, account, modifyRights); err != nil {
		t.Errorf("a share: %v", err)
	}
	if onWine() {
		t.Skip("wine keeps no access control list that names an account it does not know")
	}
	d, err := windows.GetNamedSecurityInfo(directory, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil || !strings.Contains(d.String(), account.String()) {
		t.Errorf("got %v, %v", d, err)
	}
}

// onWine reports whether this runs in wine, whose kernel has a function that Windows does not have.
func onWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}
