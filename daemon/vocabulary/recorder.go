package vocabulary

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap/zapcore"
)

// Recorder notes which events are logged in a file, so that several processes can share it and none forgets when it is killed.
type Recorder struct {
	path string

	mu   sync.Mutex
	seen map[string]bool
	err  error
}

// NewRecorder returns a Recorder that notes in a file.
func NewRecorder(path string) *Recorder { return &Recorder{path: path, seen: map[string]bool{}} }

// Core returns a core that writes what core does, and notes each event of every level.
func (r *Recorder) Core(core zapcore.Core) zapcore.Core { return zapcore.NewTee(core, recording{r}) }

// note notes an event, when it is logged for the first time.
func (r *Recorder) note(level zapcore.Level, name string) {
	key := level.String() + " " + name
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[key] || r.err != nil {
		return
	}
	r.seen[key] = true
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = fmt.Fprintln(f, key)
		f.Close()
	}
	r.err = err
}

// Check compares what was noted, also by other processes, with the events of the program: each of those that must must be
// there, and no other one.
func (r *Recorder) Check(all []Event, must func(Event) bool) error {
	text, err := os.ReadFile(r.path)
	if err != nil {
		return err
	}
	noted := strings.Split(strings.TrimSpace(string(text)), "\n")
	known := map[string]bool{}
	var missing, unknown []string
	for _, e := range all {
		key := e.Level + " " + e.Name
		known[key] = true
		if must(e) && !slices.Contains(noted, key) {
			missing = append(missing, key)
		}
	}
	for _, key := range noted {
		if !known[key] && !slices.Contains(unknown, key) {
			unknown = append(unknown, key)
		}
	}
	if len(missing)+len(unknown) == 0 {
		return r.err
	}
	return fmt.Errorf("events that no test has seen: %q; events that no events.go has: %q", missing, unknown)
}

// recording is a core that notes events.
type recording struct{ r *Recorder }

// Enabled implements zapcore.Core.
func (recording) Enabled(zapcore.Level) bool { return true }

// With implements zapcore.Core.
func (c recording) With([]zapcore.Field) zapcore.Core { return c }

// Check implements zapcore.Core.
func (c recording) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

// Write implements zapcore.Core.
func (c recording) Write(e zapcore.Entry, _ []zapcore.Field) error {
	c.r.note(e.Level, e.Message)
	return nil
}

// Sync implements zapcore.Core.
func (recording) Sync() error { return nil }
