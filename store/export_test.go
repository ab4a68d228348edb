package store

import "time"

// OnFiles lets a test stand before each step of the store's work on files and rows of the attachment directory: step may
// wait, or return an error with which the step fails. A limit of 0 is the usual one. It is called before the store is used.
func (s *Store) OnFiles(limit time.Duration, step func(name string) error) {
	s.contents.files.step = step
	if limit > 0 {
		s.contents.files.limit = func(int64) time.Duration { return limit }
	}
}

// FileLimit is how long work on so many octets may take.
var FileLimit = fileLimit

// IsStuck reports whether work on files was left behind and has not returned.
func (s *Store) IsStuck() bool { return s.contents.files.isStuck() }
