package mailbox_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestSpool keeps messages on both sides of the threshold between memory and file.
func TestSpool(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 1023, 1024, 1025, 5000, 300_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			octets := bytes.Repeat([]byte("0123456789abcd\r\n"), size/16+1)[:size]
			spool := retrieve(t, octets, mailbox.Account{SpoolMemory: 1024, SpoolDirectory: t.TempDir()})
			want := string(octets)
			if size > 0 && !bytes.HasSuffix(octets, []byte("\r\n")) {
				want += "\r\n" // the server ends the last line
			}
			if spool.Size() != int64(len(want)) || spool.Digest() != sha256.Sum256([]byte(want)) {
				t.Errorf("%d octets became %d, or the digest is wrong", len(want), spool.Size())
			}
			if got := octetsOf(t, spool); string(got) != want {
				t.Error("the octets are others")
			}
			if _, err := spool.ReadAt(make([]byte, 1), 0); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("ReadAt after Close: %v", err)
			}
			if err := spool.Close(); err != nil {
				t.Errorf("a second Close: %v", err)
			}
		})
	}
}

// TestSpoolReadAt reads as io.ReaderAt says.
func TestSpoolReadAt(t *testing.T) {
	t.Parallel()
	for _, memory := range []int64{4, 1024} {
		t.Run(fmt.Sprintf("with %d octets of memory", memory), func(t *testing.T) {
			t.Parallel()
			spool := retrieve(t, []byte("0123456789\r\n"), mailbox.Account{SpoolMemory: memory, SpoolDirectory: t.TempDir()})
			defer spool.Close() //nolint:errcheck // octetsOf looks at it elsewhere
			tests := []struct {
				off, length int64
				want        string
				end         bool
			}{
				{0, 3, "012", false}, {3, 4, "3456", false}, {9, 3, "9\r\n", false}, {9, 10, "9\r\n", true},
				{12, 1, "", true}, {100, 1, "", true}, {0, 0, "", false},
			}
			for _, tt := range tests {
				p := make([]byte, tt.length)
				n, err := spool.ReadAt(p, tt.off)
				if string(p[:n]) != tt.want || errors.Is(err, io.EOF) != tt.end || err != nil && !tt.end {
					t.Errorf("ReadAt(%d, %d) = %q, %v", tt.length, tt.off, p[:n], err)
				}
			}
			if _, err := spool.ReadAt(make([]byte, 1), -1); err == nil {
				t.Error("a negative offset is read")
			}
		})
	}
}

// retrieve reads one message as the account says.
func retrieve(t *testing.T, octets []byte, like mailbox.Account) *mailbox.Spool {
	t.Helper()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", octets)
	a := account(srv, "helpdesk", mailbox.None)
	a.SpoolMemory, a.SpoolDirectory, a.MaxOctets = like.SpoolMemory, like.SpoolDirectory, like.MaxOctets
	spool, err := open(t, a).Retrieve(t.Context(), mailbox.Item{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	return spool
}

// TestSpoolLeavesNoFile looks for files while a message is spooled and when it failed.
func TestSpoolLeavesNoFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	a := mailbox.Account{SpoolMemory: 16, SpoolDirectory: directory}
	spool := retrieve(t, bigMail(100_000), a)
	octetsOf(t, spool)

	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", bigMail(100_000))
	srv.CutAfterOctets(50_000)
	b := account(srv, "helpdesk", mailbox.None)
	b.SpoolMemory, b.SpoolDirectory = a.SpoolMemory, directory
	if _, err := drain(t.Context(), b); !errors.Is(err, mailbox.ErrConnection) {
		t.Errorf("cut: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil || len(files) != 0 {
		t.Errorf("left is %v, %v", files, err)
	}
}

// TestTooLarge stops a message at the limit, wherever LIST said that it ends.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	for size, fits := range map[int]bool{9_998: true, 10_000: true, 10_001: false, 10_002: false, 1_000_000: false} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", append(bytes.Repeat([]byte("x"), size-2), "\r\n"...))
			srv.LieAboutSizes(func(int64) int64 { return 10 })
			a := account(srv, "helpdesk", mailbox.None)
			a.MaxOctets = 10_000
			messages, err := drain(t.Context(), a)
			if fits != (err == nil) || fits != (len(messages) == 1) {
				t.Fatalf("%d messages, %v", len(messages), err)
			}
			if fits {
				return
			}
			if !errors.Is(err, mailbox.ErrTooLarge) || !mailbox.IsPermanentForMessage(err) || mailbox.IsTransient(err) ||
				!mailbox.SessionBroken(err) || srv.Count("helpdesk") != 1 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSpoolFails has the disk refuse the spool: no message's fault, and the message stays.
func TestSpoolFails(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", bigMail(100_000))
	a := account(srv, "helpdesk", mailbox.None)
	a.SpoolMemory, a.SpoolDirectory = 16, filepath.Join(t.TempDir(), "missing")
	_, err := drain(t.Context(), a)
	if !errors.Is(err, mailbox.ErrSpool) || !errors.Is(err, os.ErrNotExist) || !mailbox.IsTransient(err) || !mailbox.SessionBroken(err) {
		t.Errorf("got %v", err)
	}
	if srv.Count("helpdesk") != 1 {
		t.Error("the message is gone")
	}
}
