package daemon

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

const (
	maxScriptHeap = 64 << 20 // octets that may be live in addition to those before the first script
	watchInterval = 10 * time.Millisecond
)

// scriptWatch measures from outside the bubbles how much memory their scripts use.
type scriptWatch struct {
	mu      sync.Mutex
	running map[int]uint64
	before  uint64 // octets live before the first script
	most    uint64 // octets live at most
	then    string // the scripts that ran then
	longest time.Duration
	stop    chan struct{}
	ended   chan struct{}
}

// watchScripts starts a scriptWatch.
func watchScripts() *scriptWatch {
	runtime.GC()
	w := &scriptWatch{
		running: map[int]uint64{}, before: liveOctets(), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run()
	return w
}

// liveOctets returns how much memory the last garbage collection found in use.
func liveOctets() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// begins notes that a worker plays a script.
func (w *scriptWatch) begins(worker int, script uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[worker] = script
}

// ends notes that a worker plays no more scripts, and how long its longest poll took.
func (w *scriptWatch) ends(worker int, longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, worker)
	w.longest = max(w.longest, longest)
}

// stuck fails the test for a script in which all goroutines wait for each other: the bubble panics then, so it must be
// deferred.
func (w *scriptWatch) stuck(t *testing.T, worker int) {
	if r := recover(); r != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		t.Errorf("script %d: %v", w.running[worker], r)
	}
}

// run measures at intervals until the scripts have been played.
func (w *scriptWatch) run() {
	defer close(w.ended)
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.look()
		case <-w.stop:
			return
		}
	}
}

// look measures once.
func (w *scriptWatch) look() {
	live := liveOctets()
	w.mu.Lock()
	defer w.mu.Unlock()
	if live > w.most {
		w.most, w.then = live, fmt.Sprint(w.running)
	}
}

// judge fails the test if the scripts used too much memory.
func (w *scriptWatch) judge(t *testing.T) {
	t.Helper()
	close(w.stop)
	<-w.ended
	grown := int64(w.most) - int64(w.before)
	t.Logf("%d KiB live beyond the %d KiB before, the longest poll took %v", grown>>10, w.before>>10, w.longest)
	if grown > maxScriptHeap {
		t.Errorf("%d MiB of memory were in use by scripts %s", grown>>20, w.then)
	}
}
