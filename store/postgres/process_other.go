//go:build unix && !linux

package postgres

import (
	"errors"
	"syscall"
)

// endWithUs needs Linux: elsewhere a disposable server outlives a process that is killed.
func endWithUs(*syscall.SysProcAttr, syscall.Signal) {}

// alive tells whether there is a process pid.
func (d directory) alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// clearStale leaves it to PostgreSQL to tell a stale postmaster.pid.
func (d directory) clearStale(int) (busy bool, err error) { return false, nil }
