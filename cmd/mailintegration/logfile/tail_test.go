package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seconds reads lines such as "12 text": what was written 12 seconds after noon. A text that begins with # is not wanted.
func seconds(text []byte) (time.Time, bool) {
	number, rest, _ := strings.Cut(string(text), " ")
	n, _ := strconv.Atoi(number)
	return noon.Add(time.Duration(n) * time.Second), !strings.HasPrefix(rest, "#")
}

// texts returns the lines, separated by /.
func texts(lines []Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, string(l.Text))
	}
	return strings.Join(all, "/")
}

// last returns the last n lines.
func last(t *testing.T, tail *Tail, n int) string {
	t.Helper()
	lines, err := tail.Last(n)
	if err != nil {
		t.Fatal(err)
	}
	return texts(lines)
}

// next returns the lines that follow.
func next(t *testing.T, tail *Tail) string {
	t.Helper()
	lines, err := tail.Next()
	if err != nil {
		t.Fatal(err)
	}
	return texts(lines)
}

// newTail returns a Tail, which is closed at the end of the test.
func newTail(t *testing.T, directory string) *Tail {
	tail := NewTail(directory, seconds)
	t.Cleanup(tail.Close)
	return tail
}

// grow adds to a log file.
func grow(t *testing.T, directory, name, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(directory, name), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

const (
	firstFile  = "MailIntegrationApp_20260301_120000.log"
	secondFile = "MailIntegrationApp_20260301_120100.log"
)

func TestTheLastLinesComeFromAllFilesInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	put(t, directory, "MailIntegrationApp_20260228_120000.log", "-9 old\n", noon.Add(-9*time.Second))
	put(t, directory, firstFile, "1 a\n3 #b\n5 c\n7 d\n", noon.Add(7*time.Second))
	put(t, directory, secondFile, "2 A\n4 B\n6 C", noon.Add(6*time.Second))
	for n, want := range []string{"", "7 d", "5 c/7 d", "4 B/5 c/7 d", "2 A/4 B/5 c/7 d", "1 a/2 A/4 B/5 c/7 d", "-9 old/1 a/2 A/4 B/5 c/7 d",
		"-9 old/1 a/2 A/4 B/5 c/7 d"} {
		if got := last(t, newTail(t, directory), n); got != want {
			t.Errorf("the last %d lines are %s, want %s", n, got, want)
		}
	}
}

func TestTheLinesThatFollowComeOnceAndWhole(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	for _, n := range []int{0, 1, 5} {
		put(t, directory, firstFile, "1 a\n2 b\n3 unfi", noon)
		tail := newTail(t, directory)
		last(t, tail, n)
		var got []string
		for _, text := range []string{"", "nished\n4 #no\n5 c\n6", "", " d\n"} {
			grow(t, directory, firstFile, text)
			got = append(got, next(t, tail))
		}
		want := []string{"", "3 unfinished/5 c", "", "6 d"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("after the last %d lines came %q, want %q", n, got, want)
		}
	}
}

func TestTheTailFollowsIntoNewFiles(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	tail := newTail(t, directory)
	if got := last(t, tail, 10); got != "" {
		t.Errorf("an empty directory has %s", got)
	}
	grow(t, directory, firstFile, "1 a\n")
	if got := next(t, tail); got != "1 a" {
		t.Error(got)
	}
	grow(t, directory, firstFile, "4 b\n")
	grow(t, directory, secondFile, "3 A\n5 B\n")
	if got := next(t, tail); got != "3 A/4 b/5 B" {
		t.Error(got)
	}
	for i := range 2 * mostOpen {
		grow(t, directory, noon.Add(time.Duration(i+2)*day).Format(layout), fmt.Sprint(i+10, " x\n"))
	}
	if n := strings.Count(next(t, tail), "x"); n != 2*mostOpen {
		t.Errorf("%d lines of new files came", n)
	}
	if n := len(tail.opened); n != mostOpen {
		t.Errorf("%d files are open", n)
	}
	grow(t, directory, firstFile, "100 c\n")
	if got := next(t, tail); got != "100 c" {
		t.Error(got)
	}
}

func TestAFileThatIsEmptiedIsReadFromItsBeginning(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	put(t, directory, firstFile, "1 a\n2 b\n", noon)
	tail := newTail(t, directory)
	last(t, tail, 1)
	if err := os.Truncate(filepath.Join(directory, firstFile), 0); err != nil {
		t.Fatal(err)
	}
	grow(t, directory, firstFile, "3 c\n")
	if got := next(t, tail); got != "3 c" {
		t.Error(got)
	}
}

// TestLongLinesAndLongFilesAreRead has lines that are longer than what is read at once, and longer than a line may be.
func TestLongLinesAndLongFilesAreRead(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	long, endless := "2 "+strings.Repeat("x", 3*block+7), "3 "+strings.Repeat("y", maxLine+2*block)
	put(t, directory, firstFile, strings.Repeat("0 begin\n", 20_000)+"1 a\n"+long+"\n4 b\n", noon)
	tail := newTail(t, directory)
	if got := last(t, tail, 3); got != "1 a/"+long+"/4 b" {
		t.Errorf("%d octets came", len(got))
	}
	grow(t, directory, firstFile, long+"\n"+endless+"\n5 c\n")
	lines, err := tail.Next()
	if err != nil {
		t.Fatal(err)
	}
	octets := 0
	for _, l := range lines {
		octets += len(l.Text)
	}
	if string(lines[len(lines)-1].Text) != "5 c" || octets != len(long)+len(endless)+len("5 c") {
		t.Errorf("%d lines with %d octets came", len(lines), octets)
	}
	if got := last(t, newTail(t, directory), 1); got != "5 c" {
		t.Error(got)
	}
	some, err := newTail(t, directory).Last(100)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range some {
		if len(l.Text) > maxLine+2*block {
			t.Errorf("a line of %d octets came", len(l.Text))
		}
	}
}

// TestTheTailOfAWriterMissesNothing follows a Writer whose files are small.
func TestTheTailOfAWriterMissesNothing(t *testing.T) {
	t.Parallel()
	directory := newDirectory(t)
	w := open(t, Options{Directory: directory, Limits: Limits{MaxOctets: 100}})
	tail := newTail(t, directory)
	last(t, tail, 0)
	var got []string
	for i := range 200 {
		write(t, w, fmt.Sprint(i, " x"))
		if i%7 == 0 {
			got = append(got, strings.Split(next(t, tail), "/")...)
		}
	}
	got = append(got, strings.Split(next(t, tail), "/")...)
	if len(got) != 200 || got[0] != "0 x" || got[199] != "199 x" {
		t.Errorf("%d lines came: %q", len(got), got)
	}
}
