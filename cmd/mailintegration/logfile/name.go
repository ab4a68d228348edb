package logfile

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// layout is the name of a log file, as a layout of time.Format.
const layout = "MailIntegrationApp_20060102_150405.log"

// File is a log file in a directory.
type File struct {
	Name    string
	Path    string
	Begun   time.Time // as its name says, in local time
	Changed time.Time // when something was written to it last
	Octets  int64
}

// begun returns when a log file was begun, and whether name is the name of a log file.
func begun(name string) (time.Time, bool) {
	t, err := time.ParseInLocation(layout, name, time.Local)
	return t, err == nil && len(name) == len(layout) // the layout would take a fraction of a second too
}

// List returns the log files of a directory, in the order in which they were changed last. Files with other names, folders
// and links are left out.
func List(directory string) ([]File, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, entry := range entries {
		t, is := begun(entry.Name())
		if !is || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue // another process has removed it
		}
		files = append(files, fileOf(directory, info, t))
	}
	slices.SortStableFunc(files, func(a, b File) int {
		return cmp.Or(a.Changed.Compare(b.Changed), cmp.Compare(a.Name, b.Name))
	})
	return files, nil
}

// fileOf returns the description of a log file.
func fileOf(directory string, info fs.FileInfo, begun time.Time) File {
	return File{
		Name: info.Name(), Path: filepath.Join(directory, info.Name()), Begun: begun, Changed: info.ModTime(), Octets: info.Size(),
	}
}
