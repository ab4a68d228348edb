//go:build unix

package storetest

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchdog starts a shell that reads from a pipe of which only this process holds the other end. When this process ends, in
// whatever way, the shell reads the end of the pipe, stops the server and removes the directory.
func watchdog(pid int, dir string) error {
	const script = `cat >/dev/null; while kill -QUIT "$1" 2>/dev/null; do sleep 0.05; done; rm -rf -- "$2"`
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "watchdog", strconv.Itoa(pid), dir)
	cmd.Stdin = read
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C must end the tests, not the watchdog
	if err := cmd.Start(); err != nil {
		return err
	}
	keep = append(keep, write)
	return nil
}

// keep holds the pipe open while the process lives: without it the garbage collector would close the pipe.
var keep []*os.File
