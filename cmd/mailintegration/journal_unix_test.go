//go:build unix

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// journalSocket is the library's name of the socket that journald listens at.
//
//go:linkname journalSocket github.com/coreos/go-systemd/v22/journal.journalSocket
var journalSocket string

// listenAsJournald listens at a socket as journald does. Only one test at a time may do that.
func listenAsJournald(t *testing.T) *net.UnixConn {
	t.Helper()
	path, before := filepath.Join(shortDir(t), "socket"), journalSocket
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	journalSocket = path
	t.Cleanup(func() {
		conn.Close()
		journalSocket = before
	})
	return conn
}

// receiveEntry returns the fields of the next entry that journald receives, and whether it came in a file.
func receiveEntry(t *testing.T, conn *net.UnixConn) (fields map[string]string, inFile bool) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(textPatience)); err != nil {
		t.Fatal(err)
	}
	octets, rights := make([]byte, 1<<20), make([]byte, 100)
	n, r, _, _, err := conn.ReadMsgUnix(octets, rights)
	if err != nil {
		t.Fatal(err)
	}
	octets = octets[:n]
	if r > 0 {
		octets, inFile = readPassed(t, rights[:r]), true
	}
	return entryOf(t, octets), inFile
}

// readPassed returns the content of the file that a message passed on.
func readPassed(t *testing.T, rights []byte) []byte {
	t.Helper()
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		t.Fatal(err)
	}
	files, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(files[0]), "entry")
	defer f.Close()
	content, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// entryOf reads an entry in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
func entryOf(t *testing.T, octets []byte) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for len(octets) > 0 {
		line, rest, _ := bytes.Cut(octets, []byte{'\n'})
		name, value, whole := strings.Cut(string(line), "=")
		if !whole {
			size := binary.LittleEndian.Uint64(rest)
			value, rest = string(rest[8:8+size]), rest[8+size+1:]
		}
		fields[name] = value
		octets = rest
	}
	return fields
}

// TestTheJournalGetsFields is not parallel: the library has one socket.
func TestTheJournalGetsFields(t *testing.T) {
	conn := listenAsJournald(t)
	var stderr bytes.Buffer
	in := &installation{log: zap.NewNop(), level: zap.NewAtomicLevelAt(zapcore.DebugLevel)}
	q, core := in.openLines("journal", newJournalWriter(&stderr).write)
	log := zap.New(core).Named("poll").With(zap.String("mailbox", "helpdesk"))
	log.Error("poll failed", zap.String("message_id", "<1@a.example>"), zap.Int64("request", 4711), zap.Int64("event", 12),
		zap.Error(errors.New("one\ntwo")), zap.String("hint", "wait"), zap.String("1_ä.x", "y"), zap.String("__", "no name"))
	got, inFile := receiveEntry(t, conn)
	want := map[string]string{
		"MESSAGE":  `helpdesk: poll failed: one\ntwo (message_id=<1@a.example> request=4711 event=12 1_ä.x=y __="no name"); hint: wait`,
		"PRIORITY": "3", "SYSLOG_IDENTIFIER": "mailintegration", "MESSAGE_ID": messageID("poll failed"), "LOG_EVENT": "poll failed",
		"LOGGER": "poll", "MAILBOX": "helpdesk", "MAIL_MESSAGE_ID": "<1@a.example>", "REQUEST": "4711", "EVENT": "12", "ERROR": "one\ntwo",
		"HINT": "wait", "X": "y",
	}
	if diff := cmp.Diff(want, got); diff != "" || inFile {
		t.Errorf("in a file: %t\n%s", inFile, diff)
	}
	for _, c := range []struct {
		level    zapcore.Level
		priority string
	}{{zapcore.DebugLevel, "7"}, {zapcore.InfoLevel, "6"}, {zapcore.WarnLevel, "4"}} {
		log.Log(c.level, "poll ended")
		if got, _ := receiveEntry(t, conn); got["PRIORITY"] != c.priority || got["MESSAGE_ID"] != messageID("poll ended") {
			t.Errorf("%s: got %v", c.level, got)
		}
	}
	stack := strings.Repeat("goroutine 1\n", 100_000)
	log.Error("poll panicked", zap.String("stack", stack))
	if got, inFile := receiveEntry(t, conn); !inFile || got["STACK"] != stack || got["MESSAGE"] != "helpdesk: poll panicked" {
		t.Errorf("a large entry came in a file: %t; its message is %q", inFile, got["MESSAGE"])
	}
	if !q.close() || stderr.Len() > 0 {
		t.Errorf("standard error got %s", &stderr)
	}
}

