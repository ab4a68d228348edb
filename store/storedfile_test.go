package store_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

func with(list ...processor.Attachment) func(*processor.Message) {
	return func(m *processor.Message) { m.Attachments = list }
}

func TestAnAttachmentIsStoredOnceAndUnchanged(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content string }{
		{"no octets", ""},
		{"one octet", "x"},
		{"the longest that is kept in memory", noise(256<<10 - 1)},
		{"one octet too long for memory", noise(256 << 10)},
		{"3 MB", noise(3 << 20)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", test.content), attachment("y", test.content))))
			written := stat(t, d.path(test.content))
			d.accept(t, d.clerk(), mail("2", "b", with(attachment("z", test.content))))
			if read(t, d.path(test.content)) != test.content {
				t.Error("the file is not the content")
			}
			if again := stat(t, d.path(test.content)); !os.SameFile(written, again) {
				t.Error("the file was written again")
			}
			if n := d.count(t, "attachment WHERE octets = $1 AND encode(sha256, 'hex') = $2", len(test.content), filepath.Base(d.path(test.content))); n != 3 {
				t.Errorf("%d rows name the file, want 3", n)
			}
			if names := d.fileNames(t); len(names) != 1 {
				t.Errorf("files are %v", names)
			}
		})
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestAFileOfTheWrongSizeIsReplaced(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	writeOld(t, d.path("content"), "torn", 0)
	d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", "content"))))
	if got := read(t, d.path("content")); got != "content" {
		t.Errorf("the file contains %q", got)
	}
}

// writeOld writes a file whose modification time is age ago.
func writeOld(t *testing.T, path, content string, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func TestAMessageWhoseAttachmentCannotBeReadStaysInTheMailboxAlone(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 1 << 20} {
		t.Run(fmt.Sprintf("after %d octets", size), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			broken := processor.Attachment{Name: "x"}.WithContent(func(io.ReaderAt) io.Reader {
				return io.MultiReader(strings.NewReader(noise(size)), &failing{})
			})
			batch := []store.Delivery{mail("1", "a", with(attachment("y", "whole"))), mail("2", "b", with(broken))}
			got := d.accept(t, d.clerk(), batch...)
			err := got[1].Err
			if err == nil || !strings.Contains(err.Error(), "spool is gone") || !store.IsUnexplained(err) {
				t.Errorf("error is %v", err)
			}
			for _, name := range d.fileNames(t) {
				if strings.HasPrefix(name, "tmp-") {
					t.Errorf("the temporary file %s is left", name)
				}
			}
			if n := d.count(t, "receipt"); n != 1 || got[0].Result != store.Opened {
				t.Errorf("%d receipts, %+v", n, got[0])
			}
		})
	}
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, fmt.Errorf("spool is gone") }

func TestARawMessageIsCopiedFromTheSpool(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.clerk()
	c.attachRaw = true
	large := noise(5 << 20)
	d.accept(t, c, mail("1", large, func(m *processor.Message) { m.MessageID, m.Subject, m.Text = "", "large", "" }))
	if read(t, d.path(large)) != large {
		t.Error("the file is not the message")
	}
}
