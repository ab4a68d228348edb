package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPurgeRemovesWhatIsTooOldOrTooMuch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		keep  Keep
		stays int // of eight files, one a day
	}{
		{"everything stays without a limit", Keep{}, 8},
		{"by age", Keep{Age: 3 * day}, 4},
		{"by count", Keep{Files: 2}, 2},
		{"the stricter one of age and count: age", Keep{Age: 2 * day, Files: 5}, 3},
		{"the stricter one of age and count: count", Keep{Age: 5 * day, Files: 3}, 3},
		{"more files than there are", Keep{Files: 9}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			directory := newDirectory(t)
			var all []string
			for i := range 8 {
				name := noon.Add(-time.Duration(i) * day).Format(layout)
				put(t, directory, name, "", noon.Add(-time.Duration(i)*day))
				all = append(all, name)
			}
			expired, err := Expired(directory, c.keep, noon)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(contents(t, directory)); n != 8 {
				t.Errorf("asking what would be removed left %d files", n)
			}
			removed, err := Purge(directory, c.keep, noon)
			if err != nil || names(removed) != names(expired) {
				t.Errorf("removed are %s (%v), announced were %s", names(removed), err, names(expired))
			}
			left, _ := List(directory)
			want := slices.Clone(all[:c.stays])
			slices.Reverse(want)
			if got := names(left); fmt.Sprint("[", got, "]") != fmt.Sprint(want) {
				t.Errorf("left are %s, want %v", got, want)
			}
		})
	}
}

func TestPurgeLeavesFilesOfOtherNames(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	long := noon.Add(-1000 * day)
	for _, name := range []string{"RawMessage.txt", "MailIntegrationApp_20200101_000000.log.1.gz", "MailIntegrationApp_yesterday.log"} {
		put(t, directory, name, "", long)
	}
	removed, err := Purge(directory, Keep{Age: day, Files: 1}, noon)
	if err != nil || len(removed) > 0 || len(contents(t, directory)) != 3 {
		t.Errorf("removed are %s, %v", names(removed), err)
	}
}

func TestPurgeLeavesTheFilesOfRunningWriters(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	long := noon.Add(-1000 * day)
	mine := open(t, Options{Directory: directory, Now: (&clock{long}).now})
	others := open(t, Options{Directory: directory, Now: (&clock{long}).now})
	ended := open(t, Options{Directory: directory, Now: (&clock{long}).now})
	endedPath := ended.Path()
	ended.Close()
	for _, path := range []string{mine.Path(), others.Path(), endedPath} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := Purge(directory, Keep{Age: day, Files: 1}, noon)
	if err != nil || names(removed) != filepath.Base(endedPath) {
		t.Errorf("removed are %s, %v; want %s", names(removed), err, filepath.Base(endedPath))
	}
	write(t, mine, "goes on")
	if len(contents(t, directory)) != 2 {
		t.Error("the writer had to begin again")
	}
}

func TestPurgeOfAMissingDirectoryIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Purge(filepath.Join(newDirectory(t), "missing"), Keep{Age: day}, noon); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}
