package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/daemon"
)

// sentLines is a system log that keeps what it gets.
type sentLines struct {
	mu    sync.Mutex
	lines []string // "level text"
	fails bool
}

func (s *sentLines) send(e systemEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, e.level.String()+" "+e.text)
	if s.fails {
		return errors.New("full")
	}
	return nil
}

func (s *sentLines) close() {}

// hangingLog is a system log that never takes a line.
type hangingLog struct{ entered, released chan struct{} }

func (h *hangingLog) send(systemEntry) error {
	h.entered <- struct{}{}
	<-h.released
	return nil
}

func (h *hangingLog) close() {}

func TestTheSystemLogGetsErrorsAndTheEndOfAnOutage(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		sent := &sentLines{fails: fails}
		s := newSystemLog(sent, time.Minute)
		log := zap.New(s.core()).Named("daemon").With(zap.String("mailbox", "helpdesk"))
		log.Info("daemon started")
		log.Debug("session opened")
		log.Info("database usable", zap.Bool(daemon.OutageEnded, false))
		log.Warn("poll failed")
		log.Error("poll failed", zap.String("hint", "correct it\nand wait"))
		log.Info("database usable", zap.Bool(daemon.OutageEnded, true))
		s.close()
		want := []string{
			`info helpdesk: daemon started`,
			`error helpdesk: poll failed; hint: correct it\nand wait`,
			`info helpdesk: database usable (outage_ended=true)`,
		}
		if !slices.Equal(sent.lines, want) {
			t.Errorf("the system log got %q, want %q", sent.lines, want)
		}
	}
}

func TestASystemLogThatHangsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	h := &hangingLog{entered: make(chan struct{}, 1), released: make(chan struct{})}
	defer close(h.released)
	s := newSystemLog(h, time.Millisecond)
	log := zap.New(s.core())
	log.Error("first")
	<-h.entered
	for i := range 10 * systemQueue {
		log.Error("more", zap.Int("i", i))
	}
	if n := len(s.things); n != systemQueue {
		t.Errorf("%d lines wait, want %d", n, systemQueue)
	}
	s.close()
}

func TestALongLineIsShortenedForTheSystemLog(t *testing.T) {
	t.Parallel()
	sent := &sentLines{}
	s := newSystemLog(sent, time.Minute)
	zap.New(s.core()).Error(strings.Repeat("é", systemLine))
	s.close()
	if n := len(sent.lines[0]); n > systemLine+len("error ") || n < systemLine-10 {
		t.Errorf("the line has %d octets", n)
	}
}

func TestALevelHasItsPriority(t *testing.T) {
	t.Parallel()
	var got []string
	for l := zapcore.DebugLevel; l <= zapcore.FatalLevel; l++ {
		got = append(got, fmt.Sprint(l, priority(l)))
	}
	if want := "debug 7, info 6, warn 4, error 3, dpanic 2, panic 2, fatal 2"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
