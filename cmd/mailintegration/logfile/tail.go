package logfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Line is a line of a log file, as a Tail understands it.
type Line struct {
	Time time.Time // when it was written; lines of several files are ordered by it
	Text []byte
}

// Tail reads the lines at the end of a directory's log files, while processes write to them, and those that follow. Last
// is called first, if at all.
type Tail struct {
	directory string
	read      func(text []byte) (at time.Time, wanted bool)

	known  map[string]*followed // by the file's name
	opened []*followed          // those that are open; the one that grew last is the last one
}

// followed is a log file of which a Tail knows what was read.
type followed struct {
	info fs.FileInfo
	at   int64    // up to here the lines were read
	file *os.File // nil unless it has grown lately
}

// mostOpen limits how many files a Tail holds open, so that it reads the end of one that is moved away.
const mostOpen = 16

// NewTail returns the Tail of a directory. It hands out the lines that read wants, in the order of their times.
func NewTail(directory string, read func(text []byte) (at time.Time, wanted bool)) *Tail {
	return &Tail{directory: directory, read: read, known: map[string]*followed{}}
}

// Last returns the last n lines of the directory that are wanted. Next returns those that follow.
func (t *Tail) Last(n int) ([]Line, error) {
	files, err := List(t.directory)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, f := range slices.Backward(files) {
		wanted := n
		if len(lines) == n && n > 0 && f.Changed.Before(lines[0].Time) {
			wanted = 0 // it has older lines only
		}
		some, err := t.lastOf(f, wanted)
		if ignoreAbsent(err) != nil {
			return nil, err
		}
		lines = slices.Concat(some, lines)
		slices.SortStableFunc(lines, inOrder)
		lines = lines[max(0, len(lines)-n):]
	}
	return lines, nil
}

// inOrder compares the times of lines.
func inOrder(a, b Line) int { return a.Time.Compare(b.Time) }

// lastOf returns the last n lines of a file that are wanted, and makes Next begin behind them.
func (t *Tail) lastOf(f File, n int) (lines []Line, err error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	b, end, err := newBackward(file, info.Size())
	if err != nil {
		return nil, err
	}
	t.known[f.Name] = &followed{info: info, at: end}
	for len(lines) < n {
		text, err := b.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if at, wanted := t.read(text); wanted {
			lines = append(lines, Line{at, text})
		}
	}
	slices.Reverse(lines)
	return lines, nil
}

// Next returns the lines that were written since Last or Next, and does not wait for any. A file that is moved away is read to
// its end if it has grown before.
func (t *Tail) Next() ([]Line, error) {
	files, err := List(t.directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var lines []Line
	there := map[string]bool{}
	for _, f := range files {
		some, err := t.grown(f)
		if err != nil {
			return nil, err
		}
		there[f.Name] = true
		lines = append(lines, some...)
	}
	for name, k := range t.known {
		if !there[name] {
			lines = append(lines, t.finish(k)...)
			delete(t.known, name)
		}
	}
	slices.SortStableFunc(lines, inOrder)
	return lines, nil
}

// grown returns the new lines of a file, from its beginning if it is another one than before or was emptied.
func (t *Tail) grown(f File) (lines []Line, err error) {
	info, err := os.Lstat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k := t.known[f.Name]
	if k != nil && !os.SameFile(k.info, info) {
		lines = t.finish(k)
		k = nil
	}
	if k == nil {
		k = &followed{info: info}
		t.known[f.Name] = k
	}
	if info.Size() < k.at {
		k.at = 0
	}
	if info.Size() == k.at {
		return lines, nil
	}
	if err := t.open(k, f.Path); err != nil {
		return lines, ignoreAbsent(err)
	}
	some, err := t.rest(k)
	return append(lines, some...), err
}

// ignoreAbsent returns err unless it says that a file is not there.
func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// open opens a file that has grown, and closes the one that has not grown for the longest time if too many are open.
func (t *Tail) open(k *followed, path string) error {
	if k.file == nil {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if info, err := file.Stat(); err != nil || !os.SameFile(k.info, info) {
			return errors.Join(err, file.Close(), fs.ErrNotExist) // it was moved just now
		}
		k.file = file
	}
	t.opened = append(without(t.opened, k), k)
	if len(t.opened) > mostOpen {
		t.opened[0].close()
		t.opened = t.opened[1:]
	}
	return nil
}

// without returns files but one of them.
func without(files []*followed, one *followed) []*followed {
	return slices.DeleteFunc(files, func(k *followed) bool { return k == one })
}

// close closes a file, if it is open.
func (k *followed) close() {
	if k.file != nil {
		k.file.Close()
		k.file = nil
	}
}

// finish reads an open file that is not at its path any more to its end, and closes it.
func (t *Tail) finish(k *followed) []Line {
	if k.file == nil {
		return nil
	}
	lines, _ := t.rest(k) // nobody can read more of it
	k.close()
	t.opened = without(t.opened, k)
	return lines
}

// rest returns the whole lines of an open file that were not read yet.
func (t *Tail) rest(k *followed) (lines []Line, err error) {
	buffer := make([]byte, 0, block)
	for {
		n, err := k.file.ReadAt(buffer[len(buffer):cap(buffer)], k.at+int64(len(buffer)))
		buffer = buffer[:len(buffer)+n]
		used := 0
		for {
			i := bytes.IndexByte(buffer[used:], '\n')
			if i < 0 {
				break
			}
			lines = t.add(lines, buffer[used:used+i])
			used += i + 1
		}
		if used == 0 && len(buffer) > maxLine {
			lines = t.add(lines, buffer)
			used = len(buffer)
		}
		k.at += int64(used)
		buffer = slices.Grow(buffer[:copy(buffer, buffer[used:])], block)
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

// add adds a line that is wanted. The memory of text is used again.
func (t *Tail) add(lines []Line, text []byte) []Line {
	if at, wanted := t.read(text); wanted {
		return append(lines, Line{at, bytes.Clone(text)})
	}
	return lines
}

// Close closes the files.
func (t *Tail) Close() {
	for _, k := range t.opened {
		k.close()
	}
	t.opened = nil
}
