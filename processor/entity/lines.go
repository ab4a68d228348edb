package entity

import (
	"bytes"
	"io"
)

// lineBuffer is the size in octets of the window through which a message is read. A longer line comes in pieces.
const lineBuffer = 32 << 10

// doubledCR is the most CRs that may stand before an LF in one line ending. Gateways that take each LF for a line ending
// of their own system make CR CR LF of CRLF.
const doubledCR = 3

// line is one line, or a piece of one that is longer than the window.
type line struct {
	text   []byte // without the line ending, which follows it in memory; valid until the next call of a method of lines
	off    int64  // of text[0]
	ending uint8  // octets of the line ending, 0 at the end of the input and between pieces
	first  bool   // text begins a line
	last   bool   // text ends a line
}

// eol returns the line ending.
func (l line) eol() []byte { return l.text[len(l.text) : len(l.text)+int(l.ending)] }

// end returns the offset after the last octet of the text.
func (l line) end() int64 { return l.off + int64(len(l.text)) }

// lines reads a stream line by line. A line ends with CRLF, CR CR LF or LF, or with CR alone in a stream without LF.
type lines struct {
	r        io.Reader
	buf      []byte
	pos, lim int   // buf[pos:lim] is read and not yet returned
	base     int64 // offset of buf[0]
	eol      byte
	middle   bool // the next text continues a line
	err      error

	lastPos    int // where unread goes back to
	lastMiddle bool
}

// newLines returns the lines of r. size is about how many octets r has: it bounds the window.
func newLines(r io.Reader, size int64) *lines {
	return &lines{r: r, buf: make([]byte, min(max(size, 0)+1, lineBuffer))}
}

// next returns the next line or piece. It returns false at the end of the input or at an error, which failure returns.
func (l *lines) next() (line, bool) {
	for {
		rest := l.buf[l.pos:l.lim]
		if l.eol != 0 {
			if i := bytes.IndexByte(rest, l.eol); i >= 0 {
				return l.take(i, i+1), true
			}
		}
		switch {
		case l.err != nil && len(rest) == 0:
			return line{}, false
		case l.err != nil:
			return l.take(len(rest), len(rest)), true
		case len(rest) == len(l.buf):
			return l.piece(rest), true
		}
		l.fill()
	}
}

// piece returns the whole window, which has no line ending. It keeps back CRs at the end, which may begin a CRLF.
func (l *lines) piece(rest []byte) line {
	n := len(rest)
	if n > doubledCR {
		n -= trailingCR(rest)
	}
	ln := l.take(n, n)
	ln.last, l.middle = false, true
	return ln
}

// take returns the next n octets as text, and moves on by upto octets, the line ending included.
func (l *lines) take(n, upto int) line {
	l.lastPos, l.lastMiddle = l.pos, l.middle
	ended := upto > n
	if ended && l.eol == '\n' {
		n -= trailingCR(l.buf[l.pos : l.pos+n])
	}
	begin, first := l.pos, !l.middle
	l.pos += upto
	l.middle = false
	return line{text: l.buf[begin : begin+n], off: l.base + int64(begin), ending: uint8(upto - n), first: first, last: true}
}

// skipPlain skips the lines in the window up to the first that begins with "--". It returns the offset at which the
// text of the last skipped line ended; ok is false when it skipped none.
func (l *lines) skipPlain() (end int64, ok bool) {
	rest := l.buf[l.pos:l.lim]
	if l.middle || l.eol != '\n' || bytes.HasPrefix(rest, []byte("--")) {
		return 0, false
	}
	n := bytes.Index(rest, []byte("\n--"))
	if n < 0 {
		n = bytes.LastIndexByte(rest, '\n')
	}
	if n < 0 {
		return 0, false
	}
	end = l.base + int64(l.pos+n)
	l.pos += n + 1
	return end - int64(trailingCR(rest[:n])), true
}

// trailingCR returns the number of CRs at the end of a line that belong to its ending.
func trailingCR(text []byte) int {
	n := 0
	for n < doubledCR && n < len(text) && text[len(text)-1-n] == '\r' {
		n++
	}
	return n
}

// cutLine cuts the first line off a piece of the stream. The line comes without its ending.
func (l *lines) cutLine(octets []byte) (text, rest []byte) {
	text, rest, _ = bytes.Cut(octets, []byte{l.eol})
	return text[:len(text)-trailingCR(text)], rest
}

// isAtEnd reports whether the window reaches to the end of the stream.
func (l *lines) isAtEnd() bool { return l.err != nil }

// chunk returns the rest of the window, with its line endings. It returns false at the end of the input or at an error.
func (l *lines) chunk() ([]byte, bool) {
	if l.pos == l.lim && l.err == nil {
		l.fill()
	}
	rest := l.buf[l.pos:l.lim]
	l.pos = l.lim
	return rest, len(rest) > 0 || l.err == nil
}

// unread takes back the line that next returned last: next will return it again.
func (l *lines) unread() { l.pos, l.middle = l.lastPos, l.lastMiddle }

// window returns the buffered input after the current line, at least a few lines of it. The current line is no longer
// valid then.
func (l *lines) window() []byte {
	if l.err == nil && l.lim-l.pos < len(l.buf)/2 {
		l.fill()
	}
	return l.buf[l.pos:l.lim]
}

// offset returns the offset at which the next line begins.
func (l *lines) offset() int64 { return l.base + int64(l.pos) }

// fill moves the rest of the window to its front and reads until the window is full. So each octet is looked at a
// bounded number of times, however few octets a read returns.
func (l *lines) fill() {
	copy(l.buf, l.buf[l.pos:l.lim])
	l.base += int64(l.pos)
	l.lim -= l.pos
	l.pos = 0
	n, err := io.ReadFull(l.r, l.buf[l.lim:])
	l.lim += n
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	l.err = err
	if l.eol == 0 {
		l.eol = lineEnding(l.buf[:l.lim])
	}
}

// failure returns the error that ended the input, nil when the input simply ended.
func (l *lines) failure() error {
	if l.err == io.EOF {
		return nil
	}
	return l.err
}

// lineEnding returns the octet that ends the lines of a stream, by the stream's beginning.
func lineEnding(beginning []byte) byte {
	if bytes.IndexByte(beginning, '\n') < 0 && bytes.IndexByte(beginning, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}
