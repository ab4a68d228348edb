package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/cmd/mailintegration/logfile"
)

// TestTheTailFollowsADaemonFromFileToFile writes as the daemon does, while a tail looks when the test says so.
func TestTheTailFollowsADaemonFromFileToFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	w, err := logfile.Open(logfile.Options{Directory: directory, Limits: logfile.Limits{MaxOctets: 200}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	log := zap.New(zapcore.NewCore(newEncoder(), zapcore.AddSync(w), zapcore.DebugLevel))
	log.Info("before", zap.String("mailbox", "a"))
	ctx, stop := context.WithCancel(t.Context())
	look, printed, ended := make(chan time.Time), make(chan string), make(chan error)
	c := &logsTailCmd{Mailbox: "a", Level: "info", Lines: 5, Follow: true}
	go func() {
		ended <- c.tail(ctx, directory, look, func(text []byte) {
			_, line, _ := strings.Cut(string(c.readable(text)), "INFO  ")
			printed <- line
		})
	}()
	if got := <-printed; got != "a: before" {
		t.Errorf("got %s", got)
	}
	for i := range 20 {
		log.Info(fmt.Sprint("line ", i), zap.String("mailbox", "a"))
		log.Info("of another mailbox", zap.String("mailbox", "b"))
		log.Debug("of a lower level", zap.String("mailbox", "a"))
		look <- time.Time{}
		if got, want := <-printed, fmt.Sprint("a: line ", i); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(directory, "*.log")); len(files) < 10 {
		t.Errorf("the log went to %d files only", len(files))
	}
}

// TestTheLogFilesOfTheDaemonHaveTheirLimits opens the log as run does, and fills it.
func TestTheLogFilesOfTheDaemonHaveTheirLimits(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.service("<LogDirectory>log</LogDirectory><MaxLogFiles>2</MaxLogFiles><MaxLogFileSize>64KB</MaxLogFileSize>")
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	e := &env{config: filepath.Join(r.dir, "service.xml"), stderr: &terminal{to: stderr}}
	in, err := openWithoutStore(e, logConfigured, e.read)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		in.log.Info("poll ended", zap.Int("i", i), zap.String("text", strings.Repeat("x", 200)))
	}
	in.close()
	text, err := os.ReadFile(stderr.Name())
	if err != nil || !strings.Contains(string(text), `"msg":"old log files removed"`) || strings.Count(string(text), "poll ended") != 1000 {
		t.Errorf("standard error got %.300s, %v", text, err)
	}
	files, err := logfile.List(filepath.Join(r.dir, "log"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files are left, want 2: %v", len(files), err)
	}
	for _, f := range files {
		if f.Octets > 64<<10 {
			t.Errorf("%s has %d octets", f.Name, f.Octets)
		}
	}
}
