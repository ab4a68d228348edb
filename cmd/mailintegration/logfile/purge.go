package logfile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// Keep says which log files stay. The zero value keeps all of them.
type Keep struct {
	Age   time.Duration // since something was written to a file last; 0: files of any age stay
	Files int           // how many files stay, the newest ones; 0: any number
}

// Purge removes the log files of a directory that keep does not keep, and returns those that it removed. A file in which a
// process writes stays. A file that cannot be removed does not hold up the others.
func Purge(directory string, keep Keep, now time.Time) (removed []File, err error) {
	files, err := Expired(directory, keep, now)
	for _, f := range files {
		failed := os.Remove(f.Path)
		switch {
		case errors.Is(failed, fs.ErrNotExist): // another process was faster
		case failed != nil:
			err = errors.Join(err, failed)
		default:
			removed = append(removed, f)
		}
	}
	return removed, err
}

// Expired returns the log files of a directory that Purge would remove.
func Expired(directory string, keep Keep, now time.Time) ([]File, error) {
	files, err := List(directory)
	if err != nil {
		return nil, err
	}
	var expired []File
	for i, f := range files {
		old := keep.Age > 0 && now.Sub(f.Changed) > keep.Age
		many := keep.Files > 0 && i < len(files)-keep.Files
		if (old || many) && !InUse(f, now) {
			expired = append(expired, f)
		}
	}
	return expired, nil
}

// InUse reports whether a process writes to a log file. Where the file system knows no locks, a file to which something was
// written within a day counts as used.
func InUse(f File, now time.Time) bool {
	used, known := isLocked(f.Path)
	if !known {
		return now.Sub(f.Changed) < 24*time.Hour
	}
	return used
}
