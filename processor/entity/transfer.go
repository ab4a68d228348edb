package entity

import (
	"bytes"
	"io"
	"strings"
)

// transferEncoding is a Content-Transfer-Encoding (RFC 2045 §6).
type transferEncoding uint8

// The encodings. Everything else is read as it is.
const (
	identity transferEncoding = iota
	base64Encoding
	quotedPrintable
	uuencode
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

// Body is a body, decoded as it is read. Damage ends or distorts it; it is never an error.
type Body struct {
	io.Reader
	extent  Extent
	decoder *transferReader // nil for the identity
}

// Open opens a body. What is only called base64 is read as it is. work may be nil.
func (e Extent) Open(raw io.ReaderAt, work *Workspace) *Body {
	if e.IsFalseBase64(raw) {
		e.encoding = identity
	}
	return e.open(raw, work)
}

func (e Extent) open(raw io.ReaderAt, work *Workspace) *Body {
	section := io.NewSectionReader(raw, e.Start, e.Size())
	b := &Body{Reader: section, extent: e}
	var d transferDecoder
	switch e.encoding {
	case base64Encoding:
		d = &base64Decoder{}
	case quotedPrintable:
		d = &quotedPrintableDecoder{}
	case uuencode:
		d = &uuDecoder{}
	default:
		return b
	}
	b.decoder = &transferReader{lines: work.lines(section, e.Size()), decoder: d, buf: work.decoded(e.Size())}
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
