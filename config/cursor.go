package config

import "unicode/utf8"

// position is a place in a file, line and column from 1; the column counts characters.
type position struct{ line, column int }

// cursor turns rising offsets into positions.
type cursor struct {
	text   []byte
	offset int
	position
}

func newCursor(text []byte) *cursor { return &cursor{text: text, position: position{1, 1}} }

// to returns the position of offset, which must not lie before that of the call before.
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
