package daemon

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheLogTableInDocListsEveryEvent compares the table in doc.go with the events in events.go.
func TestTheLogTableInDocListsEveryEvent(t *testing.T) {
	t.Parallel()
	var want []string
	for _, m := range regexp.MustCompile(`\.log\.(\w+)\(\s*"([^"]+)"`).FindAllStringSubmatch(readFile(t, "events.go"), -1) {
		want = append(want, strings.ToLower(m[1])+" "+m[2])
	}
	_, table, _ := strings.Cut(readFile(t, "doc.go"), "# The log\n")
	table, _, _ = strings.Cut(table, "# Files\n")
	var got []string
	level := ""
	for _, line := range strings.Split(table, "\n") {
		text, isTable := strings.CutPrefix(line, "//\t")
		if !isTable {
			continue
		}
		if !strings.HasPrefix(text, " ") {
			level, text, _ = strings.Cut(text, " ")
		}
		for name := range strings.SplitSeq(strings.Trim(text, " ,"), ", ") {
			name, _, _ = strings.Cut(name, " (")
			got = append(got, level+" "+name)
		}
	}
	if want = sortedOnce(want); !slices.Equal(want, sortedOnce(got)) {
		t.Errorf("doc.go has\n%q\nevents.go has\n%q", sortedOnce(got), want)
	}
}

func sortedOnce(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
