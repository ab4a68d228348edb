package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Broken is a mailbox file with mistakes. Service.Mailboxes does not have its mailbox.
type Broken struct {
	File     string
	Name     string    // the name of the mailbox, or of the file without .xml when the file has none that can be read
	Mistakes []Mistake // at least one
	XML      []byte    // what could be read of the file, without secrets, nil when that is nothing; never changed
}

// Error returns the mistakes of the file as an error.
func (b Broken) Error() *Error { return &Error{b.Mistakes} }

// MailboxMistakes returns the mistakes of the mailbox files, nil when there are none.
func (s *Service) MailboxMistakes() *Error {
	var all []Mistake
	for _, b := range s.Broken {
		all = append(all, b.Mistakes...)
	}
	if len(all) == 0 {
		return nil
	}
	return &Error{all}
}

// broken returns the description of a file with mistakes.
func (f *mailboxFile) broken() Broken {
	b := Broken{File: f.filling.file, Mistakes: sorted(f.mistakes), XML: f.readable()}
	if f.Mailbox != nil {
		b.Name = f.Name
	}
	if b.Name == "" {
		b.Name = NameOfFile(b.File)
	}
	return b
}

// NameOfFile returns the name of a mailbox whose file names none.
func NameOfFile(path string) string {
	base := filepath.Base(path)
	if ext := filepath.Ext(base); strings.EqualFold(ext, ".xml") {
		return strings.TrimSuffix(base, ext)
	}
	return base
}

// KeepBroken adds to s the mailboxes of running whose files have mistakes now, so that the daemon goes on polling them as
// before. A file counts as broken too when its whole folder has gone, as with a share that is no longer mounted; s.Broken
// then gets it. KeepBroken leaves out a mailbox that has the name or the account of another one of s. It returns the names
// of the mailboxes that it has added, by their files.
func (s *Service) KeepBroken(running *Service) map[string]string {
	kept := map[string]string{}
	for _, m := range running.Mailboxes {
		s.missFolder(m)
		isBroken := slices.ContainsFunc(s.Broken, func(b Broken) bool { return b.File == m.File })
		if isBroken && !slices.ContainsFunc(s.Mailboxes, m.isCopyOf) {
			s.Mailboxes = append(s.Mailboxes, m)
			kept[m.File] = m.Name
		}
	}
	return kept
}

// missFolder adds to Broken the file of a mailbox that was not found because its folder cannot be read.
func (s *Service) missFolder(m *Mailbox) {
	if slices.ContainsFunc(s.Files, func(f File) bool { return f.Path == m.File }) {
		return
	}
	folder := filepath.Dir(m.File)
	if _, err := os.ReadDir(folder); err != nil {
		fault := "the folder " + folder + " cannot be read: " + reason(err).Error() +
			" (mount or restore it; to remove the mailbox, remove its tag Mailboxes, or restart the daemon)"
		s.Broken = append(s.Broken, Broken{File: m.File, Name: m.Name, Mistakes: []Mistake{{File: m.File, Text: fault}}})
	}
}

// isCopyOf reports whether two files are for the same mailbox: they have one name, or both poll one account.
func (m *Mailbox) isCopyOf(other *Mailbox) bool {
	a, b := &mailboxFile{Mailbox: m}, &mailboxFile{Mailbox: other}
	return a.nameKey() == b.nameKey() || a.accountKey() != "" && a.accountKey() == b.accountKey()
}
