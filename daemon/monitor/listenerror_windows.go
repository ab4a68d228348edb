package monitor

import "golang.org/x/sys/windows"

// What the system says when nothing can listen at an address.
const (
	addressInUse     = windows.WSAEADDRINUSE
	addressMissing   = windows.WSAEADDRNOTAVAIL
	addressForbidden = windows.WSAEACCES
)
