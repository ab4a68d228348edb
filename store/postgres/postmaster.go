package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// postmaster is a running server process.
type postmaster struct {
	pid     int
	ended   chan struct{}          // closed when the process has ended
	forget  func()                 // stops watching a process that is not our child
	control func(how string) error //lint:ignore U1000 for Windows, which has no signals to stop a server with
}

// watchPID watches a server process that is not our child.
func (d directory) watchPID(pid int) *postmaster {
	ctx, forget := context.WithCancel(context.Background())
	p := &postmaster{pid: pid, ended: make(chan struct{}), forget: forget}
	go func() {
		for d.alive(pid) {
			if pause(ctx, 200*time.Millisecond) != nil {
				return
			}
		}
		close(p.ended)
	}()
	return p
}

// How many connections the server takes: those of some programs that use all of theirs, as when one daemon starts while
// another is stopping, and those of the command line, of psql and of the administrator.
const (
	programs              = 3
	defaultMaxConnections = 10
	commandLine           = 20
)

// settings returns the server's options. They are on the command line, so that they hold for a cluster of any age.
func settings(at address, o Options) []string {
	all := append(at.settings(),
		"max_connections="+strconv.Itoa(programs*cmp.Or(o.MaxConnections, defaultMaxConnections)+commandLine),
		"password_encryption=scram-sha-256",
		"timezone=UTC", "log_timezone=UTC",
		"lc_messages=C",
		"log_checkpoints=off",
		"log_error_verbosity=terse", // DETAIL would quote rows, and rows hold mail
		"jit=off",                   // many short statements
		"max_parallel_workers_per_gather=0",
	)
	if o.Disposable {
		all = append(all, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"autovacuum=off", "shared_buffers=32MB", "max_connections=300")
	}
	args := []string{"-p", strconv.Itoa(at.port)}
	for _, setting := range all {
		args = append(args, "-c", setting)
	}
	return args
}

// foreign are the variables that PostgreSQL's programs must not get: their own, which would change what they do, and those with
// which a service manager is told how the daemon is. PostgreSQL would use these too.
var foreign = []string{"PG", "LC_", "LANG", "NOTIFY_SOCKET=", "WATCHDOG_"}

// environment returns our environment as PostgreSQL's programs get it.
func environment() []string { return cleaned(os.Environ()) }

func cleaned(ours []string) []string {
	env := []string{"LC_ALL=C"}
	for _, v := range ours {
		if !slices.ContainsFunc(foreign, func(prefix string) bool { return strings.HasPrefix(v, prefix) }) {
			env = append(env, v)
		}
	}
	return env
}

// waitReady waits until the server takes connections. When ctx ends first, it stops the server.
func (d directory) waitReady(ctx context.Context, p *postmaster) error {
	for {
		select {
		case <-p.ended:
			return errEnded
		default:
		}
		if pid, err := d.pidFile(); err == nil && pid.pid == p.pid && pid.ready() {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			_ = p.immediate()
			<-p.ended
			return fmt.Errorf("wait until the server is ready: %w", err)
		}
	}
}

// errEnded is the error when the server ends instead of becoming ready.
var errEnded = errors.New("the server ended at once")

// stopPatience is how long a server may take for an immediate shutdown.
const stopPatience = 10 * time.Second

// shutDown stops the server: with a fast shutdown until ctx ends, then with an immediate one, from which the next start
// recovers. It fails only when the server goes on running.
func (p *postmaster) shutDown(ctx context.Context) error {
	defer p.forget()
	if err := p.fast(); err == nil {
		select {
		case <-p.ended:
			return nil
		case <-ctx.Done():
		}
	}
	if p.endsBy(p.immediate) || p.endsBy(p.kill) {
		return nil
	}
	return fmt.Errorf("process %d does not end: end it yourself", p.pid)
}

// endsBy calls stop, and reports whether the server ends within stopPatience.
func (p *postmaster) endsBy(stop func() error) bool {
	_ = stop() // it fails when the process is gone, which the select sees
	t := time.NewTimer(stopPatience)
	defer t.Stop()
	select {
	case <-p.ended:
		return true
	case <-t.C:
		return false
	}
}
