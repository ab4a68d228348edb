package postgres_test

import "os"

// alive tells whether the process can be found.
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

// listened is the setting listen_addresses: there is no socket.
func listened() string { return "127.0.0.1" }
