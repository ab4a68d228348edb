//go:build unix

package logfile

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestALogThatAnotherProgramHasMovedGoesOnAtItsPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		then func(t *testing.T, path string)
		want string // of what is written afterwards
	}{
		{"moved", func(t *testing.T, path string) {}, "two/"},
		{"moved, and made anew by the program", func(t *testing.T, path string) { put(t, filepath.Dir(path), filepath.Base(path), "new\n", noon) }, "new/two/"},
		{"moved together with its directory", func(t *testing.T, path string) {
			if err := os.Rename(filepath.Dir(path), filepath.Dir(path)+"-old"); err != nil {
				t.Fatal(err)
			}
		}, "two/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			directory := filepath.Join(newDirectory(t), "log")
			w := open(t, Options{Directory: directory, Now: (&clock{noon}).now})
			write(t, w, "one")
			if err := os.Rename(w.Path(), w.Path()+".1"); err != nil {
				t.Fatal(err)
			}
			c.then(t, w.Path())
			write(t, w, "two")
			if got := contents(t, directory)[filepath.Base(w.Path())]; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if used := InUse(File{Path: w.Path()}, noon); !used {
				t.Error("the new file is not in use")
			}
		})
	}
}

func TestReopenMakesAFileThatWasMovedAwayAtOnce(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	w := open(t, Options{Directory: directory, Now: (&clock{noon}).now})
	if err := os.Remove(w.Path()); err != nil {
		t.Fatal(err)
	}
	if err := w.Reopen(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.Path()); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskCostsLinesOnly(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Skip(err)
	}
	w := open(t, Options{Directory: newDirectory(t), Now: (&clock{noon}).now})
	path, file := w.path, w.file
	w.path, w.file = "/dev/full", full
	for range 3 {
		if _, err := w.Write([]byte("lost\n")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("got %v", err)
		}
	}
	w.path, w.file = path, file
	write(t, w, "there is room")
	if got := contents(t, filepath.Dir(path))[filepath.Base(path)]; got != "there is room/" {
		t.Errorf("got %q", got)
	}
	full.Close()
}

// TestPurgeLeavesTheFileOfAnotherProcess starts this test a second time, as the process that writes.
func TestPurgeLeavesTheFileOfAnotherProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("LOGFILE_DIRECTORY") != "" {
		holdOpen(t)
		return
	}
	directory := newDirectory(t)
	other := exec.Command(os.Args[0], "-test.run=^TestPurgeLeavesTheFileOfAnotherProcess$")
	other.Env = append(os.Environ(), "LOGFILE_DIRECTORY="+directory)
	other.Stderr = os.Stderr
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(100 * 365 * day)
	if removed, err := Purge(directory, Keep{Age: day}, later); err != nil || len(removed) > 0 {
		t.Errorf("removed are %s, %v", names(removed), err)
	}
	stdin.Close()
	if err := other.Wait(); err != nil {
		t.Fatal(err)
	}
	if removed, err := Purge(directory, Keep{Age: day}, later); err != nil || len(removed) != 1 {
		t.Errorf("after its end, removed are %s, %v", names(removed), err)
	}
}

// TestAFileThatAForkedChildHasOpenIsNotInUse plays a child that has been forked and is not its own program yet: it has all files open.
func TestAFileThatAForkedChildHasOpenIsNotInUse(t *testing.T) {
	t.Parallel()
	w := open(t, Options{Directory: newDirectory(t), Now: (&clock{noon}).now})
	child, err := syscall.Dup(int(w.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(child)
	path := w.Path()
	if !InUse(File{Path: path}, noon) {
		t.Error("the file is not in use while it is written")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if InUse(File{Path: path}, noon) {
		t.Error("the file is in use after its end")
	}
}

// holdOpen plays the other process: it opens a Writer, says so, and ends with its input.
func holdOpen(t *testing.T) {
	open(t, Options{Directory: os.Getenv("LOGFILE_DIRECTORY")})
	os.Stdout.WriteString("open\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func TestTheTailReadsTheEndOfAFileThatIsMovedAway(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	put(t, directory, firstFile, "1 a\n", noon)
	tail := newTail(t, directory)
	last(t, tail, 1)
	grow(t, directory, firstFile, "2 b\n")
	if got := next(t, tail); got != "2 b" {
		t.Error(got)
	}
	grow(t, directory, firstFile, "3 c\n")
	path := filepath.Join(directory, firstFile)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	grow(t, directory, firstFile, "4 d\n")
	if got := next(t, tail); got != "3 c/4 d" {
		t.Error(got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := next(t, tail); got != "" || len(tail.opened) > 0 || len(tail.known) > 0 {
		t.Errorf("%q, %d open, %d known", got, len(tail.opened), len(tail.known))
	}
}
