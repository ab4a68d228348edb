package key

import (
	"errors"
	"fmt"
	"io/fs"
)

// FileName is the name of the key file. It lies beside the service file.
const FileName = "mailintegration.key"

// Source names the places in which the key file may be. Every key that is found in any of them decrypts. The zero Source has
// no place.
type Source struct {
	File        string   // the key file, whose first key encrypts
	Credentials []string // copies that systemd hands to the service, or that it reads them from
}

// MissingError says that no place has a key that can be read.
type MissingError struct {
	File string // where the key file belongs
	Err  error  // why a file that exists cannot be used, nil if there is none
	Path string // of that file
}

// Error returns a sentence without its subject.
func (e *MissingError) Error() string {
	if e.Err == nil {
		return "there is no key file " + e.File
	}
	return fmt.Sprintf("the key file %s cannot be used: %s", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *MissingError) Unwrap() error { return e.Err }

// Open reads the keys. The error is a *MissingError if there is none. A file that cannot be used does not matter where another
// one can: problem says what is wrong with it, nil for nothing; that only root may read a credential is nothing wrong. read
// returns the octets of a file, and fs.ErrNotExist for one that does not exist.
func (s Source) Open(read func(path string) ([]byte, error)) (ring *Ring, problem *MissingError, err error) {
	missing := &MissingError{File: s.File}
	for _, path := range append([]string{s.File}, s.Credentials...) {
		if path == "" {
			continue
		}
		octets, err := read(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var found *Ring
		if err == nil {
			found, err = Parse(octets)
		}
		if err != nil && missing.Err == nil {
			missing.Path, missing.Err = path, err
		}
		if err != nil && problem == nil && (path == s.File || !errors.Is(err, fs.ErrPermission)) {
			problem = &MissingError{File: s.File, Path: path, Err: err}
		}
		ring = ring.Join(found)
	}
	if ring == nil {
		return nil, problem, missing
	}
	return ring, problem, nil
}
