package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailintegration/store"
)

// directoryError is an error about a directory that the service file names.
type directoryError struct {
	what string // "log directory"
	tag  string // the tag that names it
	err  error
}

func (e *directoryError) Error() string { return e.what + ": " + e.err.Error() }

func (e *directoryError) Unwrap() error { return e.err }

// Hint returns what a person can do; daemon.Hint finds this method.
func (e *directoryError) Hint() string {
	return cmp.Or(store.FileHint(e.err, e.tag), "free space on the file system of "+e.tag)
}

// makeSpool makes the directory in which large messages lie while they are read. Only this account may read it, since
// the messages are mail.
func makeSpool(directory string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return &directoryError{"spool directory", "SpoolDirectory", err}
	}
	return nil
}

// makePassable makes a directory, and those above it, through which other accounts can pass, whatever the umask: below root, the
// private PostgreSQL runs as another account. A directory that exists stays as it is.
func makePassable(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makePassable(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, passable); err != nil {
		if errors.Is(err, fs.ErrExist) { // by another program, just now
			return nil
		}
		return err
	}
	return os.Chmod(path, passable)
}

// passable is the mode of a directory that other accounts can pass through and cannot list.
const passable = 0o711

// dataError marks the errors about files in DataDirectory, and those about a full disk, which initdb reports only in the text
// that it prints. Other errors, such as that of starting a program, stay as they are.
func dataError(err error) error {
	var path *fs.PathError
	isFile := errors.As(err, &path) && path.Op != "fork/exec"
	if isFile || strings.Contains(err.Error(), "No space left on device") {
		return &directoryError{"data directory", "DataDirectory", err}
	}
	return err
}
