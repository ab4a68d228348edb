package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"mailintegration/cmd/mailintegration/service"
)

// updating is an updater for a file that a test replaces. The trial of a new file fails when it says so.
type updating struct {
	*updater
	testing.TB
	logged *observer.ObservedLogs
	serial int
	tried  int
	isOpen bool // somebody has the new file open for writing
}

func newUpdating(t *testing.T) *updating {
	t.Helper()
	u := &updating{TB: t}
	core, logged := observer.New(zap.DebugLevel)
	u.logged = logged
	path := filepath.Join(t.TempDir(), "mailintegration")
	u.updater = &updater{path: path, stat: os.Stat, log: events{zap.New(core)}, slow: time.Hour}
	u.try = func(context.Context, string) (string, error) {
		if u.isOpen {
			return "", &fs.PathError{Op: "fork/exec", Path: path, Err: syscall.ETXTBSY}
		}
		u.tried++
		text, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(text), "broken") {
			return "", errors.New("exec format error")
		}
		return "mailintegration 9.9.9", nil
	}
	u.write(path, "the running one")
	u.first = u.info()
	return u
}

// write writes a file, whose time differs from those of all others.
func (u *updating) write(path, text string) {
	u.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		u.Fatal(err)
	}
	u.serial++
	at := time.Date(2026, 11, 26, 12, 0, u.serial, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		u.Fatal(err)
	}
}

// rename replaces the executable as a package manager does: by a file beside it that is renamed.
func (u *updating) rename(text string) {
	u.Helper()
	u.write(u.path+".dpkg-new", text)
	if err := os.Rename(u.path+".dpkg-new", u.path); err != nil {
		u.Fatal(err)
	}
}

func (u *updating) remove() {
	u.Helper()
	if err := os.Remove(u.path); err != nil {
		u.Fatal(err)
	}
}

func (u *updating) info() fs.FileInfo {
	u.Helper()
	info, err := os.Stat(u.path)
	if err != nil {
		u.Fatal(err)
	}
	return info
}

// looks looks so many times and fails the test unless only the last look reports what is wanted, and the others nothing.
func (u *updating) looks(times int, want bool) {
	u.Helper()
	for i := range times {
		if got := u.look(u.Context()); got != (want && i == times-1) {
			u.Errorf("look %d of %d reports %t", i+1, times, got)
		}
	}
}

func (u *updating) wantLogged(message string, times int) {
	u.Helper()
	if n := u.logged.FilterMessage(message).Len(); n != times {
		u.Errorf("%q was logged %d times, want %d", message, n, times)
	}
}

func TestADaemonNoticesItsNewExecutable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		play func(*updating)
	}{
		{"that was renamed into place", func(u *updating) {
			u.rename("a new one")
			u.looks(2, true)
		}},
		{"that was written over the old one", func(u *updating) {
			u.write(u.path, "a new one")
			u.looks(2, true)
		}},
		{"that has the size of the old one", func(u *updating) {
			u.rename("THE RUNNING ONE")
			u.looks(2, true)
		}},
		{"that comes after the old one was absent for a moment", func(u *updating) {
			u.remove()
			u.looks(1, false)
			u.rename("a new one")
			u.looks(2, true)
		}},
		{"that is still being written at the first looks", func(u *updating) {
			for _, part := range []string{"broken: a", "broken: a new"} {
				u.write(u.path, part)
				u.looks(1, false)
			}
			u.write(u.path, "a new one")
			u.looks(2, true)
			u.wantLogged("new executable does not run", 0)
		}},
		{"that its writer closes late", func(u *updating) {
			u.rename("a new one")
			u.isOpen = true
			u.looks(4, false)
			u.isOpen = false
			u.looks(1, true)
			u.wantLogged("new executable does not run", 0)
		}},
		{"that was replaced twice", func(u *updating) {
			u.rename("a new one")
			u.looks(1, false)
			u.rename("a newer one")
			u.looks(2, true)
			if u.tried != 1 {
				u.Errorf("%d trials", u.tried)
			}
		}},
		{"that replaces one that did not run", func(u *updating) {
			u.rename("a broken one")
			u.looks(2, false)
			u.rename("a correct one")
			u.looks(2, true)
			u.wantLogged("new executable does not run", 1)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := newUpdating(t)
			u.looks(3, false)
			tt.play(u)
			u.wantLogged("executable replaced", 1)
		})
	}
}

func TestADaemonStays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		play    func(*updating)
		refused int
	}{
		{"while nothing has changed", func(u *updating) { u.looks(5, false) }, 0},
		{"when its executable was removed", func(u *updating) {
			u.remove()
			u.looks(5, false)
		}, 0},
		{"when its executable was replaced by a broken one, and says so once", func(u *updating) {
			u.rename("a broken one")
			u.looks(10, false)
			if u.tried != 1 {
				u.Errorf("%d trials", u.tried)
			}
		}, 1},
		{"when its executable was replaced by two broken ones, and says so of each", func(u *updating) {
			for _, text := range []string{"broken", "also broken"} {
				u.rename(text)
				u.looks(3, false)
			}
		}, 2},
		{"when the old executable has come back", func(u *updating) {
			old := u.path + ".old"
			if err := os.Rename(u.path, old); err != nil {
				u.Fatal(err)
			}
			u.rename("a new one")
			u.looks(1, false)
			if err := os.Rename(old, u.path); err != nil {
				u.Fatal(err)
			}
			u.looks(3, false)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := newUpdating(t)
			tt.play(u)
			u.wantLogged("executable replaced", 0)
			u.wantLogged("new executable does not run", tt.refused)
		})
	}
}

