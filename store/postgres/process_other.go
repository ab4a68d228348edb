//go:build unix && !linux

package postgres

import (
	"errors"
	"syscall"
)

// endWithUs has an effect only on Linux: elsewhere a disposable server outlives a killed process.
func endWithUs(*syscall.SysProcAttr, syscall.Signal) {}

// alive reports whether the process pid runs.
func (d directory) alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// clearStale does nothing: PostgreSQL recognises a stale postmaster.pid itself.
func (d directory) clearStale(int) (busy bool, err error) { return false, nil }
