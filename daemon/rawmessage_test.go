package daemon

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store/storetest"
)

// panicOn returns a parser that panics on messages with the subject.
func panicOn(subject string) parser {
	return func(raw io.ReaderAt, size int64) *processor.Message {
		m := processor.Parse(raw, size)
		if m.Subject == subject {
			panic("cannot read this")
		}
		return m
	}
}

func TestWithDebugTheLastMessageInTroubleIsInAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.RawMessageFile = filepath.Join(t.TempDir(), "RawMessage.txt")
	w.mail()
	if r := w.poll(); r.Opened != 1 {
		t.Fatalf("got %+v", r)
	}
	if _, err := os.Stat(w.mailbox.RawMessageFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a message without trouble: %v", err)
	}
	w.add("Subject: poison\n\nthe original\xff\n")
	w.pollReading(panicOn("poison"))
	content := func() string {
		octets, err := os.ReadFile(w.mailbox.RawMessageFile)
		if err != nil {
			t.Fatal(err)
		}
		return string(octets)
	}
	if got := content(); got != "Subject: poison\r\n\r\nthe original\xff\r\n" {
		t.Errorf("the file has %q", got)
	}
	w.refuseSubject("Nr. 2", "XX000") // it stays in the mailbox, and is tried again
	w.mail()
	w.mail()
	if r := w.poll(); r.Failed != 1 || r.Opened != 1 {
		t.Fatalf("got %+v", r)
	}
	if got := content(); got != shortMail(2) {
		t.Errorf("the file has %q", got)
	}
	left, err := os.ReadDir(filepath.Dir(w.mailbox.RawMessageFile))
	if err != nil || len(left) != 1 {
		t.Errorf("the directory has %v, %v", left, err)
	}
}

func TestAWriteOfARawMessageThatFailsDisturbsNoMail(t *testing.T) {
	t.Parallel()
	returns := make(chan struct{})
	for _, tt := range []struct {
		name string
		raws *rawMessages
	}{
		{"where there is no directory", nil},
		{"where the file system never answers", &rawMessages{limit: time.Millisecond, write: func(string, io.ReaderAt, int64) error {
			<-returns
			return nil
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.options.rawMessages = tt.raws
			w.mailbox.RawMessageFile = filepath.Join(t.TempDir(), "missing", "RawMessage.txt")
			w.mail()
			w.add("Subject: poison\n\n1\n")
			w.add("Subject: poison\n\n2\n")
			w.mail()
			r := w.pollReading(panicOn("poison"))
			if r.Err != nil || r.Opened != 2 || r.SetAside != 2 || w.maildrops.Count(helpdesk) != 0 {
				t.Errorf("got %+v", r)
			}
			if n := w.logged.FilterMessage("raw message not written").Len(); n != 2 {
				t.Errorf("%d lines in the log", n)
			}
		})
	}
	close(returns)
}

// TestOneWriteAtMostIsLeftBehind writes again and again while the file system does not answer, and when it does again.
func TestOneWriteAtMostIsLeftBehind(t *testing.T) {
	t.Parallel()
	returns, begun := make(chan struct{}), make(chan struct{}, 10)
	w := &rawMessages{limit: time.Millisecond, write: func(string, io.ReaderAt, int64) error {
		begun <- struct{}{}
		<-returns
		return nil
	}}
	if err := w.put("x", octetsOf("a")); err == nil || errors.Is(err, errRawMessageStuck) {
		t.Errorf("the first write: %v", err)
	}
	for range 3 {
		if err := w.put("x", octetsOf("b")); !errors.Is(err, errRawMessageStuck) {
			t.Errorf("a later write: %v", err)
		}
	}
	storetest.Await(t, "the first write begins", begun)
	if len(begun) != 0 {
		t.Errorf("%d more writes began", len(begun))
	}
	close(returns)
	w.limit = 0
	for w.put("x", octetsOf("c")) != nil { // until the first one has returned
	}
}

// TestPoisonInABacklogDelaysNoOtherMessage has a message in the middle of 1,000 that cannot be recorded.
func TestPoisonInABacklogDelaysNoOtherMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(w *world)
		read    parser
	}{
		{"when parsing panics on it", func(*world) {}, panicOn("poison")},
		{"when PostgreSQL refuses it", func(w *world) { w.refuseSubject("poison", "23514") }, processor.Parse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for range 500 {
				w.mail()
			}
			w.add("Subject: poison\n\nthe original\n")
			for range 499 {
				w.mail()
			}
			tt.prepare(w)
			r := w.pollReading(tt.read)
			if r.Err != nil || r.Listed != 1000 || r.Opened != 999 || r.SetAside != 1 {
				t.Errorf("the first poll: %+v", r)
			}
			sessions, retrieved := 0, 0
			for _, command := range w.maildrops.Log() {
				switch {
				case strings.HasPrefix(command, "USER"):
					sessions++
				case strings.HasPrefix(command, "RETR"):
					retrieved++
				}
			}
			if sessions > 2 || retrieved != 1000 {
				t.Errorf("the poll retrieved %d messages in %d sessions", retrieved, sessions)
			}
			w.wantEachOnce(1000)
		})
	}
}
