package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mailintegration/store/storetest"
)

// interruptIgnored is true if a shell runs the tests in the background, with SIGINT ignored. It is read before a test runs the
// program in this process: that asks for SIGINT, after which Ignored does not report it any more.
var interruptIgnored = signal.Ignored(syscall.SIGINT)

// TestALaterSignalEndsTheProgramWhateverItWaitsFor has a program print to a small pipe that nobody reads, so that it heeds no stop.
func TestALaterSignalEndsTheProgramWhateverItWaitsFor(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if s == syscall.SIGINT && interruptIgnored {
			continue
		}
		program := (&installed{TB: t}).command("reference", "configuration")
		printed, err := program.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.FcntlInt(printed.(*os.File).Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
			t.Fatal(err)
		}
		var goroutines bytes.Buffer // as the program prints them upon SIGQUIT
		program.Stderr = &goroutines
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(printed, make([]byte, 1)); err != nil { // it has asked for signals
			t.Error(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- program.Wait() }()
		t.Cleanup(func() {
			if t.Failed() {
				_ = program.Process.Signal(syscall.SIGQUIT) // it may have ended
				t.Logf("it ended with %v, and printed:\n%s", storetest.Await(t, "the program ends", ended), &goroutines)
			}
		})
		var end *exec.ExitError
		storetest.Until(t, "signals end the program", func() bool {
			_ = program.Process.Signal(s) // it may have ended
			select {
			case err := <-ended:
				_ = errors.As(err, &end)
				ended <- err
				return true
			default:
				return false
			}
		})
		if end == nil || end.Sys().(syscall.WaitStatus).Signal() != s {
			t.Errorf("%v: it ended with %v", s, end)
		}
	}
}
