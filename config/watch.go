package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mailintegration/config/key"
)

// WatchInterval is the time between two calls of Watcher.Look.
const WatchInterval = 2 * time.Second

const (
	// unfinishedLooks is how many looks must find a file unchanged before Look reports it, although it breaks off, is
	// empty, or has vanished.
	unfinishedLooks = 5
	// readingLooks is how often Look reads the files even if their size and time say that they are the same: every
	// minute. Not every file system has exact times.
	readingLooks = 30
	// filesPerLook is the number of quiet files for which every look asks the file system: with a thousand files, only every
	// fifth look does, until one has found a change.
	filesPerLook = 250
)

// Watcher tells when the files of a configuration have changed. It looks at their sizes and times, which works on network
// shares, with symbolic links, and with editors that rename a new file over the old one. One goroutine may use it at a
// time.
type Watcher struct {
	path    string
	keys    key.Source
	service *Service // as the last Load read it, mistakes and all
	seen    map[string]os.FileInfo
	looks   int  // since the last Load
	same    int  // looks in a row that found the files as the look before did
	pending bool // the files may differ from those that Load read

	stat func(string) (os.FileInfo, error)
}

// NewWatcher returns a watcher of the service file at path and of all that it names, with the key file of keys if a value is
// encrypted. The first call must be Load.
func NewWatcher(path string, keys key.Source) *Watcher {
	return &Watcher{path: path, keys: keys, stat: os.Stat}
}

// Load reads the configuration as LoadService does.
func (w *Watcher) Load() (*Service, []Warning, error) {
	s, f := loadService(w.path, w.keys)
	w.service, w.seen, w.pending = s, nil, true
	w.looks, w.same = 0, 0
	return s.orMistakes(f)
}

// Look returns the paths of the files whose contents differ from those that Load read: changed, new, and removed ones. It
// returns none while the files are still being changed: the call before must have found them as they are now. It waits
// longer for a file that looks half-saved. A burst of changes is reported once, by the first call after it.
func (w *Watcher) Look() []string {
	w.looks++
	if w.isResting() {
		return nil
	}
	now := w.stats()
	if w.seen == nil || !isSame(w.seen, now) {
		w.seen, w.same, w.pending = now, 0, true
		return nil
	}
	w.same++
	if !w.pending && w.looks%readingLooks != 0 {
		return nil
	}
	changed := w.changed(now)
	w.pending = len(changed) > 0
	if w.same < unfinishedLooks && slices.ContainsFunc(changed, w.isUnfinished) {
		return nil
	}
	return changed
}

// isResting reports whether this look may be left out, because there are many files and none has changed lately.
func (w *Watcher) isResting() bool {
	every := 1 + len(w.seen)/filesPerLook
	return !w.pending && w.looks%every != 0 && w.looks%readingLooks != 0
}

// paths returns the files to look at: the service file, the files that the tag Mailboxes stands for now, and the files
// that Load read.
func (w *Watcher) paths() []string {
	f := &filling{document: &document{}}
	paths := append([]string{w.path}, f.mailboxFiles(w.service)...)
	for _, file := range w.service.Files {
		paths = append(paths, file.Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// stats returns size and time of each file, nil for one that does not exist or cannot be reached.
func (w *Watcher) stats() map[string]os.FileInfo {
	found := map[string]os.FileInfo{}
	for _, path := range w.paths() {
		info, err := w.stat(path)
		if err != nil {
			info = nil
		}
		found[path] = info
	}
	return found
}

// isSame reports whether two looks have found the same files.
func isSame(a, b map[string]os.FileInfo) bool {
	if len(a) != len(b) {
		return false
	}
	for path, x := range a {
		y, found := b[path]
		if !found || (x == nil) != (y == nil) {
			return false
		}
		if x != nil && (x.Size() != y.Size() || !x.ModTime().Equal(y.ModTime()) || !os.SameFile(x, y)) {
			return false
		}
	}
	return true
}

// changed returns the paths whose contents differ from those that Load read.
func (w *Watcher) changed(now map[string]os.FileInfo) []string {
	read := map[string]File{}
	for _, file := range w.service.Files {
		read[file.Path] = file
	}
	var changed []string
	for path := range now {
		data, err := readFile(path)
		before, known := read[path]
		if !known || before != fileOf(path, data, err) {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}

// isUnfinished reports whether a file looks as if a program is about to write the rest of it: it breaks off, is empty, or
// has vanished.
func (w *Watcher) isUnfinished(path string) bool {
	data, err := readFile(path)
	switch {
	case err != nil || len(bytes.TrimSpace(data)) == 0:
		return true
	case filepath.Clean(path) == filepath.Clean(w.path):
		return !parse(path, data, serviceSet()).whole
	case slices.Contains((&filling{document: &document{}}).mailboxFiles(w.service), path):
		return !parse(path, data, mailboxSet()).whole
	}
	return bytes.Count(data, []byte("-----BEGIN")) != bytes.Count(data, []byte("-----END")) // PEM, RFC 7468 §2
}
