package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one fault in one file. It never contains a secret.
type Mistake struct {
	File   string
	Line   int    // from 1; 0 when the whole file is at fault
	Column int    // from 1, in characters
	Tag    string // "" when no tag is at fault
	Text   string // what is wrong (what to do)
}

// String returns "file:line:column: Tag: what is wrong (what to do)".
func (m Mistake) String() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	b.WriteString(": ")
	if m.Tag != "" {
		b.WriteString(m.Tag + ": ")
	}
	b.WriteString(m.Text)
	return b.String()
}

// Warning is a text that the loader accepts, but that the administrator should change.
type Warning struct{ Mistake }

// Error holds every mistake in the files that were read: file by file, in the order of their lines.
type Error struct{ Mistakes []Mistake }

// Error returns the mistakes, one per line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// sorted sorts the mistakes of one file by line and returns them.
func sorted(mistakes []Mistake) []Mistake {
	slices.SortStableFunc(mistakes, byPlace)
	return mistakes
}

// byPlace orders mistakes by line and column.
func byPlace(a, b Mistake) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// sortedWarnings sorts the warnings of one file by line and returns them.
func sortedWarnings(warnings []Warning) []Warning {
	slices.SortStableFunc(warnings, func(a, b Warning) int { return byPlace(a.Mistake, b.Mistake) })
	return warnings
}

// asError returns an *Error with the mistakes, nil when there are none.
func asError(mistakes []Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	return &Error{mistakes}
}
