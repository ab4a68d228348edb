package key

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
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
// one can: problem says what is wrong with it, nil for nothing. read returns the octets of a file, and fs.ErrNotExist for one
// that does not exist.
func (s Source) Open(read func(path string) ([]byte, error)) (ring *Ring, problem *MissingError, err error) {
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
		if err != nil && problem == nil {
			problem = &MissingError{File: s.File, Path: path, Err: err}
		}
		ring = ring.Join(found)
	}
	switch {
	case ring != nil:
		return ring, problem, nil
	case problem != nil:
		return nil, problem, problem
	}
	return nil, nil, &MissingError{File: s.File}
}

// Places returns the paths at which a key may be.
func (s Source) Places() string {
	return strings.Join(append([]string{s.File}, s.Credentials...), ", ")
}
