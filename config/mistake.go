package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong in one file. It never holds a secret.
type Mistake struct {
	File   string
	Line   int    // from 1; 0 when the mistake has no place in the file
	Column int    // from 1, in characters
	Tag    string // "" when the mistake lies in no tag
	Text   string // what is wrong (what is right)
}

// String returns "file:line:column: Tag: what is wrong (what is right)".
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

// Warning is something that is read, but should be written otherwise.
type Warning struct{ Mistake }

// Error is all that is wrong in the files that were read: file by file, in the order of their lines.
type Error struct{ Mistakes []Mistake }

// Error returns one line for each mistake.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the mistakes of one file in the order of its lines.
func sorted(mistakes []Mistake) []Mistake {
	slices.SortStableFunc(mistakes, byPlace)
	return mistakes
}

func byPlace(a, b Mistake) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// sortedWarnings returns the warnings of one file in the order of its lines.
func sortedWarnings(warnings []Warning) []Warning {
	slices.SortStableFunc(warnings, func(a, b Warning) int { return byPlace(a.Mistake, b.Mistake) })
	return warnings
}

// asError returns mistakes as an error, nil when there are none.
func asError(mistakes []Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	return &Error{mistakes}
}
