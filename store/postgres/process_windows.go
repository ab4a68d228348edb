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

const exe = ".exe"

// account is whom the server runs as: on Windows always ourselves. pg_ctl and initdb put an administrator's
// rights aside by themselves.
type account struct{}

func accountFor(string) (account, error) { return account{}, nil }

func (account) makeDirectory(path string) error           { return os.MkdirAll(path, 0o700) }
func (account) giveTo(*os.File) error                     { return nil }
func (account) own(*os.Root, string) error                { return nil }
func (account) checkAccess(path string, b binaries) error { return nil }

// createNewProcessGroup is CREATE_NEW_PROCESS_GROUP: a Ctrl-C meant for us does not reach the program.
const createNewProcessGroup = 0x200

func (account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: createNewProcessGroup, HideWindow: true}
	return cmd
}

func endWithUs(*syscall.SysProcAttr, syscall.Signal) {}

// launch goes through pg_ctl: the server refuses an administrator's rights, pg_ctl starts it without them.
func (d directory) launch(b binaries, log *os.File, at address, disposable bool) (*postmaster, error) {
	cmd := d.as.command(d.path, b.program("pg_ctl"), "start", "-W", "-s", "-D", d.cluster(),
		"-l", log.Name(), "-o", strings.Join(settings(at, disposable), " "))
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pg_ctl start: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		if pid, err := d.pidFile(); err == nil && pid.pid > 0 && d.alive(pid.pid) {
			p := d.watchPID(pid.pid)
			p.control = func(how string) error {
				return d.as.command(d.path, b.program("pg_ctl"), "stop", "-W", "-s", "-m", how, "-D", d.cluster()).Run()
			}
			return p, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, errors.New("pg_ctl started a server that wrote no postmaster.pid")
		}
	}
}

func (p *postmaster) fast() error      { return p.control("fast") }
func (p *postmaster) immediate() error { return p.control("immediate") }

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

// alive tells whether there is a process pid.
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

// clearStale leaves it to PostgreSQL to tell a stale postmaster.pid.
func (d directory) clearStale(int) (busy bool, err error) { return false, nil }

// syncDirectory does nothing: NTFS keeps its own journal, and a directory cannot be flushed.
func syncDirectory(string) error { return nil }

const killSignal = syscall.SIGKILL
