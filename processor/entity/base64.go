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

// looksLikeBase64 tells base64 with some junk from a body that is only called so, by its first octets.
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
	return bad*12 <= good // every sixth character or so of a text is no letter
}

// CutClearText cuts off the clear text that somebody put after a body in base64, as list servers put a footer. plain is
// empty when there is none, or none within most octets.
func (e Extent) CutClearText(raw io.ReaderAt, most int64, work *Workspace) (encoded, plain Extent) {
	encoded = e
	if e.encoding == base64Encoding {
		encoded.End = e.clearTextAt(raw, most, work)
	}
	return encoded, Extent{Start: encoded.End, End: e.End}
}

// clearTextAt is where clear text begins that somebody put after a body in base64, as list servers put a footer: its
// letters are digits, too. It is the end of the body where there is none, or none within most octets.
func (e Extent) clearTextAt(raw io.ReaderAt, most int64, work *Workspace) int64 {
	const enough = 20 // digits that are no word
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
		if octets += int64(len(text)); !isBase64(text) || ln.last && octets%4 != 0 {
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

// isBase64 says whether a line, or a piece of one, is nothing but digits, padded or not.
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

// looksLikeText reports whether there are words and no base64, by the first octets.
func (e Extent) looksLikeText(raw io.ReaderAt) bool {
	return len(bytes.Fields(e.Beginning(raw, 1024))) >= 3 && !e.looksLikeBase64(raw)
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