// TestAnExecutableOnADeadShareDoesNotHang has a share that never answers: the log says so, and a stop waits for nothing.
func TestAnExecutableOnADeadShareDoesNotHang(t *testing.T) {
	t.Parallel()
	u := newUpdating(t)
	log := &followed{}
	in := installation{log: newLogger(log, zap.InfoLevel)}
	u.log, u.slow = in.events(), time.Millisecond
	never := make(chan struct{})
	defer close(never)
	u.stat = func(string) (fs.FileInfo, error) {
		<-never
		return nil, fs.ErrNotExist
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	look := make(chan time.Time, 1)
	look <- time.Time{}
	ended := make(chan bool)
	go func() { ended <- u.run(ctx, look) }()
	log.await(t, "executable does not answer")
	stop()
	if <-ended {
		t.Error("it reports a new executable")
	}
}

func TestAStopDuringTheTrialIsAStop(t *testing.T) {
	t.Parallel()
	u := newUpdating(t)
	u.rename("a new one")
	ctx, stop := context.WithCancel(t.Context())
	u.try = func(ctx context.Context, _ string) (string, error) {
		stop()
		<-ctx.Done()
		return "", ctx.Err()
	}
	u.looks(1, false)
	if u.look(ctx) {
		t.Error("it reports a new executable")
	}
	u.wantLogged("new executable does not run", 0)
}

// TestADaemonThatRootHasStartedWaitsForAPerson has given up root's rights, without which it may not be able to start again.
func TestADaemonThatRootHasStartedWaitsForAPerson(t *testing.T) {
	t.Parallel()
	u := newUpdating(t)
	e := &env{account: "mail"}
	if e.canRestart(u.updater, service.Unmanaged{}) {
		t.Error("it restarts")
	}
	u.wantLogged("new executable waits for a restart", 1)
	if !e.canRestart(u.updater, managed{}) {
		t.Error("the service manager starts it as root again, but it does not restart")
	}
}

// managed is a service manager.
type managed struct{ service.Manager }

func TestATrialTellsWhetherAProgramRuns(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs scripts of the shell")
	}
	for _, tt := range []struct{ name, script, version, err string }{
		{"this program", "#!/bin/sh\necho \"mailintegration 9.9.9 (test)\"\n", "mailintegration 9.9.9 (test)", ""},
		{"another program", "#!/bin/sh\necho hello\n", "", "it is another program"},
		{"a program that fails", "#!/bin/sh\necho no such library >&2; exit 127\n", "", "no such library"},
		{"no program", "hello", "", "exec format error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "mailintegration")
			writeExecutable(t, path, strings.NewReader(tt.script))
			version, err := tryExecutable(t.Context(), path)
			if version != tt.version || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v", version, err)
			}
		})
	}
}

func TestATrialTellsThatTheProgramIsStillOpenForWriting(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("Linux refuses to run such a program")
	}
	path := filepath.Join(t.TempDir(), "mailintegration")
	writer, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := tryExecutable(t.Context(), path); !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("got %v", err)
	}
}

// TestATrialEndsWhenTheProgramNeverAnswers has a program that waits for ever, with a child that keeps its output open.
func TestATrialEndsWhenTheProgramNeverAnswers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs scripts of the shell")
	}
	path := filepath.Join(t.TempDir(), "mailintegration")
	writeExecutable(t, path, strings.NewReader("#!/bin/sh\nsleep 86400\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := tryExecutable(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestTheExecutableIsTheOneThatTheProcessWasStartedAs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, link, other := filepath.Join(dir, "v1"), filepath.Join(dir, "link"), filepath.Join(dir, "other")
	for _, path := range []string{program, other} {
		if err := os.WriteFile(path, []byte(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, link); err != nil {
		t.Skip(err)
	}
	for arg, want := range map[string]string{link: link, program: program, other: program, filepath.Join(dir, "none"): program} {
		if got := startedAs(program, arg); got != want {
			t.Errorf("started as %s: %s, want %s", arg, got, want)
		}
	}
}

// copyProgram copies the program to a path, with octets at its end that change nothing.
func copyProgram(t testing.TB, path, end string) {
	t.Helper()
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	writeExecutable(t, path, io.MultiReader(from, strings.NewReader(end)))
}

// writeExecutable puts an executable file at a path, which can be run at once. Meanwhile no other test starts a program: a process
// that has just been forked has the new file open for writing until it becomes that program, and the kernel runs no such file
// (ETXTBSY).
func writeExecutable(t testing.TB, path string, content io.Reader) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	to, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, content)
	if err := errors.Join(err, to.Close(), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}
