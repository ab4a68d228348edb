package config

import "unicode/utf8"

// position is a place in a file. Line and column count from 1; columns are characters.
type position struct{ line, column int }

// cursor turns rising offsets into positions.
type cursor struct {
	text   []byte
	offset int
	position
}

// newCursor returns a cursor at the beginning of text.
func newCursor(text []byte) *cursor { return &cursor{text: text, position: position{1, 1}} }

// to returns the position of offset. Offsets must not decrease from one call to the next.
func (c *cursor) to(offset int) position {
	for c.offset < min(offset, len(c.text)) {
		r, size := utf8.DecodeRune(c.text[c.offset:])
		c.offset += size
		if r == '\n' {
			c.position = position{c.line + 1, 1}
		} else {
			c.column++
		}
	}
	return c.position
}
