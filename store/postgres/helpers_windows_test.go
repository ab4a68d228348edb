package postgres_test

import "os"

// alive reports whether the process exists.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err == nil {
		p.Release()
	}
	return err == nil
}

func killNow(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// listened returns the expected setting listen_addresses: Windows has no socket.
func listened() string { return "127.0.0.1" }
