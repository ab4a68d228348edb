package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	// lockPatience is how long a run waits for another one that changes files of the configuration.
	lockPatience = 10 * time.Second
	// lockInterval is the time between two attempts to lock. Most runs take less.
	lockInterval = 50 * time.Millisecond
)

// lockedError says that another run of the program changes files of the configuration.
type lockedError struct{ process int } // 0 for unknown

// Error implements error.
func (e *lockedError) Error() string {
	process := ""
	if e.process != 0 {
		process = " (process " + strconv.Itoa(e.process) + ")"
	}
	return "another program changes these files" + process
}

// errNoLocks says that a file system has no locks.
var errNoLocks = errors.New("the file system has no locks")

// lockFiles keeps other runs of the program from changing files of the configuration, until the caller calls unlock or the process
// ends: the system releases the lock, however that happens. It waits for another run, but not forever. A run that writes holds the
// lock from before it reads what it changes until it has written, and never while it waits for a person or for a server.
func (e *env) lockFiles() (unlock func(), err error) {
	folder := filepath.Dir(e.config)
	ctx, cancel := context.WithTimeout(e.ctx, lockPatience)
	defer cancel()
	for {
		unlock, err := tryLock(folder)
		held := new(lockedError)
		switch {
		case err == nil:
			return unlock, nil
		case errors.Is(err, os.ErrNotExist): // nothing is there to change; the run says so itself
			return func() {}, nil
		case errors.Is(err, errNoLocks):
			printLine(e.stderr, "warning  %s: %v: let no other run of this program change these files until this one has ended", folder, err)
			return func() {}, nil
		case !errors.As(err, &held):
			return nil, &failure{
				code: exitFailed, err: fmt.Errorf("nothing was changed: %w", err),
				hint: "run this as root or administrator, or as the account that the folder " + folder + " belongs to",
			}
		}
		timer := time.NewTimer(lockInterval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if e.ctx.Err() != nil {
				return nil, context.Cause(e.ctx)
			}
			return nil, &failure{code: exitFailed, err: fmt.Errorf("nothing was changed: %w", held), hint: "run this again when it has ended"}
		}
	}
}
