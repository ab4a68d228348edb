package postgres

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

func endWithUs(attr *syscall.SysProcAttr, with syscall.Signal) { attr.Pdeathsig = with }

// alive tells whether pid is the server of this data directory: a pid in a file may by now be a zombie that
// nobody waits for, or another program's, as it regularly is after a container was started anew.
func (d directory) alive(pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return false
	}
	name, state := parseStat(stat)
	if name != "postgres" || state == 'Z' || state == 'X' {
		return false
	}
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	return err != nil || cwd == d.cluster()
}

// parseStat reads the name and the state from /proc/PID/stat: `7 (postgres) S …`, where a name may hold brackets.
func parseStat(stat []byte) (name string, state byte) {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open || end+2 >= len(stat) {
		return "", 0
	}
	return string(stat[open+1 : end]), stat[end+2]
}

// clearStale removes a postmaster.pid that PostgreSQL would take for a running server's although its process is a
// zombie or another program's. PostgreSQL sees by itself that a process is gone. It returns true, and leaves the file,
// while a process of the dead server is still at work: beside it no server may start.
func (d directory) clearStale(pid int) (busy bool, err error) {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false, nil
	}
	if d.orphans() {
		return true, nil
	}
	err = d.root.Remove("cluster/postmaster.pid")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return false, err
}

// orphans tells whether any process of a server of this data directory is still there.
func (d directory) orphans() bool {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return true
	}
	for _, proc := range all {
		if pid, err := strconv.Atoi(filepath.Base(proc)); err != nil || !d.alive(pid) {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil && cwd == d.cluster() {
			return true
		}
	}
	return false
}
