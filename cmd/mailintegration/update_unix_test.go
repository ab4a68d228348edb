//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// updated is a daemon in a process of its own, with an executable of its own.
type updated struct {
	*installed
	cmd     *begun
	log     *followed
	program string
	drops   *pop3test.Server
}

// note returns a message.
func note(n int) []byte {
	return fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: Note %d\r\nMessage-ID: <note-%d@acme.example>\r\n\r\nHelp!\r\n", n, n)
}

// startUpdated starts a daemon that looks at its executable all the time. env has more variables for the process.
func startUpdated(t *testing.T, env []string, args ...string) *updated {
	t.Helper()
	u := &updated{drops: pop3test.Run(t, pop3test.Options{}), log: &followed{}}
	u.drops.Add("helpdesk", note(1))
	u.installed = install(t, u.drops.Port(), "helpdesk", pop3test.DefaultPassword)
	often := strings.Replace(fmt.Sprintf(killedMailbox, u.drops.Port(), "helpdesk", pop3test.DefaultPassword), "<UserName>", "<Schedule>1s</Schedule> <UserName>", 1)
	if err := os.WriteFile(filepath.Join(filepath.Dir(u.config), "mailboxes", "helpdesk.xml"), []byte(often), 0o600); err != nil {
		t.Fatal(err)
	}
	u.program = filepath.Join(t.TempDir(), "mailintegration")
	copyProgram(t, u.program, "")
	cmd := u.command(append([]string{"run", "--update-interval", "20ms"}, args...)...)
	cmd.Path, cmd.Args[0] = u.program, u.program
	cmd.Env = append(cmd.Env, env...)
	u.cmd = begin(t, cmd, u.log)
	u.log.await(t, "message accepted")
	return u
}

// TestADaemonInATerminalBecomesItsNewExecutable replaces the executable twice. The process stays the same.
func TestADaemonInATerminalBecomesItsNewExecutable(t *testing.T) {
	t.Parallel()
	u := startUpdated(t, []string{"NOTIFY_SOCKET="})
	for round := range 2 {
		copyProgram(t, u.program, strings.Repeat(" ", 1+round))
		u.log.await(t, "executable replaced")
		u.log.await(t, "daemon stopped")
		u.log.await(t, "daemon started")
		u.drops.Add("helpdesk", note(2+round))
		u.log.await(t, "message accepted")
	}
	if err := u.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := u.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	u.wantRecorded(3)
}

// TestADaemonBelowAServiceManagerEndsForItsNewExecutable ends with a code after which every manager starts it again.
func TestADaemonBelowAServiceManagerEndsForItsNewExecutable(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go io.Copy(io.Discard, l) // ends with l
	u := startUpdated(t, []string{"NOTIFY_SOCKET=" + socket})
	copyProgram(t, u.program, " ")
	err = u.cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitReplaced {
		t.Errorf("it ended with %v", err)
	}
	u.wantRecorded(1)
}

// TestADaemonStaysWhenItsNewExecutableDoesNotRun replaces the executable by a broken one.
func TestADaemonStaysWhenItsNewExecutableDoesNotRun(t *testing.T) {
	t.Parallel()
	u := startUpdated(t, []string{"NOTIFY_SOCKET="})
	if err := os.WriteFile(u.program+".new", []byte("not a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(u.program+".new", u.program); err != nil {
		t.Fatal(err)
	}
	u.log.await(t, "new executable does not run")
	u.drops.Add("helpdesk", note(2))
	if before := u.log.await(t, "message accepted"); strings.Contains(before, "new executable does not run") {
		t.Error("it says so again")
	}
}

// TestADaemonThatShallNotRestartStays has the flag; the tag means the same.
func TestADaemonThatShallNotRestartStays(t *testing.T) {
	t.Parallel()
	u := startUpdated(t, []string{"NOTIFY_SOCKET="}, "--no-restart-on-update")
	copyProgram(t, u.program, " ")
	u.drops.Add("helpdesk", note(2))
	if before := u.log.await(t, "message accepted"); strings.Contains(before, "executable replaced") {
		t.Error("it restarts")
	}
}

// TestADaemonThatIsKilledWhileItMakesWayLosesNothing kills the process when it has begun to stop; the next one goes on.
func TestADaemonThatIsKilledWhileItMakesWayLosesNothing(t *testing.T) {
	t.Parallel()
	u := startUpdated(t, []string{"NOTIFY_SOCKET="})
	u.drops.Add("helpdesk", note(2))
	copyProgram(t, u.program, " ")
	u.log.await(t, "executable replaced")
	if err := u.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = u.cmd.Wait() // it was killed
	idle(t, u.drops)
	u.endLeases()
	u.once()
	u.wantRecorded(2)
}
