//go:build !linux

package store

import (
	"syscall"
	"time"
)

// limitSilence does nothing: patientConn notices a silent server without the kernel's help.
func limitSilence(syscall.RawConn, time.Duration) error { return nil }
