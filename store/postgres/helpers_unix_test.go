//go:build unix

package postgres_test

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
)

// alive reports whether the process runs. A zombie does not.
func alive(pid int) bool {
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		_, after, _ := bytes.Cut(stat, []byte(") "))
		return len(after) > 0 && after[0] != 'Z'
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func killNow(pid int) {
	if pid > 0 { // 0 would be this process with all others of its group
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// listened returns the expected setting listen_addresses: none, because the server listens at a socket.
func listened() string { return "" }
