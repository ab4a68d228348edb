package store

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitSilence makes the kernel close a connection whose other side acknowledges no octet for longer than limit.
func limitSilence(c syscall.RawConn, limit time.Duration) error {
	return c.Control(func(fd uintptr) {
		// Without the option, patientConn still limits the wait.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
	})
}
