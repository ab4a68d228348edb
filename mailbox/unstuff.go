package mailbox

import (
	"bufio"
	"bytes"
	"io"
)

// position is the reader's position in a multi-line response.
type position int

const (
	inLine    position = iota
	afterCR            // the last octet was CR
	lineStart          // the last two octets were CRLF, or nothing was read yet
)

// unstuff copies one multi-line response (RFC 1939 §3) from r to w and removes its byte-stuffing. Only CRLF "." CRLF
// ends it: a bare LF neither starts nor ends a line. Every other octet is copied as it is, and the CRLF before the
// final "." belongs to the message.
func unstuff(w io.Writer, r *bufio.Reader) error {
	at := lineStart
	for {
		if at == lineStart {
			end, err := skipDot(r)
			if end || err != nil {
				return err
			}
			at = inLine
		}
		if _, err := r.Peek(1); err != nil {
			return err
		}
		chunk, _ := r.Peek(r.Buffered()) // cannot fail: the octets are in the buffer
		chunk, at = cutLine(chunk, at)
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		if _, err := r.Discard(len(chunk)); err != nil {
			return err
		}
	}
}

// skipDot handles a dot at the start of a line: it consumes the final "." CRLF and reports the end, or consumes a
// stuffed dot. It can wait for three octets, as at least CRLF follows such a dot.
func skipDot(r *bufio.Reader) (end bool, err error) {
	first, err := r.Peek(1)
	if err != nil || first[0] != '.' {
		return false, err
	}
	three, err := r.Peek(3)
	if err != nil {
		return false, err
	}
	if string(three) == ".\r\n" {
		_, err = r.Discard(3)
		return true, err
	}
	_, err = r.Discard(1)
	return false, err
}

// cutLine returns the octets of b up to the first line that may start with a dot, and the reader's position after them.
func cutLine(b []byte, at position) ([]byte, position) {
	if at == afterCR && b[0] == '\n' {
		return b[:1], lineStart
	}
	if i := bytes.Index(b, []byte("\r\n.")); i >= 0 {
		return b[:i+2], lineStart
	}
	switch {
	case bytes.HasSuffix(b, []byte("\r\n")):
		return b, lineStart
	case b[len(b)-1] == '\r':
		return b, afterCR
	}
	return b, inLine
}
