package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say where a Writer writes, and what it keeps.
type Options struct {
	Directory string // "" for none: then nothing is written
	Limits    Limits

	Now     func() time.Time // nil: time.Now
	Removed func([]File)     // is told which old files were removed; nil: nobody
	Trouble func(error)      // is told why no new file was begun, or old ones were not removed; nil: nobody
}

// Limits bound what a Writer leaves in its directory.
type Limits struct {
	Keep      Keep
	MaxOctets int64 // a line that would make a file larger begins a new one; 0: files of any size
}

// Writer writes lines to a log file: a new one for each Writer, each day, and whenever a file is full. It removes old files
// when it begins a new one. Removed and Trouble are called by the methods of the Writer and may call Write.
type Writer struct {
	now     func() time.Time
	removed func([]File)
	trouble func(error)

	mu        sync.Mutex
	directory string
	limits    Limits
	file      *os.File // nil without a directory and after Close
	path      string
	day       string
	octets    int64
	torn      bool // the last line was written in part
	failing   bool // the last attempt to begin or open a file failed, and Trouble was told
}

// Open makes the directory and begins the first file. Without a directory, nothing is written until Move names one.
func Open(o Options) (*Writer, error) {
	w := &Writer{now: o.Now, removed: o.Removed, trouble: o.Trouble, limits: o.Limits}
	if w.now == nil {
		w.now = time.Now
	}
	if w.removed == nil {
		w.removed = func([]File) {}
	}
	if w.trouble == nil {
		w.trouble = func(error) {}
	}
	if err := w.Move(o.Directory); err != nil {
		return nil, err
	}
	return w, nil
}

// Move goes on in a new file in another directory, which it makes, or in none. After an error the log goes on where it was.
func (w *Writer) Move(directory string) error {
	if err := w.move(directory); err != nil {
		return err
	}
	w.purge()
	return nil
}

// move does what Move says, but for the old files.
func (w *Writer) move(directory string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if directory == "" {
		w.directory = ""
		return w.end()
	}
	before := w.directory
	w.directory = directory
	if err := w.begin(w.now()); err != nil {
		w.directory = before
		return err
	}
	return nil
}

// Limit changes the limits. They hold from the next line on; old files are removed at once.
func (w *Writer) Limit(l Limits) {
	w.mu.Lock()
	w.limits = l
	w.mu.Unlock()
	w.purge()
}

// Limits returns the limits.
func (w *Writer) Limits() Limits {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limits
}

// Write implements io.Writer for whole lines. If no new file can be begun, the log goes on in the old one. What cannot be
// written is lost, and the next line begins on a line of its own.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	begun, trouble := w.prepare(w.now(), len(p))
	n, err := w.write(p)
	w.mu.Unlock()
	if trouble != nil {
		w.trouble(trouble)
	}
	if begun {
		w.purge()
	}
	return n, err
}

// prepare begins a new file if it is time for one, and opens the file again if another program has moved it away. Of several
// failures in a row it returns the first one.
func (w *Writer) prepare(now time.Time, octets int) (begun bool, err error) {
	full := w.limits.MaxOctets > 0 && w.octets > 0 && w.octets+int64(octets) > w.limits.MaxOctets
	switch {
	case w.file == nil:
		return false, nil
	case now.Format(time.DateOnly) != w.day || full:
		err = w.begin(now)
		begun = err == nil
	case canBeMoved && w.isElsewhere():
		err = w.openAgain()
	}
	first := !w.failing
	w.failing = err != nil
	if !first {
		err = nil
	}
	return begun, err
}

// write writes a line to the file, if there is one.
func (w *Writer) write(p []byte) (int, error) {
	if w.file == nil {
		return len(p), nil
	}
	if w.torn {
		if _, err := w.file.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		w.octets++
	}
	n, err := w.file.Write(p)
	w.octets += int64(n)
	w.torn = n > 0 && n < len(p)
	return n, err
}

// isElsewhere reports whether another program has moved or removed the file. An error of another kind does not count.
func (w *Writer) isElsewhere() bool {
	there, err := os.Stat(w.path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	here, err := w.file.Stat()
	return err == nil && !os.SameFile(there, here)
}

// Reopen opens the file again, as it does by itself when another program has moved it away.
func (w *Writer) Reopen() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	return w.openAgain()
}

// openAgain goes on in the file that has the path of this one now, or in a new one of that name.
func (w *Writer) openAgain() error {
	if err := os.MkdirAll(w.directory, 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	return w.use(file, w.path, w.day, info.Size())
}

// mostNames limits how many names are tried: each file of a second has the name of a later one.
const mostNames = 100

// begin ends the file and begins one that is named for the time now.
func (w *Writer) begin(now time.Time) error {
	if err := os.MkdirAll(w.directory, 0o750); err != nil {
		return err
	}
	for i := range mostNames {
		path := filepath.Join(w.directory, now.Add(time.Duration(i)*time.Second).Format(layout))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o640)
		if err == nil {
			return w.use(file, path, now.Format(time.DateOnly), 0)
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("%s has a log file for each of %d seconds from %s on", w.directory, mostNames, now.Format(time.DateTime))
}

// use ends the file and goes on in another one.
func (w *Writer) use(file *os.File, path, day string, octets int64) error {
	lock(file)
	err := w.end()
	w.file, w.path, w.day, w.octets, w.torn = file, path, day, octets, false
	return err
}

// end closes the file, if there is one.
func (w *Writer) end() error {
	if w.file == nil {
		return nil
	}
	file := w.file
	w.file = nil
	unlock(file)
	return file.Close()
}

// purge removes old files.
func (w *Writer) purge() {
	w.mu.Lock()
	directory, keep := w.directory, w.limits.Keep
	w.mu.Unlock()
	if directory == "" || keep == (Keep{}) {
		return
	}
	removed, err := Purge(directory, keep, w.now())
	if len(removed) > 0 {
		w.removed(removed)
	}
	if err != nil {
		w.trouble(err)
	}
}

// Path returns the path of the file that is written, "" for none.
func (w *Writer) Path() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return ""
	}
	return w.path
}

// Close ends the file. What is written afterwards is lost.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.directory = ""
	return w.end()
}
