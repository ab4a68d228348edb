package entity

import (
	"io"
	"strings"
)

// ReadHeaders returns the header sections that follow each other in a text, at most most that are not empty. It reads
// only the first octets of the text and notes no defects.
func ReadHeaders(text io.Reader, octets int64, limits Limits, most int) []Header {
	l, budget := newLines(io.LimitReader(text, octets), octets), int(octets)
	var sections []Header
	for before := int64(-1); len(sections) < most && l.offset() > before; {
		before = l.offset()
		h := headerReader{
			lines: l, limits: limits, budget: &budget,
			keep: func(string) bool { return true },
			note: func(string) {},
		}
		if fields, _ := h.read(); len(fields) > 0 {
			sections = append(sections, fields)
		}
	}
	return sections
}

// ReadField returns the value of the first field with that name in the header section of a message, not decoded, ""
// when there is none. It reads only the first octets of the message and notes no defects.
func ReadField(message io.Reader, octets int64, limits Limits, name string) string {
	budget := int(octets)
	h := headerReader{
		lines:  newLines(io.LimitReader(message, octets), octets),
		limits: limits, budget: &budget, outer: true,
		keep: func(other string) bool { return strings.EqualFold(other, name) },
		note: func(string) {},
	}
	header, _ := h.read()
	return header.Get(name)
}
