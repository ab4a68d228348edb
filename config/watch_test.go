package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

// watched is a service with the mailboxes a and b, its watcher, and the folder of its files.
type watched struct {
	*Watcher
	testing.TB
	dir string
}

func watch(t *testing.T) *watched {
	t.Helper()
	dir := t.TempDir()
	w := &watched{TB: t, dir: dir}
	w.write("mailboxes/a.xml", mailboxOf("a", ""))
	w.write("secret.txt", "one\n")
	w.write("mailboxes/b.xml", strings.Replace(mailboxOf("b", "<PasswordFile>../secret.txt</PasswordFile>"), password, "", 1))
	w.write("service.xml", serviceFile(account))
	w.Watcher = NewWatcher(filepath.Join(dir, "service.xml"), key.Source{})
	w.load()
	w.wantChanged(unfinishedLooks) // nothing
	return w
}

func (w *watched) write(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *watched) remove(name string) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
		w.Fatal(err)
	}
}

func (w *watched) load() {
	w.Helper()
	if _, _, err := w.Load(); err != nil {
		w.Fatal(err)
	}
}

// wantChanged fails the test unless only the last of n looks reports changes, and these are the files want; without want,
// no look may report any.
func (w *watched) wantChanged(n int, want ...string) {
	w.Helper()
	for i := 1; i <= n; i++ {
		var got []string
		for _, path := range w.Look() {
			rel, err := filepath.Rel(w.dir, path)
			if err != nil {
				w.Fatal(err)
			}
			got = append(got, filepath.ToSlash(rel))
		}
		if i < n && got != nil {
			w.Errorf("look %d of %d reports %q", i, n, got)
		}
		if i == n {
			if diff := cmp.Diff(want, got); diff != "" {
				w.Errorf("look %d (-want +got):\n%s", n, diff)
			}
		}
	}
}

func TestAChangeIsReportedByTheSecondLook(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(w *watched)
		want   string
	}{
		{"of a mailbox file", func(w *watched) { w.write("mailboxes/a.xml", mailboxOf("anna", "")) }, "mailboxes/a.xml"},
		{"of the service file", func(w *watched) { w.write("service.xml", serviceFile(account+"<LogLevel>debug</LogLevel>")) }, "service.xml"},
		{"of a file that holds a secret", func(w *watched) { w.write("secret.txt", "another\n") }, "secret.txt"},
		{"which adds a mailbox file", func(w *watched) { w.write("mailboxes/c.xml", mailboxOf("c", "")) }, "mailboxes/c.xml"},
		{"by a file that is renamed over the old one, as editors do", func(w *watched) {
			w.write("mailboxes/a.xml.new", mailboxOf("z", ""))
			if err := os.Rename(filepath.Join(w.dir, "mailboxes/a.xml.new"), filepath.Join(w.dir, "mailboxes/a.xml")); err != nil {
				w.Fatal(err)
			}
		}, "mailboxes/a.xml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := watch(t)
			test.change(w)
			w.wantChanged(2, test.want)
			w.load()
			w.wantChanged(readingLooks + 2)
		})
	}
}

func TestASymbolicLinkToAnotherFileIsAChange(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.write("old/c", mailboxOf("c", ""))
	w.write("new/c", mailboxOf("d", ""))
	link := func(to string) {
		if err := os.Symlink(filepath.Join(w.dir, to), filepath.Join(w.dir, "link")); err != nil {
			t.Skip(err) // Windows asks for a privilege
		}
		if err := os.Rename(filepath.Join(w.dir, "link"), filepath.Join(w.dir, "mailboxes/c.xml")); err != nil {
			if runtime.GOOS == "windows" {
				t.Skip(err) // wine 8 looks for the target below the working directory
			}
			t.Fatal(err)
		}
	}
	link("old/c")
	w.wantChanged(2, "mailboxes/c.xml")
	w.load()
	w.wantChanged(2)
	link("new/c")
	w.wantChanged(2, "mailboxes/c.xml")
}

func TestABurstOfChangesIsReportedOnce(t *testing.T) {
	t.Parallel()
	w := watch(t)
	for _, user := range []string{"first", "second", "third"} {
		w.write("mailboxes/a.xml", mailboxOf(user, ""))
		w.wantChanged(1)
	}
	w.write("mailboxes/c.xml", mailboxOf("c", ""))
	w.wantChanged(2, "mailboxes/a.xml", "mailboxes/c.xml")
}

func TestAFileThatIsOnlyTouchedHasNotChanged(t *testing.T) {
	t.Parallel()
	w := watch(t)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(w.dir, "mailboxes/a.xml"), later, later); err != nil {
		t.Fatal(err)
	}
	w.wantChanged(unfinishedLooks + 2)
}

