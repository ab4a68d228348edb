package processor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns the folder of real messages that CORPUS_DIR names. Without it, the tests read only the cases of
// testdata; if CI is set, they fail instead.
func corpus(t *testing.T) (dir string, ok bool) {
	t.Helper()
	dir = os.Getenv("CORPUS_DIR")
	switch {
	case dir == "" && os.Getenv("CI") != "":
		t.Fatal("CORPUS_DIR is not set: it must name the folder of real messages")
	case dir == "":
		t.Log("CORPUS_DIR is not set: only the cases of testdata are read")
		return "", false
	}
	if _, err := os.Stat(filepath.Join(dir, "php-mime-mail-parser", "expected.json")); err != nil {
		t.Fatalf("CORPUS_DIR does not name the folder of real messages: %v", err)
	}
	return dir, true
}

// messages returns the files of testdata and of the folders that CORPUS_DIR and CASES_DIR name. The files that only say what
// is wanted are messages, too: odd ones.
func messages(t *testing.T) []string {
	t.Helper()
	files := filesOf(t, "testdata")
	if dir, ok := corpus(t); ok {
		files = append(files, filesOf(t, dir)...)
	}
	if dir := os.Getenv("CASES_DIR"); dir != "" {
		files = append(files, filesOf(t, dir)...)
	}
	return files
}

// filesOf returns all files below a folder.
func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return files
}

func TestParseKeepsItsPromisesForEveryMessage(t *testing.T) {
	t.Parallel()
	for _, name := range messages(t) {
		checkPromises(t, readFile(t, name), DefaultLimits())
		if t.Failed() {
			t.Fatalf("in %s", name)
		}
	}
}

// expectation is an entry of php-mime-mail-parser's expected.json.
type expectation struct {
	File    string
	Subject string
	From    []struct {
		Display string
		Address string
	}
	Text        []any // "MATCH" and the text, or "COUNT", a number, and the text that occurs so often
	Attachments []struct {
		Filename  string
		Size      int64
		MediaType string `json:"media_type"`
	}
}

func TestMessagesAreReadAsPHPMimeMailParserReadsThem(t *testing.T) {
	t.Parallel()
	dir, ok := corpus(t)
	if !ok {
		return
	}
	dir = filepath.Join(dir, "php-mime-mail-parser")
	var expected []expectation
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "expected.json")), &expected); err != nil {
		t.Fatal(err)
	}
	var explained map[string]string
	readJSON(t, filepath.Join("testdata", "differences.json"), &explained)
	compared := 0
	for _, want := range expected {
		raw, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			if explained[want.File] == "" {
				t.Error(err)
			}
			delete(explained, want.File)
			continue
		}
		compared++
		for field, difference := range differences(raw, want) {
			if key := want.File + " " + field; explained[key] == "" {
				t.Errorf("%s: %s", key, difference)
			} else {
				delete(explained, key)
			}
		}
	}
	for key := range explained {
		t.Errorf("testdata/differences.json explains %q, but there is no such difference", key)
	}
	if compared < 20 {
		t.Errorf("compared only %d messages, want at least 20", compared)
	}
}

// differences returns the fields that the other parser reads differently.
func differences(octets []byte, want expectation) map[string]string {
	raw := bytes.NewReader(octets)
	m := Parse(raw, int64(len(octets)))
	found := map[string]string{}
	check := func(field string, got, want any) {
		if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
			found[field] = "got " + g + ", want " + w
		}
	}
	check("subject", m.Subject, want.Subject)
	if len(want.From) > 0 {
		check("from", m.From, Address{want.From[0].Display, want.From[0].Address})
	}
	switch want.Text[0] {
	case "MATCH":
		check("text", strings.TrimSpace(m.Text), strings.TrimSpace(want.Text[1].(string)))
	case "COUNT":
		check("text", strings.Count(m.Text, want.Text[2].(string)), int(want.Text[1].(float64)))
	}
	var got, wanted []string
	for _, a := range m.Attachments {
		n, _ := io.Copy(io.Discard, a.Open(raw)) // a reader of bytes does not fail
		got = append(got, fmt.Sprintf("%s %s %d", a.Name, a.MediaType, n))
	}
	for _, a := range want.Attachments {
		wanted = append(wanted, fmt.Sprintf("%s %s %d", a.Filename, a.MediaType, a.Size))
	}
	check("attachments", got, wanted)
	return found
}
