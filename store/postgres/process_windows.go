package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// exe ends the names of programs.
const exe = ".exe"

// account is the account that the server runs as: on Windows always the account of this process. pg_ctl and initdb give
// up an administrator's rights themselves.
type account struct{}

// accountFor returns the account for a data directory.
func accountFor(string) (account, error) { return account{}, nil }

func (account) makeDirectory(path string) error           { return os.MkdirAll(path, 0o700) }
func (account) giveOurs(*os.File) error                   { return nil }
func (account) giveToServer(*os.Root, string) error       { return nil }
func (account) checkAccess(path string, b binaries) error { return nil }

// createNewProcessGroup is CREATE_NEW_PROCESS_GROUP, which keeps a Ctrl-C for us from the program.
const createNewProcessGroup = 0x200

// command prepares one of PostgreSQL's programs.
func (account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: createNewProcessGroup, HideWindow: true}
	return cmd
}

// endWithUs has no effect on Windows: a disposable server outlives a killed process.
func endWithUs(*syscall.SysProcAttr, syscall.Signal) {}

// launch starts the server through pg_ctl: the server refuses an administrator's rights, and pg_ctl gives them up.
func (d directory) launch(b binaries, log *os.File, at address, o Options) (*postmaster, error) {
	cmd := d.account.command(d.path, b.program("pg_ctl"), "start", "-W", "-s", "-D", d.cluster(),
		"-l", log.Name(), "-o", strings.Join(settings(at, o), " "))
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pg_ctl start: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		if pid, err := d.pidFile(); err == nil && pid.pid > 0 && d.alive(pid.pid) {
			p := d.watchPID(pid.pid)
			p.control = func(how string) error {
				return d.account.command(d.path, b.program("pg_ctl"), "stop", "-W", "-s", "-m", how, "-D", d.cluster()).Run()
			}
			return p, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, errors.New("the server that pg_ctl started has written no postmaster.pid: see server.log in the data directory")
		}
	}
}

// fast requests a fast shutdown: the server ends its sessions, then itself.
func (p *postmaster) fast() error { return p.control("fast") }

// immediate requests an immediate shutdown: the server recovers at its next start.
func (p *postmaster) immediate() error { return p.control("immediate") }

// kill ends the server's first process at once.
func (p *postmaster) kill() error {
	proc, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer proc.Release()
	return proc.Kill()
}

// stillActive is STILL_ACTIVE, the exit code of a process that runs.
const stillActive = 259

// alive reports whether the process pid runs.
func (d directory) alive(pid int) bool {
	const queryLimitedInformation = 0x1000
	h, err := syscall.OpenProcess(queryLimitedInformation, false, uint32(pid))
	if err != nil {
		return false
	}
	defer syscall.CloseHandle(h)
	var code uint32
	return syscall.GetExitCodeProcess(h, &code) == nil && code == stillActive
}

// clearStale does nothing: PostgreSQL recognises a stale postmaster.pid itself.
func (d directory) clearStale(int) (busy bool, err error) { return false, nil }

// killSignal has no effect on Windows (see endWithUs).
const killSignal = syscall.SIGKILL
