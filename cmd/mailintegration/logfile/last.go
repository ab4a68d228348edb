package logfile

import (
	"bytes"
	"errors"
	"io"
)

// block is how many octets are read at once.
const block = 64 << 10

// maxLine bounds the memory for a line. A longer one is handed out in parts.
const maxLine = 1 << 20

// backward reads the lines of a file from the last to the first.
type backward struct {
	from io.ReaderAt
	left int64  // octets before rest that were not read yet
	rest []byte // octets that were read and not handed out: they end with the end of a line
}

// newBackward returns a reader of the whole lines among the first size octets, and where the last one ends.
func newBackward(from io.ReaderAt, size int64) (*backward, int64, error) {
	b := &backward{from: from, left: size}
	for {
		if i := bytes.LastIndexByte(b.rest, '\n'); i >= 0 {
			b.rest = b.rest[:i+1]
			return b, b.left + int64(i) + 1, nil
		}
		b.rest = nil
		if err := b.read(); err == io.EOF {
			return b, 0, nil
		} else if err != nil {
			return nil, 0, err
		}
	}
}

// read reads one block more, before the octets that are there. It returns io.EOF at the beginning of the file.
func (b *backward) read() error {
	n := min(b.left, block)
	if n == 0 {
		return io.EOF
	}
	more := make([]byte, n, int(n)+len(b.rest))
	if _, err := b.from.ReadAt(more, b.left-n); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	b.left -= n
	b.rest = append(more, b.rest...)
	return nil
}

// line returns the next line towards the beginning, without its end. It returns io.EOF after the first line.
func (b *backward) line() ([]byte, error) {
	for {
		if n := len(b.rest); n > 0 {
			if i := bytes.LastIndexByte(b.rest[:n-1], '\n'); i >= 0 || n > maxLine {
				line := bytes.TrimSuffix(b.rest[i+1:], []byte{'\n'})
				b.rest = b.rest[:i+1]
				return line, nil
			}
		}
		err := b.read()
		if err == io.EOF && len(b.rest) > 0 {
			line := bytes.TrimSuffix(b.rest, []byte{'\n'})
			b.rest = nil
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
