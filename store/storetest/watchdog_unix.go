//go:build unix

package storetest

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchdog starts a shell that reads from a pipe whose other end only we hold. It comes to the end of it when this
// process ends in whatever way, stops the server and removes the directory.
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
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C that ends the tests must not end it
	if err := cmd.Start(); err != nil {
		return err
	}
	keep = append(keep, write)
	return nil
}

// keep holds the pipe open for as long as the process lives: without it the garbage collector would close it.
var keep []*os.File
