//go:build unix

package mailbox

import (
	"errors"
	"syscall"
)

// isRefused reports whether a host has answered that no program listens at its port.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
