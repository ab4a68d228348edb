package entity

import (
	"bytes"
	"io"
)

// lineBuffer is the size in octets of the window through which a message is read. A line that does not fit is
// given in pieces.
const lineBuffer = 32 << 10

// line is one line, or a piece of one that is longer than the window.
type line struct {
	text   []byte // without the line ending, which follows it; valid until the next call of next
	off    int64  // of text[0]
	ending uint8  // octets of the line ending, 0 at the end of the input and between pieces
	first  bool   // text begins a line
	last   bool   // text ends a line
}

// eol is the line ending.
func (l line) eol() []byte { return l.text[len(l.text) : len(l.text)+int(l.ending)] }

// end is the offset after the last octet of the text.
func (l line) end() int64 { return l.off + int64(len(l.text)) }

// lines reads a stream line by line, ended by CRLF or LF (or CR alone, where there is no LF at all).
type lines struct {
	r        io.Reader
	buf      []byte
	pos, lim int   // buf[pos:lim] is not yet given
	base     int64 // offset of buf[0]
	eol      byte
	middle   bool // the next text continues a line
	err      error

	lastPos    int // what unread goes back to
	lastMiddle bool
}

// newLines reads r, whose size need not be more than a hint.
func newLines(r io.Reader, size int64) *lines {
	return &lines{r: r, buf: make([]byte, min(max(size, 0)+1, lineBuffer))}
}

// next returns the next line or piece; false at the end of the input or at an error, which is then in err.
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

// piece gives a whole window without a line ending. A CR at its end is kept back: it may belong to a CRLF.
func (l *lines) piece(rest []byte) line {
	n := len(rest)
	if n > 1 && rest[n-1] == '\r' {
		n--
	}
	ln := l.take(n, n)
	ln.last, l.middle = false, true
	return ln
}

// take gives the next n octets as text, and goes on after the next upto octets.
func (l *lines) take(n, upto int) line {
	l.lastPos, l.lastMiddle = l.pos, l.middle
	ended := upto > n
	if ended && l.eol == '\n' && n > 0 && l.buf[l.pos+n-1] == '\r' {
		n--
	}
	begin, first := l.pos, !l.middle
	l.pos += upto
	l.middle = false
	return line{text: l.buf[begin : begin+n], off: l.base + int64(begin), ending: uint8(upto - n), first: first, last: true}
}

// skipPlain skips the lines at hand up to one that begins with "--", at the beginning of a line. It returns the
// offset at which the text of the last one ended.
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
	if n > 0 && rest[n-1] == '\r' {
		end--
	}
	l.pos += n + 1
	return end, true
}

// chunk returns all that is at hand, with its line endings; false at the end of the input or at an error.
func (l *lines) chunk() ([]byte, bool) {
	if l.pos == l.lim && l.err == nil {
		l.fill()
	}
	rest := l.buf[l.pos:l.lim]
	l.pos = l.lim
	return rest, len(rest) > 0 || l.err == nil
}

// unread takes back the line that next gave last; next will give it again.
func (l *lines) unread() { l.pos, l.middle = l.lastPos, l.lastMiddle }

// window returns what is at hand of what follows, at least a few lines of it. It ends the validity of the last line.
func (l *lines) window() []byte {
	if l.err == nil && l.lim-l.pos < len(l.buf)/2 {
		l.fill()
	}
	return l.buf[l.pos:l.lim]
}

// offset is where the next line begins.
func (l *lines) offset() int64 { return l.base + int64(l.pos) }

// fill moves what is left to the front of the window and reads until it is full, so that each octet is looked at
// a bounded number of times however few the reader gives at once.
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

// failure is the error that ended the input, nil when it simply ended.
func (l *lines) failure() error {
	if l.err == io.EOF {
		return nil
	}
	return l.err
}

// lineEnding tells what ends the lines of a stream from its beginning.
func lineEnding(beginning []byte) byte {
	if bytes.IndexByte(beginning, '\n') < 0 && bytes.IndexByte(beginning, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}
