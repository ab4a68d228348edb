package config

import (
	"path/filepath"
	"strings"
)

// Broken is a mailbox file with mistakes. Service.Mailboxes does not have its mailbox.
type Broken struct {
	File     string
	Name     string    // the name of the mailbox, or of the file without .xml when the file has none that can be read
	Mistakes []Mistake // at least one
}

// Error returns the mistakes of the file as an error.
func (b Broken) Error() *Error { return &Error{b.Mistakes} }

// broken returns the description of a file with mistakes.
func (f *mailboxFile) broken() Broken {
	b := Broken{File: f.filling.file, Mistakes: sorted(f.mistakes)}
	if f.Mailbox != nil {
		b.Name = f.Name
	}
	if b.Name == "" {
		b.Name = nameOfFile(b.File)
	}
	return b
}

// nameOfFile returns the name of a mailbox whose file names none.
func nameOfFile(path string) string {
	base := filepath.Base(path)
	if ext := filepath.Ext(base); strings.EqualFold(ext, ".xml") {
		return strings.TrimSuffix(base, ext)
	}
	return base
}
