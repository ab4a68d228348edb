package logfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noon is the time at which most tests begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)

// day is 24 hours.
const day = 24 * time.Hour

// clock is a clock that a test moves.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

// newDirectory returns a new folder. It is emptied file by file at the end: there are systems that cannot remove a tree.
func newDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "logfile")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(directory) })
	return directory
}

// removeAll removes a folder and what is in it.
func removeAll(path string) {
	entries, _ := os.ReadDir(path)
	for _, e := range entries {
		removeAll(filepath.Join(path, e.Name()))
	}
	os.Remove(path)
}

// open opens a Writer, which is closed at the end of the test.
func open(t *testing.T, o Options) *Writer {
	t.Helper()
	w, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// write writes lines, which must not fail.
func write(t *testing.T, w *Writer, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if _, err := w.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
}

// put makes a file of a content that was changed at a time.
func put(t *testing.T, directory, name, content string, changed time.Time) {
	t.Helper()
	path := filepath.Join(directory, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

// contents returns the content of each file of a directory, with / for the end of a line.
func contents(t *testing.T, directory string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(directory, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = strings.ReplaceAll(string(content), "\n", "/")
	}
	return all
}

// names returns the names of files, separated by blanks.
func names(files []File) string {
	var all []string
	for _, f := range files {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}

func TestOnlyFilesOfTheProgramAreListed(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	put(t, directory, "MailIntegrationApp_20260301_120000.log", "", noon.Add(-time.Hour))
	put(t, directory, "MailIntegrationApp_20260228_235959.log", "one\n", noon)
	for _, name := range []string{
		"MailIntegrationApp_20260301_120000.log.1", "MailIntegrationApp_20260301_120000.5.log", "MailIntegrationApp_20260231_120000.log",
		"MailIntegrationApp_2026031_120000.log", "mailintegration.log", "RawMessage.txt", "MailIntegrationApp_.log",
		"xMailIntegrationApp_20260301_120000.log",
	} {
		put(t, directory, name, "", noon)
	}
	if err := os.Mkdir(filepath.Join(directory, "MailIntegrationApp_20260301_120001.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := List(directory)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(files); got != "MailIntegrationApp_20260301_120000.log MailIntegrationApp_20260228_235959.log" {
		t.Fatalf("listed are %s", got)
	}
	f := files[1]
	if want := time.Date(2026, 2, 28, 23, 59, 59, 0, time.Local); !f.Begun.Equal(want) || !f.Changed.Equal(noon) || f.Octets != 4 ||
		f.Path != filepath.Join(directory, f.Name) {
		t.Errorf("got %+v", f)
	}
	if _, err := List(filepath.Join(directory, "missing")); !os.IsNotExist(err) {
		t.Errorf("a missing directory gives %v", err)
	}
}
