package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mailintegration/mailbox/pop3test"
)

// openTerminal returns a new terminal: the side of the window, and the side of the program in it.
func openTerminal(t *testing.T) (window, program *os.File) {
	t.Helper()
	window, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err) // a container without terminals
	}
	t.Cleanup(func() { window.Close() })
	if err := unix.IoctlSetPointerInt(int(window.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(window.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	keepOutput(t, program)
	return window, program
}

// keepOutput has the terminal show all that a program writes. By itself it discards upon Ctrl-C what it has not shown yet, after it
// has sent the signal: perhaps the last words of a program that has ended by then (NOFLSH, termios(3)).
func keepOutput(t *testing.T, terminal *os.File) {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag |= unix.NOFLSH
	if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
}

// TestTheDaemonEndsWithItsTerminal closes the window in which a person has started the daemon. The kernel sends SIGHUP then;
// without a terminal the same signal only reads the configuration again.
func TestTheDaemonEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", "secret")
	window, program := openTerminal(t)
	daemon := in.command("run")
	daemon.Stdin, daemon.Stdout, daemon.Stderr = program, program, program
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	var seen strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(seen.String(), "daemon started") {
		n, err := window.Read(buffer)
		if err != nil {
			t.Fatalf("%v\n%s", err, &seen)
		}
		seen.Write(buffer[:n])
	}
	window.Close()
	if err := daemon.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &seen)
	}
}

// TestATerminalThatClosesDuringTheStartEndsTheDaemon closes the window before the daemon listens for it: the daemon must
// remember that it had a terminal, or it would run on, without a log, until somebody finds it.
func TestATerminalThatClosesDuringTheStartEndsTheDaemon(t *testing.T) {
	t.Parallel()
	window, program := openTerminal(t)
	e := &env{stderr: program, inTerminal: isTerminal(program)}
	window.Close()
	signals, stopped := make(chan os.Signal, 1), make(chan struct{})
	signals <- syscall.SIGHUP
	passed := e.unlessTerminalCloses(t.Context(), signals, func() { close(stopped) })
	select {
	case <-stopped:
	case s := <-passed:
		t.Errorf("%v reads the configuration again; it should end the daemon", s)
	}
}
