package main

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// followed is the log of a program, which a test reads from one line to a later one.
type followed struct {
	mu      sync.Mutex
	text    strings.Builder
	read    int           // how much of it await has read
	changed chan struct{} // closed at the next change
	ended   bool          // nothing follows
}

// Write implements io.Writer.
func (f *followed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text.Write(p)
	f.tell()
	return len(p), nil
}

// end tells who waits for a text that the program has ended.
func (f *followed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.tell()
}

// tell tells of a change. The caller holds mu.
func (f *followed) tell() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// String returns the log so far.
func (f *followed) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

// textPatience is how long a text may take to appear in a log.
const textPatience = 3 * time.Minute

// await waits for a text behind the last one, and returns what was logged before it. It fails the test when the program ends without
// the text, or the text does not come.
func (f *followed) await(t testing.TB, text string) (before string) {
	t.Helper()
	late := time.After(textPatience)
	for {
		f.mu.Lock()
		before, _, found := strings.Cut(f.text.String()[f.read:], text)
		if found {
			f.read += len(before) + len(text)
			f.mu.Unlock()
			return before
		}
		if f.changed == nil {
			f.changed = make(chan struct{})
		}
		changed, ended := f.changed, f.ended
		f.mu.Unlock()
		if ended {
			t.Fatalf("the program has ended; its log does not say %q:\n%s", text, before)
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("the log does not say %q:\n%s", text, before)
		}
	}
}

// begun is a program that runs while a test goes on.
type begun struct {
	*exec.Cmd
	ended chan struct{}
	err   error // of its end
}

// begin starts a program whose output goes to a log. If it still runs at the end of the test, it is killed.
func begin(t testing.TB, cmd *exec.Cmd, log *followed) *begun {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &begun{Cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		defer log.end()
		p.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-p.ended
	})
	return p
}

// Wait waits for the end of the program and returns its error. It may be called twice.
func (p *begun) Wait() error {
	<-p.ended
	return p.err
}

// beginHere runs the daemon in the process of the test. stop stops it and returns its exit code; the end of the test stops it, too.
func beginHere(t testing.TB, config string) (log *followed, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log = &followed{}
	var code int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer log.end()
		code = run(ctx, []string{"run", "-c", config}, nil, log, log)
	}()
	stop = func() int {
		cancel()
		<-ended
		return code
	}
	t.Cleanup(func() { stop() }) // before the test's files are removed
	return log, stop
}