// TestAJournalThatCannotBeReachedGetsLines is not parallel: the library has one socket.
func TestAJournalThatCannotBeReachedGetsLines(t *testing.T) {
	conn := listenAsJournald(t)
	conn.Close()
	os.Remove(journalSocket)
	var stderr bytes.Buffer
	in := &installation{log: zap.NewNop(), level: zap.NewAtomicLevelAt(zapcore.DebugLevel)}
	q, core := in.openLines("journal", newJournalWriter(&stderr).write)
	zap.New(core).Warn("poll failed", zap.Int("listed", 3))
	q.close()
	if got := stderr.String(); !strings.HasPrefix(got, `<4>{"level":"warn",`) || !strings.HasSuffix(got, `"msg":"poll failed","listed":3}`+"\n") {
		t.Errorf("standard error got %q", got)
	}
}

// TestAJournalThatNeverReadsHoldsUpNothing is not parallel: the library has one socket. It fills the socket and the queue.
func TestAJournalThatNeverReadsHoldsUpNothing(t *testing.T) {
	conn := listenAsJournald(t)
	in := &installation{log: zap.NewNop(), level: zap.NewAtomicLevelAt(zapcore.DebugLevel)}
	q, core := in.openLines("journal", newJournalWriter(io.Discard).write)
	q.limit = time.Millisecond
	log := zap.New(core)
	for i := 0; q.lost.Load() == 0; i++ {
		log.Info("poll ended", zap.Int("i", i))
	}
	if q.close() {
		t.Error("the queue has ended, though nobody reads")
	}
	go func() {
		for octets := make([]byte, 1<<16); ; {
			if _, err := conn.Read(octets); err != nil {
				return
			}
		}
	}()
	<-q.ended
}

func TestTheIdentifierOfAnEventNeverChanges(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{"daemon started": "dc4d1488a2125f369b349f31bd53f56e", "poll failed": "986e7defb705559bad1390cec3545350"} {
		if got := messageID(event); got != want {
			t.Errorf("%s has %s, want %s", event, got, want)
		}
	}
}

// TestTheDaemonsLogGoesToTheJournal opens the log as run does, with a standard error that is the journal.
func TestTheDaemonsLogGoesToTheJournal(t *testing.T) {
	conn := listenAsJournald(t)
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	info, err := stderr.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	r := newReloaded(t)
	e := &env{
		config: filepath.Join(r.dir, "service.xml"), stderr: &terminal{to: stderr},
		systemLog: func() systemSender { t.Error("the system log gets what the journal has"); return &sentLines{} },
	}
	in, err := openWithoutStore(e, logConfigured, e.read)
	if err != nil {
		t.Fatal(err)
	}
	in.events().configurationNotApplied(errors.New("why"))
	in.close()
	if got, _ := receiveEntry(t, conn); got["LOG_EVENT"] != "configuration not applied" || got["PRIORITY"] != fmt.Sprint(int(journal.PriErr)) {
		t.Errorf("the journal got %v", got)
	}
	if text, err := os.ReadFile(stderr.Name()); err != nil || len(text) > 0 {
		t.Errorf("standard error got %s, %v", text, err)
	}
}
