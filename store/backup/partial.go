package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// PartialSuffix ends the name of an archive while it is written.
const PartialSuffix = ".partial"

// InTheWayError says that something lies where an archive is to be written. It stays as it is.
type InTheWayError struct {
	Reason string
	Remedy string // what a person can do
}

func (e *InTheWayError) Error() string { return e.Reason }

// Hint returns what a person can do.
func (e *InTheWayError) Hint() string { return e.Remedy }

// errWritten says that a process writes a partial archive.
var errWritten = errors.New("another backup writes this archive")

// createPartial creates a partial archive, in place of one that a killed backup has left, and marks it as being written until it is
// closed. It writes to no file that it has not created: a link or the file of another account may lie there. The error is an
// InTheWayError then.
func createPartial(name string) (*os.File, error) {
	for range 3 { // RemoveLeftOver may take the file for one that nobody writes, before it is marked
		if err := removePartial(name); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		markWritten(f)
		if isStill(name, f) {
			return f, nil
		}
		f.Close()
	}
	return nil, &fs.PathError{Op: "create", Path: name, Err: errors.New("other programs remove it again and again")}
}

// isStill reports whether a name is that of an open file.
func isStill(name string, f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}

// removePartial removes a partial archive that nobody writes, if there is one. It removes only what a backup of this account can have
// left. The error is errWritten if a backup writes it.
func removePartial(name string) error {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || !isOurs(info) {
		return &InTheWayError{
			Reason: name + " is in the way: it is not a file that a backup of this account has left",
			Remedy: "look who has put it there, and remove it; or write the archive to a directory that only this account can write to",
		}
	}
	if err := removeUnwritten(name); !errors.Is(err, errWritten) {
		return err
	}
	return &InTheWayError{
		Reason: fmt.Sprintf("%s: %v", name, errWritten),
		Remedy: "let it end, or name another archive",
	}
}

// NameAt returns the name of an archive in a directory that gets the time as its name.
func NameAt(directory string, now time.Time) string {
	return filepath.Join(directory, "mailintegration-"+now.Format("20060102-150405")+".tar")
}

// partialAt matches the name of a partial archive that NameAt has named.
var partialAt = regexp.MustCompile(`^mailintegration-\d{8}-\d{6}\.tar\.partial$`)

// RemoveLeftOver removes the partial archives that killed backups of this account have left in a directory, each under a name by NameAt,
// and returns the names of the files. It leaves alone what a backup writes, and what it cannot remove.
func RemoveLeftOver(directory string) (removed []string, err error) {
	entries, err := os.ReadDir(directory)
	for _, e := range entries {
		name := filepath.Join(directory, e.Name())
		if info, err := e.Info(); err == nil && partialAt.MatchString(e.Name()) && info.Mode().IsRegular() && isOurs(info) &&
			removeUnwritten(name) == nil {
			removed = append(removed, name)
		}
	}
	return removed, err
}
