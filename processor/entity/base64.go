package entity

import (
	"bytes"
	"io"
	"slices"
)

// IsFalseBase64 reports whether a body is called base64 and is not.
func (e Extent) IsFalseBase64(raw io.ReaderAt) bool {
	return e.encoding == base64Encoding && !e.looksLikeBase64(raw)
}

// looksLikeBase64 reports whether the first octets of a body are base64, perhaps with some junk.
func (e Extent) looksLikeBase64(raw io.ReaderAt) bool {
	good, bad := 0, 0
	for _, c := range e.Beginning(raw, 1024) {
		switch {
		case base64Value[c] != noDigit || c == '=':
			good++
		case c != '\r' && c != '\n':
			bad++
		}
	}
	return bad*12 <= good // in a text about every sixth character is no letter
}

// CutClearText cuts off the clear text that follows a body in base64, as the footer of a list server does. plain is
// empty when no clear text begins within the first most octets.
func (e Extent) CutClearText(raw io.ReaderAt, most int64, work *Workspace) (encoded, plain Extent) {
	encoded = e
	if e.encoding == base64Encoding {
		encoded.End = e.clearTextAt(raw, most, work)
	}
	return encoded, Extent{Start: encoded.End, End: e.End}
}

// clearTextAt returns the offset at which clear text begins after base64, the end of the body when there is none.
// Letters of clear text are base64 digits, too: it looks for the first line that is not whole quanta of base64, and for
// words from there on.
func (e Extent) clearTextAt(raw io.ReaderAt, most int64, work *Workspace) int64 {
	const enough = 20 // so many digits are no word
	size := min(e.Size(), most)
	lines := work.lines(io.NewSectionReader(raw, e.Start, size), size)
	var begin, octets int64 // of the line
	digits, isPadded := 0, false
	for {
		ln, ok := lines.next()
		if !ok {
			return e.End
		}
		if ln.first {
			begin, octets = ln.off, 0
		}
		text := trimRight(ln.text)
		octets += int64(len(text))
		if !isBase64(text) || ln.last && octets%4 != 0 {
			break
		}
		if len(text) > 0 {
			digits, isPadded = digits+len(text), text[len(text)-1] == '='
		}
	}
	begin += e.Start
	if after := (Extent{Start: begin, End: e.End}); (isPadded || digits >= enough) && after.looksLikeText(raw) {
		return begin
	}
	return e.End
}

// isBase64 reports whether a line, or a piece of one, has only base64 digits, padded or not.
func isBase64(text []byte) bool {
	for range 2 {
		text = bytes.TrimSuffix(text, []byte("="))
	}
	for _, c := range text {
		if base64Value[c] == noDigit {
			return false
		}
	}
	return true
}

// looksLikeText reports whether the first octets of a body are words and no base64.
func (e Extent) looksLikeText(raw io.ReaderAt) bool {
	return len(bytes.Fields(e.Beginning(raw, 1024))) >= 3 && !e.looksLikeBase64(raw)
}

// base64Value holds the value of each base64 digit (RFC 2045 §6.8), noDigit for every other octet.
var base64Value = func() (values [256]uint64) {
	for i := range values {
		values[i] = noDigit
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		values[c] = uint64(i)
	}
	return values
}()

// noDigit exceeds the value of four digits, wherever among the four it stands.
const noDigit = 1 << 40

// base64Decoder decodes base64. It tolerates anything between the digits, several padded blocks, and an end within a
// quantum.
type base64Decoder struct {
	quantum uint32
	digits  int
}

func (d *base64Decoder) line(dst []byte, ln line) []byte { return d.octets(dst, ln.text) }

// octets decodes text: four digits at once, and octet by octet around one that is no digit.
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

// appendQuanta decodes text up to the first octet that is no digit. rest begins at most three digits before it.
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

// octet decodes one octet.
func (d *base64Decoder) octet(dst []byte, c byte) []byte {
	switch v := base64Value[c]; {
	case v != noDigit:
		d.quantum = d.quantum<<6 | uint32(v)
		d.digits++
		if d.digits == 4 {
			dst = append(dst, byte(d.quantum>>16), byte(d.quantum>>8), byte(d.quantum))
			d.quantum, d.digits = 0, 0
		}
	case c == '=':
		return d.finish(dst)
	}
	return dst
}

// finish appends the octets of an incomplete quantum.
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
