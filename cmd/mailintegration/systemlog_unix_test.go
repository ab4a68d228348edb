//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TestTheJournalGetsPriorities takes a file for the journal.
func TestTheJournalGetsPriorities(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	write := func(stream string) {
		t.Setenv("JOURNAL_STREAM", stream)
		log := newLogger(&terminal{to: file}, zapcore.DebugLevel).With(zap.Int("n", 1))
		log.Debug("session opened")
		log.Info("poll ended")
		log.Warn("poll failed")
		log.Error("poll failed")
	}
	write(fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	write(fmt.Sprintf("%d:%d", stat.Dev, stat.Ino+1)) // of another process, whose standard error is the journal
	write("")
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	want := []string{"<7>", "<6>", "<4>", "<3>", "", "", "", "", "", "", "", ""}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), text)
	}
	for i, line := range lines {
		rest, found := strings.CutPrefix(line, want[i])
		if !found || !json.Valid([]byte(rest)) || !strings.Contains(rest, `"n":1`) {
			t.Errorf("line %d is %s, want JSON behind %q", i, line, want[i])
		}
	}
}

// listenSyslog listens as a syslog daemon does.
func listenSyslog(t *testing.T, network, path string) net.PacketConn {
	t.Helper()
	c, err := net.ListenUnixgram(network, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// receive returns the next line that a syslog daemon receives.
func receive(t *testing.T, c net.PacketConn) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(textPatience)); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64<<10)
	n, _, err := c.ReadFrom(line)
	if err != nil {
		t.Fatal(err)
	}
	return string(line[:n])
}

func TestSyslogGetsLinesOfTheFacilityDaemon(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "log")
	s := &syslog{sockets: []string{path + ".missing", path}, limit: time.Minute}
	defer s.close()
	if err := s.send(systemEntry{level: zapcore.ErrorLevel, text: "nobody listens"}); err == nil {
		t.Error("a line that nobody got was sent")
	}
	c := listenSyslog(t, "unixgram", path)
	if err := s.send(systemEntry{level: zapcore.ErrorLevel, text: "database outage"}); err != nil {
		t.Error(err)
	}
	want := regexp.MustCompile(`^<27>\w{3} [ \d]\d \d\d:\d\d:\d\d mailintegration\[\d+\]: database outage\n$`)
	if line := receive(t, c); !want.MatchString(line) {
		t.Errorf("the daemon got %q", line)
	}
	c.Close() // the daemon is started anew
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	c = listenSyslog(t, "unixgram", path)
	if err := s.send(systemEntry{level: zapcore.InfoLevel, text: "database usable"}); err != nil {
		t.Error(err)
	}
	if line := receive(t, c); !strings.HasPrefix(line, "<30>") || !strings.HasSuffix(line, ": database usable\n") {
		t.Errorf("the new daemon got %q", line)
	}
}

// TestASyslogDaemonThatNeverReadsHoldsUpNothing fills the queue of a socket that nobody reads.
func TestASyslogDaemonThatNeverReadsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "log")
	listenSyslog(t, "unixgram", path)
	sender := &syslog{sockets: []string{path}, limit: time.Millisecond}
	err := error(nil)
	for n := 0; err == nil && n < 100_000; n++ {
		err = sender.send(systemEntry{level: zapcore.ErrorLevel, text: strings.Repeat("x", 1000)})
	}
	if !os.IsTimeout(err) {
		t.Fatalf("the full socket answers %v, want a time-out", err)
	}
	s := newSystemLog(sender, time.Millisecond)
	log := zap.New(s.core())
	for range 10 * systemQueue {
		log.Error("poll failed")
	}
	s.close()
}

// TestOnlyTheDaemonWritesToTheSystemLog opens the log as run does, and as other verbs do.
func TestOnlyTheDaemonWritesToTheSystemLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "log")
	c := listenSyslog(t, "unixgram", path)
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	r := newReloaded(t)
	e := &env{
		config: filepath.Join(r.dir, "service.xml"), stderr: &terminal{to: stderr},
		systemLog: func() systemSender { return &syslog{sockets: []string{path}, limit: time.Minute} },
	}
	for _, v := range []verbosity{logWarnings, logConfigured} {
		in, err := openWithoutStore(e, v, e.read)
		if err != nil {
			t.Fatal(err)
		}
		in.log.Error("poll failed", zap.Int("verbosity", int(v)))
		in.close()
	}
	if line := receive(t, c); !strings.Contains(line, fmt.Sprintf("verbosity=%d", logConfigured)) {
		t.Errorf("syslog got %q", line)
	}
	text, err := os.ReadFile(stderr.Name())
	if err != nil || strings.Count(string(text), "verbosity") != 2 {
		t.Errorf("standard error got %s, %v", text, err)
	}
}

// shortDir returns a new folder whose path is short enough for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mi")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
