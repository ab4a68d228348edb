//go:build unix

package postgres_test

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
)

// alive tells whether the process runs; a zombie does not.
func alive(pid int) bool {
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		_, after, _ := bytes.Cut(stat, []byte(") "))
		return len(after) > 0 && after[0] != 'Z'
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func killNow(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }

// listened is the setting listen_addresses: with a socket there is no port.
func listened() string { return "" }
