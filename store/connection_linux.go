package store

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitSilence has the kernel give up a connection whose other side acknowledges nothing for so long.
func limitSilence(c syscall.RawConn, limit time.Duration) error {
	return c.Control(func(fd uintptr) {
		// A kernel that cannot is no reason not to connect.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
	})
}
