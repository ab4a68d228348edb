package config

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

var update = flag.Bool("update", false, "rewrite the expected files")

// secretInTests is the password in every file below testdata.
const secretInTests = "hunter2"

// TestEveryMistakeIsReportedInOneLine loads testdata/bad/<mistake>: service.xml when there is one, else mailbox.xml.
// The mistakes and warnings must be the lines of want.txt, and contain no secret.
func TestEveryMistakeIsReportedInOneLine(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(folders) < 25 {
		t.Fatalf("found %d folders below testdata/bad (%v), want at least 25", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			checkFolder(t, folder)
		})
	}
}

func checkFolder(t *testing.T, folder string) {
	t.Helper()
	var err error
	var warnings []Warning
	want := filepath.Join(folder, "want.txt")
	folder = private(t, folder)
	keys := key.Source{File: filepath.Join(folder, key.FileName)}
	if service := filepath.Join(folder, "service.xml"); isFile(service) {
		_, warnings, err = LoadService(service, keys)
	} else {
		_, warnings, err = LoadMailbox(filepath.Join(folder, "mailbox.xml"), keys)
	}
	if err == nil {
		t.Fatal("the configuration was accepted")
	}
	got := err.Error() + "\n"
	for _, w := range warnings {
		got += "warning: " + w.String() + "\n"
	}
	got = relative(t, got, folder)
	if strings.Contains(got, secretInTests) {
		t.Errorf("a secret is printed:\n%s", got)
	}
	compareFile(t, want, got)
	for _, file := range mailboxFilesIn(t, folder) {
		wantReadable(t, file)
	}
}

// mailboxFilesIn returns the files that a case may have as mailbox files.
func mailboxFilesIn(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.xml", "*/*.xml"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// wantReadable fails the test unless what could be read of a mailbox file is XML without secrets.
func wantReadable(t *testing.T, file string) {
	t.Helper()
	m, f := loadMailbox(file, nil, nil)
	text := (&mailboxFile{Mailbox: m, filling: f}).broken().XML
	if bytes.Contains(text, []byte(secretInTests)) {
		t.Errorf("a secret is in\n%s", text)
	}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

func TestABrokenFileShowsTheTagsThatCouldBeRead(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), "m.xml", `<MailIntegration><ServerName>mail.example.com</ServerName><Port>many</Port><Password>hunter2</Password>
		<UserName>hunter2 &amp; sons</UserName><Filters><Filter><Subject>^Spam</Subject><Stop>True</Stop></Filter></Filters></MailIntegration>`)
	m, f := loadMailbox(file, nil, nil)
	want := `<?xml version="1.0" encoding="utf-8"?>
<!-- the tags that could be read -->
<MailIntegration>
  <ServerName>mail.example.com</ServerName>
  <!-- Port could not be read -->
  <!-- Password is left out -->
  <UserName>REDACTED &amp; sons</UserName>
  <Filters>
    <Filter>
      <Subject>^Spam</Subject>
      <Stop>True</Stop>
    </Filter>
  </Filters>
</MailIntegration>
`
	if diff := cmp.Diff(want, string((&mailboxFile{Mailbox: m, filling: f}).broken().XML)); diff != "" {
		t.Error(diff)
	}
	m, f = loadMailbox(file+".missing", nil, nil)
	if text := (&mailboxFile{Mailbox: m, filling: f}).broken().XML; text != nil {
		t.Errorf("of a missing file this could be read: %s", text)
	}
}

// private copies a folder, so that only the owner can read its files, as in an installation, and that all of them have
// the same time. A checkout gives files other modes and times.
func private(t *testing.T, folder string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		copied := write(t, to, rel, string(text))
		return os.Chtimes(copied, testTime, testTime)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// relative returns text with the paths below folder shortened, so that it does not depend on where the tests run.
func relative(t *testing.T, text, folder string) string {
	t.Helper()
	abs, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.ReplaceAll(text, abs+string(filepath.Separator), "")
	text = strings.ReplaceAll(text, filepath.Clean(folder)+string(filepath.Separator), "")
	return strings.ReplaceAll(text, `mailboxes\`, "mailboxes/")
}

func compareFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./config -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