// TestAChangeThatSizeAndTimeDoNotShowIsReportedWithinAMinute plays a file system with coarse times.
func TestAChangeThatSizeAndTimeDoNotShowIsReportedWithinAMinute(t *testing.T) {
	t.Parallel()
	w := watch(t)
	path := filepath.Join(w.dir, "mailboxes/a.xml")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	w.write("mailboxes/a.xml", mailboxOf("z", ""))
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	w.wantChanged(readingLooks-unfinishedLooks, "mailboxes/a.xml")
}

func TestAHalfSavedFileIsWaitedFor(t *testing.T) {
	t.Parallel()
	whole := mailboxOf("anna", "")
	for name, half := range map[string]string{
		"mailboxes/a.xml": whole[:len(whole)/2],
		"service.xml":     "<MailIntegrationService><Login>",
		"mailboxes/b.xml": "",
		"secret.txt":      "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := watch(t)
			w.write(name, half)
			w.wantChanged(unfinishedLooks)
			switch name {
			case "service.xml":
				w.write(name, serviceFile(account+"<LogLevel>debug</LogLevel>"))
			case "secret.txt":
				w.write(name, "another\n")
			default:
				w.write(name, whole)
			}
			w.wantChanged(2, name)
		})
	}
}

func TestAFileThatStaysHalfIsReportedInTheEnd(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.write("mailboxes/a.xml", "<MailIntegration><Port>")
	w.wantChanged(1+unfinishedLooks, "mailboxes/a.xml")
}

func TestAFileThatVanishesIsReportedOnceItStaysAway(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.remove("mailboxes/a.xml")
	w.wantChanged(1+unfinishedLooks, "mailboxes/a.xml")
	w.load()
	w.wantChanged(2)

	w.remove("mailboxes/b.xml") // an editor that removes the file before it writes it anew
	w.wantChanged(2)
	w.write("mailboxes/b.xml", mailboxOf("bob", ""))
	w.wantChanged(2, "mailboxes/b.xml")
}

// TestAfterAReadThatFailedTheFilesOfThatReadAreWatched adds a file that a service file names which has been refused.
func TestAfterAReadThatFailedTheFilesOfThatReadAreWatched(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.write("service.xml", serviceFile(account+"<Mailboxes>later.xml</Mailboxes>"))
	w.wantChanged(2, "service.xml")
	if s, _, err := w.Load(); s != nil || err == nil {
		t.Fatalf("%v, %v, want a mistake", s, err)
	}
	w.wantChanged(2)
	w.write("later.xml", mailboxOf("later", ""))
	w.wantChanged(2, "later.xml")
	w.load()
	w.wantChanged(2)
}

func TestACertificateWithoutItsEndIsUnfinished(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.write("ca.pem", "-----BEGIN CERTIFICATE-----\nMII")
	if !w.isUnfinished(filepath.Join(w.dir, "ca.pem")) {
		t.Error("it counts as whole")
	}
}

// TestAFolderThatCannotBeReachedIsNoChangeOfItsFilesAtOnce plays a network share that fails for a moment.
func TestAFolderThatCannotBeReachedIsNoChangeOfItsFilesAtOnce(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.stat = func(path string) (os.FileInfo, error) {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: errors.New("input/output error")}
	}
	w.wantChanged(2)
	w.stat = os.Stat
	w.wantChanged(unfinishedLooks)
}

// TestManyFilesAreLookedAtLessOften has 500 files, so that watching them costs little.
func TestManyFilesAreLookedAtLessOften(t *testing.T) {
	t.Parallel()
	w := watch(t)
	asked := 0
	w.stat = func(path string) (os.FileInfo, error) {
		asked++
		return os.Stat(path)
	}
	for i := range 500 {
		w.write(fmt.Sprintf("mailboxes/%d.xml", i), mailboxOf(fmt.Sprint(i), ""))
	}
	w.Look()
	if got := len(w.Look()); got != 500 {
		t.Fatalf("%d new files are reported, want 500", got)
	}
	w.load()
	w.wantChanged(3)
	asked = 0
	w.wantChanged(9)
	if want := 3 * 504; asked != want {
		t.Errorf("nine looks have asked for %d files, want %d", asked, want)
	}
	w.write("mailboxes/a.xml", mailboxOf("anna", ""))
	for looks := 1; ; looks++ {
		if got := w.Look(); len(got) == 1 && strings.HasSuffix(got[0], "a.xml") {
			break
		} else if got != nil || looks > 4 {
			t.Fatalf("look %d reports %q, want a.xml by the fourth", looks, got)
		}
	}
}
