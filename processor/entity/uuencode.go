package entity

import (
	"bytes"
	"io"
	"regexp"
)

// uuDecoder decodes uuencode(1), from the begin line or else the first line to the end line.
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

// appendUU decodes one line. Its first character is the number of octets that the other characters stand for.
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

var uuBegin = regexp.MustCompile(`^begin [0-7]{3,4} +(\S.*)$`)

// UUBegin returns the file name in a line that begins a block of uuencode(1). ok is false when the line begins none.
func UUBegin(line string) (name string, ok bool) {
	found := uuBegin.FindStringSubmatch(trimRight(line))
	if found == nil {
		return "", false
	}
	return found[1], true
}

// UUBlock returns the decoded octets of one block in a text: the block that the ordinal-th begin line begins. size is
// about how many octets the text has.
func UUBlock(text io.Reader, size int64, ordinal int) io.Reader {
	return &transferReader{lines: newLines(text, size), decoder: &uuBlockDecoder{ordinal: ordinal}}
}

// uuBlockDecoder decodes one block of a text.
type uuBlockDecoder struct {
	ordinal int // begin lines still to come, the block's own included
	begun   bool
	uu      uuDecoder
}

func (d *uuBlockDecoder) line(dst []byte, ln line) []byte {
	switch {
	case d.begun:
		return d.uu.line(dst, ln)
	case ln.first && bytes.HasPrefix(ln.text, []byte("begin ")) && uuBegin.Match(trimRight(ln.text)):
		d.ordinal--
		d.begun = d.ordinal == 0
	}
	return dst
}

func (d *uuBlockDecoder) finish(dst []byte) []byte { return dst }

func (d *uuBlockDecoder) atRest() bool { return false }
