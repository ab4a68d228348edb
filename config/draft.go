package config

import (
	"path/filepath"

	"mailintegration/config/key"
)

// Draft holds the octets of a file of the configuration that has not been written yet.
type Draft struct {
	Path   string
	Octets []byte
}

// LoadDraft reads the configuration as LoadService does, with a draft in the place of a file, which need not exist. A mailbox
// file that does not exist yet belongs to the service if a pattern of its tag Mailboxes matches the path.
func LoadDraft(path string, keys key.Source, draft Draft) (*Service, []Warning, error) {
	s, f := loadServiceWith(path, keys, &draft)
	return s.orMistakes(f)
}

// LoadMailboxDraft reads a mailbox file as LoadMailbox does, from a draft.
func LoadMailboxDraft(draft Draft, keys key.Source) (*Mailbox, []Warning, error) {
	m, f := readMailbox(draft.Path, draft.Octets, newKeyring(keys))
	if err := asError(f.mistakes); err != nil {
		return nil, f.warnings, err
	}
	return m, f.warnings, nil
}

// read returns the octets of a file: those of the draft, if it stands for the file.
func (d *Draft) read(path string) ([]byte, error) {
	if d.standsFor(path) {
		return d.Octets, nil
	}
	return readFile(path)
}

// standsFor reports whether the draft is that of a file.
func (d *Draft) standsFor(path string) bool {
	return d != nil && beside("", path) == beside("", d.Path)
}

// isNew reports whether the draft is a mailbox file that the service names, but none of the files that there are.
func (d *Draft) isNew(s *Service, files []string) bool {
	if d == nil || d.standsFor(s.File) {
		return false
	}
	for _, file := range files {
		if d.standsFor(file) {
			return false
		}
	}
	for _, pattern := range s.MailboxFiles {
		matches, err := filepath.Match(beside(s.File, pattern), beside("", d.Path))
		if err == nil && matches {
			return true
		}
	}
	return false
}
