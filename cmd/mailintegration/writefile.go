package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"mailintegration/cmd/mailintegration/octopus"
	"mailintegration/store/disk"
)

// createFile writes a new file that only the daemon may read, since it may hold a password, and makes its folder.
func createFile(path string, content []byte) (err error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = letDaemonRead(path, 0o640)
	}
	if err != nil {
		_ = os.Remove(path) // half a file helps nobody
		return err
	}
	return disk.SyncDirectory(filepath.Dir(path))
}

// makeFolder makes a folder that only the daemon may read, unless it exists.
func makeFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	switch err := os.Mkdir(path, 0o750); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return letDaemonRead(path, 0o750)
}

// errChanged says that a file is no longer the one that was read.
var errChanged = errors.New("somebody has changed the file meanwhile; it stays as it is now")

// linksError says that a file has several names, of which a replacement would leave all but one with the old content.
type linksError struct{ names int }

// Error implements error.
func (e *linksError) Error() string {
	others := "the other would keep"
	if e.names > 2 {
		others = "the others would keep"
	}
	return fmt.Sprintf("it has %d names (hard links), and %s the old content", e.names, others)
}

// accessError says that a new file cannot have the owner or the rights of the one that it replaces.
type accessError struct{ err error }

// Error implements error.
func (e *accessError) Error() string {
	return "it must keep its owner and its rights: " + withoutPath(e.err).Error()
}

// Unwrap returns the cause.
func (e *accessError) Unwrap() error { return e.err }

// replaceError says why a file was neither replaced nor made. It does not name the new file beside it, which nobody knows.
type replaceError struct {
	path string
	err  error
}

// Error implements error.
func (e *replaceError) Error() string { return "cannot be written: " + withoutPath(e.err).Error() }

// withoutPath returns the cause of an error about a path.
func withoutPath(err error) error {
	switch wrong := err.(type) {
	case *fs.PathError:
		return wrong.Err
	case *os.LinkError:
		return wrong.Err
	}
	return err
}

// Unwrap returns the cause.
func (e *replaceError) Unwrap() error { return e.err }

// hint returns the remedy.
func (e *replaceError) hint() string {
	links, access := new(linksError), new(accessError)
	switch {
	case errors.As(e.err, &access):
		return "run this as root or administrator, or as the account that the file belongs to"
	case errors.As(e.err, &links):
		return "remove the other name, which " + showLinks(octopus.Quoted([]string{e.path})) + " shows, or put a copy of the file in its place"
	case errors.Is(e.err, syscall.EPERM):
		return "end the attribute that makes the file or its folder immutable: lsattr shows it, chattr -i removes it"
	case errors.Is(e.err, fs.ErrPermission):
		return "run this as root or administrator, or as the account that the folder " + filepath.Dir(e.path) + " belongs to"
	}
	return "mend that, then run this again"
}

// replacement replaces a file of the configuration.
type replacement struct {
	path   string
	before []byte            // what the file must still hold
	after  []byte            // what it holds afterwards
	at     func(step string) // called at the steps, nil for nobody
}

// replaceFile replaces a file at once: after a crash it has the octets before or after, never a part. The file keeps its owner,
// its rights and, if it is a symbolic link, the place where the link leads. If it no longer holds what it held before, it stays
// as it is, and the error is errChanged. A new file beside it has the new octets for a moment, with the rights of the old one.
// Between the last look and the change, only the lock of lockFiles keeps others from the file: the caller holds it. Any other error is
// a *replaceError.
func replaceFile(path string, before, after []byte) error {
	return replacement{path, before, after, func(string) {}}.run()
}

// run replaces the file.
func (r replacement) run() error {
	path, err := filepath.EvalSymlinks(r.path)
	if err != nil {
		return err
	}
	if err = r.put(path); err == nil || errors.Is(err, errChanged) {
		return err
	}
	return &replaceError{path, err}
}

// hasOneName returns a *linksError if a file has several names.
func hasOneName(path string) error {
	names, err := linksOf(path)
	if err == nil && names > 1 {
		err = &linksError{names}
	}
	return err
}

// put puts the new octets in the place of the file.
func (r replacement) put(path string) (err error) {
	if err := r.isUnchanged(path); err != nil {
		return err
	}
	pattern := "." + filepath.Base(path) + ".*.new" // not *.xml, which the service file names
	removeAll(filepath.Join(filepath.Dir(path), pattern))
	if err := hasOneName(path); err != nil { // only now: a key file whose maker was killed had two
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), pattern) // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	r.at("created")
	_, err = f.Write(r.after)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := keepAccess(path, f.Name()); err != nil {
		return &accessError{err}
	}
	r.at("written")
	if err := r.isUnchanged(path); err != nil {
		return err
	}
	if err := rename(f.Name(), path); err != nil {
		return err
	}
	r.at("renamed")
	return disk.SyncDirectory(filepath.Dir(path))
}

// isUnchanged returns an error unless the file is a regular one that holds what it held.
func (r replacement) isUnchanged(path string) error {
	now, err := readSmall(path)
	if err == nil && !bytes.Equal(now, r.before) {
		return errChanged
	}
	return err
}

// removeAll removes the files that a killed process left behind; the lock of lockFiles keeps those of others that run. One that
// cannot be removed does no harm: only those who may read the configuration can read it.
func removeAll(pattern string) {
	left, _ := filepath.Glob(pattern) // a folder whose name is no pattern has none
	for _, path := range left {
		_ = os.Remove(path)
	}
}
