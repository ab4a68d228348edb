package processor

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// failingReader fails beyond the first good octets, as a disk may.
type failingReader struct {
	*bytes.Reader
	good int64
}

var errDisk = errors.New("disk is gone")

func (f failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.good {
		n, _ := f.Reader.ReadAt(p[:max(f.good-off, 0)], off)
		return n, errDisk
	}
	return f.Reader.ReadAt(p, off)
}

func TestAReadErrorIsNeitherADefectNorTheEndOfTheMessage(t *testing.T) {
	t.Parallel()
	s := "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: application/zip\n\n" + strings.Repeat("zip\n", 50000) + "--b--\n"
	raw := bytes.NewReader([]byte(s))
	if m := Parse(failingReader{raw, 1000}, raw.Size()); !errors.Is(m.ReadError, errDisk) {
		t.Errorf("reading the message: %v, want %v", m.ReadError, errDisk)
	}
	m := Parse(raw, raw.Size())
	if m.ReadError != nil || len(m.Attachments) != 1 {
		t.Fatalf("got %d attachments and the error %v, want 1 and none", len(m.Attachments), m.ReadError)
	}
	if _, err := io.Copy(io.Discard, m.Attachments[0].Open(failingReader{raw, 1000})); !errors.Is(err, errDisk) {
		t.Errorf("reading the attachment: %v, want %v", err, errDisk)
	}
	if n, err := io.Copy(io.Discard, Attachment{}.Open(raw)); n != 0 || err != nil {
		t.Errorf("an attachment of no message: %d octets, %v", n, err)
	}
}
