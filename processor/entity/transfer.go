package entity

import (
	"bytes"
	"io"
	"strings"
)

// transferEncoding is a Content-Transfer-Encoding (RFC 2045 §6).
type transferEncoding uint8

// The encodings. A body in an unknown encoding is read as it is.
const (
	identity transferEncoding = iota
	base64Encoding
	quotedPrintable
	uuencode
)

// encodingOf reads a Content-Transfer-Encoding field, in the spellings that mail programs write.
func encodingOf(field string) transferEncoding {
	word, _ := firstWord(strings.ToLower(field))
	switch strings.Trim(word, `"'.,`) {
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
	line(dst []byte, ln line) []byte // appends what ln stands for
	finish(dst []byte) []byte        // appends the rest, at the end of the body
	atRest() bool                    // reports whether decoding may begin anew after the last line
}

// Body is an open body, decoded as it is read. Damage distorts the body or ends it early; it is never an error.
type Body struct {
	io.Reader
	extent  Extent
	decoder *transferReader // nil for the identity
}

// Open opens a body. A body that is called base64 and is not is read as it is. work may be nil.
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

// transferReader reads the octets that a transferDecoder makes of lines.
type transferReader struct {
	lines   *lines
	decoder transferDecoder
	buf     []byte
	rest    []byte // of buf, not yet returned
	done    bool
	given   int64   // octets that were returned
	rests   [2]rest // the last offsets at which the decoder was at rest
}

// rest is an offset in a body, encoded and decoded, at which a decoder may begin anew.
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

// fill decodes lines until half a window is decoded.
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

// fillBase64 decodes the window at once: lines mean nothing in base64.
func (t *transferReader) fillBase64(d *base64Decoder) {
	text, ok := t.lines.chunk()
	t.buf = d.octets(t.buf, text)
	if !ok {
		t.buf, t.done = d.finish(t.buf), true
	}
	t.rest = t.buf
}

// quotedPrintableDecoder decodes quoted-printable (RFC 2045 §6.7). An invalid code stands for itself.
type quotedPrintableDecoder struct {
	carry []byte // the end of a piece that may be the beginning of "=XX"
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
	text = trimRight(text) // §6.7 rule 3: transports add white space at the end of a line
	if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
		return appendQuoted(dst, soft)
	}
	return append(appendQuoted(dst, text), ln.eol()...)
}

func (d *quotedPrintableDecoder) finish(dst []byte) []byte {
	return appendQuoted(dst, bytes.TrimSuffix(d.carry, []byte("=")))
}

func (d *quotedPrintableDecoder) atRest() bool { return len(d.carry) == 0 }

// appendQuoted appends text with each "=XX" replaced by its octet.
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
