//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// command prepares one of PostgreSQL's programs, in its own session, so that a Ctrl-C for us does not reach it.
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

// spawn starts cmd, and closes ended of the result when the process has ended.
func spawn(cmd *exec.Cmd) (*postmaster, error) {
	started := make(chan error)
	p := &postmaster{ended: make(chan struct{}), forget: func() {}}
	go func() {
		// The kernel sends the signal of endWithUs when the thread that started the child dies, so the thread has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // the server's log says how it ended
			close(p.ended)
		}
	}()
	return p, <-started
}

// launch starts the server. A disposable server ends with this process.
func (d directory) launch(b binaries, log *os.File, at address, o Options) (*postmaster, error) {
	cmd := d.account.command(d.path, b.program("postgres"), append([]string{"-D", d.cluster()}, settings(at, o)...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if o.Disposable {
		endWithUs(cmd.SysProcAttr, syscall.SIGQUIT)
	}
	return spawn(cmd)
}

// fast requests a fast shutdown: the server ends its sessions, then itself.
func (p *postmaster) fast() error { return syscall.Kill(p.pid, syscall.SIGINT) }

// immediate requests an immediate shutdown: the server recovers at its next start.
func (p *postmaster) immediate() error { return syscall.Kill(p.pid, syscall.SIGQUIT) }

// kill ends the server's first process at once.
func (p *postmaster) kill() error { return syscall.Kill(p.pid, syscall.SIGKILL) }

// killSignal ends a program when this process dies (see endWithUs).
const killSignal = syscall.SIGKILL
