package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mailintegration/cmd/mailintegration/service"
)

// replacedError ends a daemon whose executable was replaced. The service manager then starts the new one, or the process
// becomes it.
type replacedError struct{ path string }

func (e *replacedError) Error() string {
	return "the executable " + e.path + " was replaced; the service manager starts the new one"
}

const (
	// trialTime is how long a new executable may take to print its version. Nobody waits for it, and right after an upgrade a machine
	// is busy.
	trialTime = time.Minute
	// outputTime is how long the last output of a child may take after its end. It has come by then, unless this process stood still,
	// or a child of the child has the output too.
	outputTime = 10 * time.Second
	// updatePatience is how long a look at the executable may take until the log says that it takes too long.
	updatePatience = 2 * time.Minute
)

// updater notices that the program's executable was replaced, and makes sure that the new one runs. It only reads. Whether the
// new program fits the schema of the database is the new program's question: it migrates, or says why it cannot.
type updater struct {
	path  string
	stat  func(path string) (fs.FileInfo, error)
	try   func(ctx context.Context, path string) (version string, err error)
	log   events
	slow  time.Duration
	first fs.FileInfo // the running executable

	candidate fs.FileInfo // what the last look found instead, nil if nothing
	refused   fs.FileInfo // what did not run
}

// newUpdater returns the updater for the running executable, nil if nobody can tell where that is.
func newUpdater(log events) *updater {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	path = startedAs(path, os.Args[0])
	running, err := os.Stat("/proc/self/exe") // on Linux, also when it was replaced since the start
	if err != nil {
		running, err = os.Stat(path)
	}
	if err != nil {
		return nil
	}
	return &updater{path: path, stat: os.Stat, try: tryExecutable, log: log, slow: updatePatience, first: running}
}

// startedAs returns the path by which the process was started, if that leads to its executable, otherwise path: it may be a link
// that an update turns to another version.
func startedAs(path, arg string) string {
	named, err := exec.LookPath(arg)
	if err != nil {
		return path
	}
	named, err = filepath.Abs(named)
	info, noInfo := os.Stat(path)
	other, noOther := os.Stat(named)
	if err != nil || noInfo != nil || noOther != nil || !os.SameFile(info, other) {
		return path
	}
	return named
}

// run looks whenever look has a signal, until ctx is cancelled. It returns true once a new executable is there and runs. It does
// not wait for a file system that does not answer.
func (u *updater) run(ctx context.Context, look <-chan time.Time) (replaced bool) {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-look:
		}
		replaced, ok := u.await(ctx)
		if !ok || replaced {
			return replaced
		}
	}
}

// await looks in a goroutine of its own. It returns false when ctx is cancelled first; the look is then left alone.
func (u *updater) await(ctx context.Context) (replaced, ok bool) {
	done := make(chan bool, 1)
	go func() { done <- u.look(ctx) }()
	silent := time.NewTimer(u.slow)
	defer silent.Stop()
	for {
		select {
		case replaced := <-done:
			return replaced, true
		case <-ctx.Done():
			return false, false
		case <-silent.C:
			u.log.executableSilent(u.path, u.slow)
		}
	}
}

// look looks at the executable once, and reports whether the daemon shall make way for a new one. An executable that is absent
// is no new one: a package manager removes the old file a moment before it renames the new one.
func (u *updater) look(ctx context.Context) (replaced bool) {
	found, err := u.stat(u.path)
	if err != nil || isSameVersion(found, u.first) {
		u.candidate = nil
		return false
	}
	isSettled := u.candidate != nil && isSameVersion(found, u.candidate)
	u.candidate = found
	if !isSettled || u.refused != nil && isSameVersion(found, u.refused) {
		return false // somebody may still be writing it; or it was tried
	}
	version, err := u.try(ctx, u.path)
	switch {
	case ctx.Err() != nil, errors.Is(err, syscall.ETXTBSY): // somebody has it still open for writing: the next look tries it again
		return false
	case err != nil:
		u.refused = found
		u.log.executableRefused(u.path, err)
		return false
	}
	u.log.executableReplaced(u.path, version)
	return true
}

// isSameVersion reports whether two looks have found the same file with the same content, as far as its data tell.
func isSameVersion(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// tryExecutable runs the verb version of an executable and returns what it prints.
func tryExecutable(ctx context.Context, path string) (version string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, trialTime, fmt.Errorf("it did not print its version within %s", trialTime))
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, outputTime
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("%w: %.200q", err, out.String())
	}
	version = strings.TrimSpace(out.String())
	if !strings.HasPrefix(version, "mailintegration ") {
		return "", fmt.Errorf("it is another program: it printed %.200q", version)
	}
	return inOneLine(version), nil
}

// followUpdates calls replaced once the executable was replaced and the daemon can restart. It returns when ctx is cancelled.
func (e *env) followUpdates(ctx context.Context, log events, m service.Manager, every time.Duration, replaced func(path string)) {
	u := newUpdater(log)
	if u == nil || every <= 0 {
		return
	}
	looks := time.NewTicker(every)
	defer looks.Stop()
	if u.run(ctx, looks.C) && e.canRestart(u, m) {
		replaced(u.path)
	}
}

// canRestart reports whether the daemon can restart by itself. If not, the log asks a person to do it.
func (e *env) canRestart(u *updater, m service.Manager) bool {
	_, isPlain := m.(service.Unmanaged)
	switch {
	case !isPlain:
		return true
	case !canBecome:
		u.log.executableWaits(u.path, "no service manager runs the daemon")
		return false
	case e.account != "":
		u.log.executableWaits(u.path, "root has started the daemon, which runs as "+e.account+" and may not read all that root can")
		return false
	}
	return true
}

// makeWay ends a daemon whose executable was replaced. A service manager starts the new one; without one the process becomes it.
func makeWay(replaced *replacedError, isManaged bool) error {
	if isManaged {
		return &failure{code: exitReplaced, err: replaced}
	}
	return fmt.Errorf("start the new executable %s: %w", replaced.path, become(replaced.path))
}
