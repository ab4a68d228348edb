package processor

import (
	"bytes"
	"io"
	"strings"
)

// transferEncoding is a Content-Transfer-Encoding (RFC 2045 §6).
type transferEncoding string

// The encodings. Everything else is read as it is.
const (
	identity        transferEncoding = ""
	base64Encoding  transferEncoding = "base64"
	quotedPrintable transferEncoding = "quoted-printable"
	uuencode        transferEncoding = "uuencode"
)

// encodingOf reads a Content-Transfer-Encoding field as it is written, not as it should be.
func encodingOf(field string) transferEncoding {
	word, _ := firstWord(strings.ToLower(field))
	switch word = strings.Trim(word, `"'.,`); word {
	case "base64", "base-64", "b64", "x-base64":
		return base64Encoding
	case "quoted-printable", "quoted_printable", "quotedprintable", "qp", "quoted-printible":
		return quotedPrintable
	case "uuencode", "x-uuencode", "x-uue", "uue", "x-uu":
		return uuencode
	}
	return identity
}

// transferDecoder undoes one encoding, a line at a time. A line longer than the window comes in pieces.
type transferDecoder interface {
	line(dst []byte, ln line) []byte
	finish(dst []byte) []byte // at the end of the body
	atRest() bool             // nothing of what was given is still to come out
}

// decodeTransfer returns the octets that a body stands for. Damage ends or distorts them; it is never an error.
func decodeTransfer(raw io.ReaderAt, start, end int64, enc transferEncoding, work *workspace) io.Reader {
	return openBody(raw, start, end, enc, work)
}

// decodedBody is a body, decoded as it is read.
type decodedBody struct {
	io.Reader
	start   int64 // where the body begins
	enc     transferEncoding
	decoder *transferReader // nil for the identity
}

// openBody opens a body. What is only called base64 is read as it is.
func openBody(raw io.ReaderAt, start, end int64, enc transferEncoding, work *workspace) *decodedBody {
	if enc == base64Encoding && !looksLikeBase64(raw, start, end) {
		enc = identity
	}
	return openAt(raw, place{start: start, enc: enc}, end, work)
}

// openAt opens a body at a place.
func openAt(raw io.ReaderAt, at place, end int64, work *workspace) *decodedBody {
	section := io.NewSectionReader(raw, at.start, end-at.start)
	b := &decodedBody{Reader: section, start: at.start, enc: at.enc}
	var d transferDecoder
	switch at.enc {
	case base64Encoding:
		d = &base64Decoder{}
	case quotedPrintable:
		d = &quotedPrintableDecoder{}
	case uuencode:
		d = &uuDecoder{}
	default:
		return b
	}
	b.decoder = &transferReader{lines: work.lines(section, end-at.start), decoder: d, buf: work.decoded(end - at.start)}
	b.Reader = b.decoder
	return b
}

// transferReader gives what a transferDecoder makes of lines.
type transferReader struct {
	lines   *lines
	decoder transferDecoder
	buf     []byte
	rest    []byte // of buf, not yet given
	done    bool
	given   int64   // octets that were given
	rests   [2]rest // the last places at which the decoder was at rest
}

// rest is a place in a body at which its decoder may begin anew.
type rest struct{ encoded, decoded int64 }

// Read implements io.Reader.
func (t *transferReader) Read(p []byte) (int, error) {
	for len(t.rest) == 0 {
		if t.done {
			if err := t.lines.failure(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		if t.decoder.atRest() {
			t.rests[0], t.rests[1] = t.rests[1], rest{t.lines.offset(), t.given}
		}
		t.fill()
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	t.given += int64(n)
	return n, nil
}

// fill decodes lines until there is enough for a few reads.
func (t *transferReader) fill() {
	t.buf = t.buf[:0]
	if d, ok := t.decoder.(*base64Decoder); ok {
		t.fillBase64(d)
		return
	}
	for len(t.buf) < lineBuffer/2 {
		ln, ok := t.lines.next()
		if !ok {
			t.buf, t.done = t.decoder.finish(t.buf), true
			break
		}
		t.buf = t.decoder.line(t.buf, ln)
	}
	t.rest = t.buf
}

// fillBase64 decodes what is at hand: lines mean nothing to base64.
func (t *transferReader) fillBase64(d *base64Decoder) {
	text, ok := t.lines.chunk()
	t.buf = d.octets(t.buf, text)
	if !ok {
		t.buf, t.done = d.finish(t.buf), true
	}
	t.rest = t.buf
}

// quotedPrintableDecoder decodes quoted-printable (RFC 2045 §6.7). What is no encoding stands for itself.
type quotedPrintableDecoder struct {
	carry []byte // the end of a piece that may be half of an "=XX"
}

func (d *quotedPrintableDecoder) line(dst []byte, ln line) []byte {
	text := ln.text
	if len(d.carry) > 0 {
		text = append(d.carry, text...)
		d.carry = nil
	}
	if !ln.last {
		if eq := bytes.LastIndexByte(text, '='); eq >= 0 && eq >= len(text)-2 {
			d.carry = bytes.Clone(text[eq:])
			text = text[:eq]
		}
		return appendQuoted(dst, text)
	}
	text = trimRight(text) // §6.7 rule 3: transports add it
	if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
		return appendQuoted(dst, soft)
	}
	return append(appendQuoted(dst, text), ln.eol()...)
}

func (d *quotedPrintableDecoder) finish(dst []byte) []byte {
	return appendQuoted(dst, bytes.TrimSuffix(d.carry, []byte("=")))
}

func (d *quotedPrintableDecoder) atRest() bool { return len(d.carry) == 0 }

// appendQuoted appends text with each =XX replaced by its octet.
func appendQuoted(dst, text []byte) []byte {
	for len(text) > 0 {
		eq := bytes.IndexByte(text, '=')
		if eq < 0 {
			break
		}
		dst = append(dst, text[:eq]...)
		text = text[eq:]
		if len(text) >= 3 {
			if c, ok := hexOctet(text[1], text[2]); ok {
				dst = append(dst, c)
				text = text[3:]
				continue
			}
		}
		dst = append(dst, '=')
		text = text[1:]
	}
	return append(dst, text...)
}

// uuDecoder decodes what uuencode(1) writes, between its begin and end lines, or from the first line when there is
// no begin.
type uuDecoder struct {
	ended bool
}

func (d *uuDecoder) line(dst []byte, ln line) []byte {
	text := ln.text
	switch {
	case d.ended || len(text) == 0 || bytes.HasPrefix(text, []byte("begin ")):
		return dst
	case bytes.Equal(bytes.TrimSpace(text), []byte("end")):
		d.ended = true
		return dst
	}
	return appendUU(dst, text)
}

func (d *uuDecoder) finish(dst []byte) []byte { return dst }

func (d *uuDecoder) atRest() bool { return !d.ended }

// appendUU decodes one line: its first character says how many octets the others stand for.
func appendUU(dst, text []byte) []byte {
	want := int(text[0]-' ') & 63
	text = text[1:]
	for len(text) > 1 && want > 0 {
		var quantum uint32
		digits := min(len(text), 4)
		for i := range 4 {
			quantum <<= 6
			if i < digits {
				quantum |= uint32(text[i]-' ') & 63
			}
		}
		octets := []byte{byte(quantum >> 16), byte(quantum >> 8), byte(quantum)}
		n := min(want, digits-1)
		dst = append(dst, octets[:n]...)
		want -= n
		text = text[digits:]
	}
	return dst
}
