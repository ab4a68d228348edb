//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// command prepares a program of PostgreSQL's, in its own session so that a Ctrl-C meant for us does not reach it.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// spawn starts cmd. The result's ended is closed when it has ended.
func spawn(cmd *exec.Cmd) (*postmaster, error) {
	started := make(chan error)
	p := &postmaster{ended: make(chan struct{}), forget: func() {}}
	go func() {
		// What a child gets when its parent dies is bound to the thread that started it, so the thread has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
			close(p.ended)
		}
	}()
	return p, <-started
}

func (d directory) launch(b binaries, log *os.File, at address, disposable bool) (*postmaster, error) {
	cmd := d.as.command(d.path, b.program("postgres"), append([]string{"-D", d.cluster()}, settings(at, disposable)...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if disposable {
		endWithUs(cmd.SysProcAttr, syscall.SIGQUIT)
	}
	return spawn(cmd)
}

// The ways to stop a server (PostgreSQL's documentation, "Shutting Down the Server").
func (p *postmaster) fast() error      { return syscall.Kill(p.pid, syscall.SIGINT) }
func (p *postmaster) immediate() error { return syscall.Kill(p.pid, syscall.SIGQUIT) }
func (p *postmaster) kill() error      { return syscall.Kill(p.pid, syscall.SIGKILL) }

// syncDirectory makes a rename in the directory durable.
func syncDirectory(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

const killSignal = syscall.SIGKILL
