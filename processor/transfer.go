package processor

import (
	"bytes"
	"io"
	"slices"
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
func decodeTransfer(raw io.ReaderAt, start, end int64, enc transferEncoding) io.Reader {
	return openBody(raw, start, end, enc)
}

// decodedBody is a body, decoded as it is read.
type decodedBody struct {
	io.Reader
	start   int64 // where the body begins
	enc     transferEncoding
	decoder *transferReader // nil for the identity
}

// openBody opens a body. What is only called base64 is read as it is.
func openBody(raw io.ReaderAt, start, end int64, enc transferEncoding) *decodedBody {
	if enc == base64Encoding && !looksLikeBase64(raw, start, end) {
		enc = identity
	}
	return openAt(raw, place{start: start, enc: enc}, end)
}

// place is a place in a decoded body, from which it can be read without what is before it.
type place struct {
	start int64 // in the raw message
	skip  int64 // octets to leave out, once decoded
	enc   transferEncoding
}

// placeAt is the place n octets into a decoded body, which has been read up to there or a little further.
func (b *decodedBody) placeAt(n int64) place {
	if b.decoder == nil {
		return place{start: b.start + n, enc: b.enc}
	}
	best := place{start: b.start, skip: n, enc: b.enc}
	for _, rest := range b.decoder.rests {
		if rest.decoded <= n && n-rest.decoded < best.skip {
			best.start, best.skip = b.start+rest.encoded, n-rest.decoded
		}
	}
	return best
}

// openAt opens a body at a place.
func openAt(raw io.ReaderAt, at place, end int64) *decodedBody {
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
	b.decoder = &transferReader{lines: newLines(section, end-at.start), decoder: d, buf: make([]byte, 0, min(end-at.start, lineBuffer*3/4))}
	b.Reader = b.decoder
	return b
}

// readAt opens size octets at a place of a body that ends at end.
func readAt(raw io.ReaderAt, at place, end, size int64) io.Reader {
	return io.LimitReader(&skippingReader{r: openAt(raw, at, end), skip: at.skip}, size)
}

// skippingReader leaves out the first octets.
type skippingReader struct {
	r    io.Reader
	skip int64
}

// Read implements io.Reader.
func (s *skippingReader) Read(p []byte) (int, error) {
	if s.skip > 0 {
		n, err := io.CopyN(io.Discard, s.r, s.skip)
		if s.skip -= n; err != nil {
			return 0, err
		}
	}
	return s.r.Read(p)
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

// looksLikeBase64 tells base64 with some junk from a body that is only called so, by its first octets.
func looksLikeBase64(raw io.ReaderAt, start, end int64) bool {
	head := make([]byte, min(end-start, 1024))
	n, _ := raw.ReadAt(head, start) // an error meets the reader again
	good, bad := 0, 0
	for _, c := range head[:n] {
		switch {
		case base64Value[c] != noDigit || c == '=':
			good++
		case c != '\r' && c != '\n':
			bad++
		}
	}
	return bad*12 <= good // every sixth character or so of a text is no letter
}

// base64Value is the value of each digit of base64 (RFC 2045 §6.8), noDigit for every other octet.
var base64Value = func() (values [256]uint64) {
	for i := range values {
		values[i] = noDigit
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		values[c] = uint64(i)
	}
	return values
}()

const noDigit = 1 << 40 // too large for what four digits stand for, also when it is not the last of them

// base64Decoder decodes base64 with anything between the digits, in one block or several that are each padded,
// ended anywhere.
type base64Decoder struct {
	quantum uint32
	digits  int
}

func (d *base64Decoder) line(dst []byte, ln line) []byte { return d.octets(dst, ln.text) }

// octets decodes text: four digits at once, and one by one around what is no digit.
func (d *base64Decoder) octets(dst, text []byte) []byte {
	for len(text) > 0 {
		if d.digits == 0 {
			dst, text = appendQuanta(dst, text)
		}
		if len(text) > 0 {
			dst, text = d.octet(dst, text[0]), text[1:]
		}
	}
	return dst
}

// appendQuanta decodes digits up to what is none; rest begins less than four octets before that.
func appendQuanta(dst, text []byte) (decoded, rest []byte) {
	n := len(dst)
	dst = slices.Grow(dst, len(text)/4*3)
	out := dst[n:cap(dst)]
	n = 0
	for len(text) >= 4 && len(out) >= n+3 {
		v := base64Value[text[0]]<<18 | base64Value[text[1]]<<12 | base64Value[text[2]]<<6 | base64Value[text[3]]
		if v >= 1<<24 {
			break
		}
		out[n], out[n+1], out[n+2] = byte(v>>16), byte(v>>8), byte(v)
		n += 3
		text = text[4:]
	}
	return dst[:len(dst)+n], text
}

// octet takes in one octet.
func (d *base64Decoder) octet(dst []byte, c byte) []byte {
	switch v := base64Value[c]; {
	case v != noDigit:
		d.quantum = d.quantum<<6 | uint32(v)
		if d.digits++; d.digits == 4 {
			dst = append(dst, byte(d.quantum>>16), byte(d.quantum>>8), byte(d.quantum))
			d.quantum, d.digits = 0, 0
		}
	case c == '=':
		return d.finish(dst)
	}
	return dst
}

// finish gives the octets of a quantum that is not whole.
func (d *base64Decoder) finish(dst []byte) []byte {
	switch d.digits {
	case 2:
		dst = append(dst, byte(d.quantum>>4))
	case 3:
		dst = append(dst, byte(d.quantum>>10), byte(d.quantum>>2))
	}
	d.quantum, d.digits = 0, 0
	return dst
}

func (d *base64Decoder) atRest() bool { return d.digits == 0 }

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
	text = bytes.TrimRight(text, " \t") // §6.7 rule 3: transports add it
	if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
		return appendQuoted(dst, soft)
	}
	return append(appendQuoted(dst, text), ln.eol...)
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
