package mailbox

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// isRefused reports whether a host has answered that no program listens at its port. Windows has a number of its own for that;
// ECONNREFUSED comes from a dialer that is not the system's.
func isRefused(err error) bool {
	return errors.Is(err, windows.WSAECONNREFUSED) || errors.Is(err, syscall.ECONNREFUSED)
}
