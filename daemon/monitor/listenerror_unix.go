//go:build unix

package monitor

import "syscall"

// What the system says when nothing can listen at an address.
const (
	addressInUse     = syscall.EADDRINUSE
	addressMissing   = syscall.EADDRNOTAVAIL
	addressForbidden = syscall.EACCES
)
