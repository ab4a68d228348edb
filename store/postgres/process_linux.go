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

// endWithUs makes the kernel send a program a signal when the thread that started it dies.
func endWithUs(attr *syscall.SysProcAttr, with syscall.Signal) { attr.Pdeathsig = with }

// alive reports whether pid is the server of this data directory. A pid from a file may by now belong to a zombie that
// nobody waits for, or to another program, as it regularly does after a container restarts.
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

// parseStat reads the name and the state from /proc/PID/stat: `7 (postgres) S …`. A name may contain brackets.
func parseStat(stat []byte) (name string, state byte) {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open || end+2 >= len(stat) {
		return "", 0
	}
	return string(stat[open+1 : end]), stat[end+2]
}

// clearStale removes a postmaster.pid that PostgreSQL would take for the file of a running server although its process
// is a zombie or another program; PostgreSQL itself notices when the process is gone. While a process of the dead
// server still runs, no other server may start: then clearStale leaves the file and returns true.
func (d directory) clearStale(pid int) (busy bool, err error) {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false, nil
	}
	if d.hasOrphans() {
		return true, nil
	}
	err = d.root.Remove("cluster/postmaster.pid")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return false, err
}

// hasOrphans reports whether any process of a server of this data directory still runs.
func (d directory) hasOrphans() bool {
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
