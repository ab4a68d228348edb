package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/daemon"
)

// heard is a service manager that notes what it hears.
type heard struct {
	service.Unmanaged
	words chan string
}

// Ready implements service.Manager.
func (h heard) Ready() { h.words <- "ready" }

// Tell implements service.Manager.
func (h heard) Tell(status string) { h.words <- status }

// Alive implements service.Manager.
func (h heard) Alive() { h.words <- "alive" }

// Stopping implements service.Manager.
func (h heard) Stopping(extend time.Duration) { h.words <- fmt.Sprint("stopping, ", extend) }

// Watchdog implements service.Manager.
func (h heard) Watchdog() time.Duration { return 90 * time.Second }

// watched is a daemon whose state a test sets between two looks.
type watched struct {
	mu     sync.Mutex
	status daemon.Status
	stuck  error
	asked  func() // called by Status
}

// set changes the daemon.
func (w *watched) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// Status implements attended.
func (w *watched) Status() daemon.Status {
	w.mu.Lock()
	status, asked := w.status, w.asked
	w.mu.Unlock()
	if asked != nil {
		asked()
	}
	return status
}

// Stuck implements attended.
func (w *watched) Stuck() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stuck
}

// attendedBy begins to attend a daemon. look makes the attendant look, and returns what the manager hears.
func attendedBy(t *testing.T, ctx context.Context, d *watched) (look func(words int) []string, h heard, logged *observer.ObservedLogs) {
	t.Helper()
	h = heard{words: make(chan string, 100)}
	core, logged := observer.New(zap.DebugLevel)
	due := make(chan time.Time)
	a := newAttendant(h)
	a.timer = func(time.Duration) <-chan time.Time { return due }
	a.begin(ctx, d, events{zap.New(core)})
	t.Cleanup(a.end)
	return func(words int) (all []string) {
		due <- time.Now()
		for range words {
			all = append(all, <-h.words)
		}
		return all
	}, h, logged
}

// take returns the next words that the manager hears.
func (h heard) take(n int) (all []string) {
	for range n {
		all = append(all, <-h.words)
	}
	return all
}

func TestTheServiceManagerHearsHowTheDaemonIs(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	d := &watched{status: daemon.Status{At: noon}}
	ctx, stop := context.WithCancel(t.Context())
	look, h, _ := attendedBy(t, ctx, d)
	if diff := cmp.Diff([]string{"starting", "alive", "ready"}, h.take(3)); diff != "" {
		t.Error("at the start: ", diff)
	}
	d.set(func() {
		d.status = daemon.Status{At: noon, StartedAt: noon, Live: true, Database: daemon.DatabaseStatus{Since: noon}}
	})
	if diff := cmp.Diff([]string{"no mailbox is configured", "alive"}, look(2)); diff != "" {
		t.Error("at a look: ", diff)
	}
	if diff := cmp.Diff([]string{"alive"}, look(1)); diff != "" {
		t.Error("a sentence that has not changed: ", diff)
	}
	stop()
	if diff := cmp.Diff([]string{"stopping, 15s", stoppingSentence}, h.take(2)); diff != "" {
		t.Error("at the stop: ", diff)
	}
	if diff := cmp.Diff([]string{"alive", "stopping, 15s"}, look(2)); diff != "" {
		t.Error("while it stops: ", diff)
	}
}

func TestADaemonThatMakesNoProgressIsNotAlive(t *testing.T) {
	t.Parallel()
	d := &watched{}
	look, h, logged := attendedBy(t, t.Context(), d)
	h.take(3)
	d.set(func() { d.stuck = errors.New("the mailbox helpdesk makes no progress") })
	look(0)
	look(0)
	d.set(func() { d.stuck = nil })
	if diff := cmp.Diff([]string{"alive"}, look(1)); diff != "" {
		t.Error("after it goes on: ", diff)
	}
	all := logged.FilterMessage("daemon makes no progress").All()
	if len(all) != 1 || all[0].ContextMap()["error"] != "the mailbox helpdesk makes no progress" {
		t.Errorf("the log has %v, want one event", all)
	}
}

// TestADaemonWhoseStatusHangsIsNotAlive plays two goroutines that wait for each other's locks.
func TestADaemonWhoseStatusHangsIsNotAlive(t *testing.T) {
	t.Parallel()
	hangs, goOn := make(chan struct{}), make(chan struct{})
	d := &watched{}
	look, h, _ := attendedBy(t, t.Context(), d)
	h.take(3)
	d.set(func() {
		d.asked = func() {
			close(hangs)
			<-goOn
		}
	})
	look(0)
	<-hangs
	if len(h.words) != 0 {
		t.Errorf("the service manager hears %s", <-h.words)
	}
	d.set(func() { d.asked = nil })
	close(goOn)
	h.take(1)
}
