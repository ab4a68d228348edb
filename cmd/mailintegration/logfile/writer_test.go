package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachDayHasAFileOfItsOwn(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(newDirectory(t), "log")
	c := &clock{time.Date(2026, 3, 1, 23, 59, 58, 0, time.Local)}
	w := open(t, Options{Directory: directory, Now: c.now})
	for _, line := range []string{"one", "two", "three"} {
		write(t, w, line)
		c.time = c.time.Add(time.Second)
	}
	want := map[string]string{
		"MailIntegrationApp_20260301_235958.log": "one/two/",
		"MailIntegrationApp_20260302_000000.log": "three/",
	}
	if diff := cmp.Diff(want, contents(t, directory)); diff != "" {
		t.Error(diff)
	}
	if got := filepath.Base(w.Path()); got != "MailIntegrationApp_20260302_000000.log" {
		t.Errorf("the file that is written is %s", got)
	}
}

func TestEachStartHasAFileOfItsOwnEvenInTheSameSecond(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	c := &clock{noon}
	write(t, open(t, Options{Directory: directory, Now: c.now}), "one")
	write(t, open(t, Options{Directory: directory, Now: c.now}), "two")
	want := map[string]string{
		"MailIntegrationApp_20260301_120000.log": "one/",
		"MailIntegrationApp_20260301_120001.log": "two/",
	}
	if diff := cmp.Diff(want, contents(t, directory)); diff != "" {
		t.Error(diff)
	}
}

func TestAFullFileIsFollowedByAnotherOne(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	c := &clock{noon}
	w := open(t, Options{Directory: directory, Now: c.now, Limits: Limits{MaxOctets: 10}})
	write(t, w, "one", "two", "a line that is longer than a file", "four")
	w.Limit(Limits{})
	write(t, w, "five")
	want := map[string]string{
		"MailIntegrationApp_20260301_120000.log": "one/two/",
		"MailIntegrationApp_20260301_120001.log": "a line that is longer than a file/",
		"MailIntegrationApp_20260301_120002.log": "four/five/",
	}
	if diff := cmp.Diff(want, contents(t, directory)); diff != "" {
		t.Error(diff)
	}
}

func TestADirectoryThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	put(t, directory, "file", "", noon)
	if _, err := Open(Options{Directory: filepath.Join(directory, "file", "log")}); err == nil {
		t.Error("no error")
	}
}

func TestTheLogMovesToAnotherDirectoryAndStaysWhereItIsAfterAnError(t *testing.T) {
	t.Parallel()
	first, second := newDirectory(t), newDirectory(t)
	put(t, first, "file", "", noon)
	c := &clock{noon}
	w := open(t, Options{Now: c.now})
	write(t, w, "to no file")
	for _, move := range []struct {
		to    string
		fails bool
	}{{first, false}, {filepath.Join(first, "file", "log"), true}, {second, false}, {"", false}} {
		if err := w.Move(move.to); (err != nil) != move.fails {
			t.Errorf("move to %q: %v", move.to, err)
		}
		write(t, w, "to "+filepath.Base(move.to))
	}
	name := "MailIntegrationApp_20260301_120000.log"
	want := "to " + filepath.Base(first) + "/to log/"
	if got := contents(t, first)[name]; got != want {
		t.Errorf("the first directory has %s, want %s", got, want)
	}
	if got := contents(t, second)[name]; got != "to "+filepath.Base(second)+"/" {
		t.Errorf("the second directory has %s", got)
	}
	if w.Path() != "" {
		t.Errorf("the log goes to %s, want no file", w.Path())
	}
}

func TestOldFilesAreRemovedWhenAFileIsBegunAndWhenTheLimitsChange(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	for i := range 6 {
		put(t, directory, noon.Add(-time.Duration(i)*day).Format(layout), "", noon.Add(-time.Duration(i)*day))
	}
	c := &clock{noon.Add(time.Hour)}
	var removed []string
	w := open(t, Options{
		Directory: directory, Now: c.now, Limits: Limits{Keep: Keep{Age: 5 * day}},
		Removed: func(files []File) { removed = append(removed, names(files)) },
		Trouble: func(err error) { t.Error(err) },
	})
	c.time = c.time.Add(day)
	write(t, w, "of the next day")
	w.Limit(Limits{Keep: Keep{Age: 3 * day}})
	want := []string{"MailIntegrationApp_20260224_120000.log", "MailIntegrationApp_20260225_120000.log",
		"MailIntegrationApp_20260226_120000.log MailIntegrationApp_20260227_120000.log"}
	if diff := cmp.Diff(want, removed); diff != "" {
		t.Error(diff)
	}
}

func TestAWriterWithoutAFileForTheNextDayGoesOnInTheOldOneAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	parent := newDirectory(t)
	directory := filepath.Join(parent, "log")
	c := &clock{noon}
	told := 0
	w := open(t, Options{Directory: directory, Now: c.now, Trouble: func(error) { told++ }})
	for i := range mostNames {
		put(t, directory, noon.Add(day+time.Duration(i)*time.Second).Format(layout), "", noon)
	}
	c.time = noon.Add(day)
	write(t, w, "one", "two")
	if got := contents(t, directory)[filepath.Base(w.Path())]; got != "one/two/" || w.Path() != filepath.Join(directory, noon.Format(layout)) {
		t.Errorf("%s has %s", w.Path(), got)
	}
	if told != 1 {
		t.Errorf("the trouble was told %d times", told)
	}
	c.time = noon.Add(2 * day)
	write(t, w, "three")
	if got := contents(t, directory)[c.time.Format(layout)]; got != "three/" {
		t.Errorf("the third day has %q", got)
	}
}

func TestNothingIsWrittenAfterClose(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	w := open(t, Options{Directory: directory, Now: (&clock{noon}).now})
	write(t, w, "one")
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	write(t, w, "two")
	if err := w.Reopen(); err != nil {
		t.Error(err)
	}
	write(t, w, "three")
	if got := fmt.Sprint(contents(t, directory)); got != "map[MailIntegrationApp_20260301_120000.log:one/]" {
		t.Error(got)
	}
}

func TestALineThatWasTornIsEndedBeforeTheNextOne(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	w := open(t, Options{Directory: directory, Now: (&clock{noon}).now})
	if _, err := w.file.WriteString("the disk is fu"); err != nil {
		t.Fatal(err)
	}
	w.torn = true
	write(t, w, "there is room", "again")
	if got := contents(t, directory)[filepath.Base(w.Path())]; got != "the disk is fu/there is room/again/" {
		t.Error(got)
	}
}

// TestManyWritersShareAWriter writes from several goroutines, while the directory changes.
func TestManyWritersShareAWriter(t *testing.T) {
	t.Parallel()
	first, second := newDirectory(t), newDirectory(t)
	w := open(t, Options{Directory: first, Limits: Limits{MaxOctets: 1000, Keep: Keep{Files: 1000}}})
	done := make(chan error)
	for g := range 4 {
		go func() {
			var err error
			for i := 0; i < 200 && err == nil; i++ {
				_, err = fmt.Fprintf(w, "%d %d\n", g, i)
			}
			done <- err
		}()
	}
	if err := w.Move(second); err != nil {
		t.Error(err)
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	lines := 0
	for _, directory := range []string{first, second} {
		for name, content := range contents(t, directory) {
			lines += strings.Count(content, "/")
			if len(content) > 1000 {
				t.Errorf("%s has %d octets", name, len(content))
			}
		}
	}
	if lines != 800 {
		t.Errorf("%d lines were written, want 800", lines)
	}
	if _, err := os.Stat(w.Path()); err != nil {
		t.Error(err)
	}
}
