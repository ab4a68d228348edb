package mailbox_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailintegration/mailbox"
)

func TestASpoolReturnsTheOctetsOfTheMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		memory int64
	}{
		{"in memory", 1 << 20},
		{"in a file", 1},
		{"in a file when the last octet arrives", int64(len("Subject: one\r\n\r\none\r\n")) - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.SpoolMemory, a.SpoolDirectory = tt.memory, t.TempDir()
			s := open(t, a)
			spool, err := s.Retrieve(t.Context(), mailbox.Item{Number: 1, Octets: 3})
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" {
				wantFiles(t, a.SpoolDirectory, 0) // the file has no name: nothing remains if the process dies
			}
			const want = "Subject: one\r\n\r\none\r\n"
			b := make([]byte, 6)
			if n, err := spool.ReadAt(b, 5); n != 6 || err != nil || string(b) != want[5:11] {
				t.Errorf("ReadAt: %q, %v", b[:n], err)
			}
			if n, err := spool.ReadAt(b, int64(len(want)-3)); n != 3 || !errors.Is(err, io.EOF) {
				t.Errorf("ReadAt the end: %d, %v", n, err)
			}
			if n, err := spool.ReadAt(b, 1000); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("ReadAt beyond the end: %d, %v", n, err)
			}
			if n, err := spool.ReadAt(nil, 1000); n != 0 || err != nil {
				t.Errorf("ReadAt of nothing: %d, %v", n, err)
			}
			if _, err := spool.ReadAt(b, -1); err == nil {
				t.Error("ReadAt before the start gave no error")
			}
			if got := octetsOf(t, spool); string(got) != want {
				t.Errorf("%q", got)
			}
			if err := spool.Close(); err != nil {
				t.Errorf("the second Close: %v", err)
			}
			if _, err := spool.ReadAt(b, 0); !errors.Is(err, os.ErrClosed) {
				t.Errorf("ReadAt after Close: %v", err)
			}
			wantFiles(t, a.SpoolDirectory, 0)
		})
	}
}

// wantFiles fails the test unless there are n files in a directory.
func wantFiles(t *testing.T, directory string, n int) {
	t.Helper()
	files, err := os.ReadDir(directory)
	if err != nil || len(files) != n {
		t.Errorf("%d files, %v; want %d", len(files), err, n)
	}
}

func TestASpoolThatCannotBeWrittenEndsTheSession(t *testing.T) {
	t.Parallel()
	a, _ := goodScript().account()
	a.SpoolMemory, a.SpoolDirectory = 1, filepath.Join(t.TempDir(), "not there")
	_, err := walk(t.Context(), a)
	if !errors.Is(err, mailbox.ErrSpool) || !mailbox.SessionBroken(err) || !mailbox.IsTransient(err) || mailbox.Hint(err) == "" {
		t.Errorf("got %v, want ErrSpool", err)
	}
}

func TestAMessageBeyondMaxOctetsEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sent string
		good bool
	}{
		{"a message of exactly MaxOctets is read", "+OK\r\n" + strings.Repeat("x", 98) + "\r\n.\r\n", true},
		{"a message with one octet more is refused", "+OK\r\n" + strings.Repeat("x", 99) + "\r\n.\r\n", false},
		{"stuffed dots do not count", "+OK\r\n" + strings.Repeat("..\r\n", 33) + ".\r\n", true},
		{"an endless message is cut off", "+OK\r\n" + strings.Repeat("x", 1000) + "\r\n" + forEver, false},
		{"an endless line is cut off", "+OK\r\n" + strings.Repeat("x", 1000) + forEver, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, h := goodScript().with("RETR 1", tt.sent).account()
			a.MaxOctets, a.SpoolDirectory = 100, t.TempDir()
			_, err := walk(t.Context(), a)
			if tt.good {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, mailbox.ErrTooLarge) || !mailbox.SessionBroken(err) || !mailbox.IsPermanentForMessage(err) ||
				mailbox.Hint(err) == "" {
				t.Errorf("got %v, want ErrTooLarge", err)
			}
			within(t, "the connection", h.ended)
		})
	}
}
