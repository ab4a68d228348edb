package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/config/key"
)

// TestTheCopyOfAMailboxFileHasTheMistakeNotTheOriginal loads two files with one account and one mailbox name, whose
// paths sort in either order. The copy must have the mistakes, which name the original, and the daemon must poll the
// original.
func TestTheCopyOfAMailboxFileHasTheMistakeNotTheOriginal(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		name           string
		original, copy string
		age            time.Duration // how much older the original is
		want           string
	}{
		{"the newer file comes first", "helpdesk.xml", "a.xml", day, "helpdesk.xml, the older file"},
		{"the newer file comes last", "helpdesk.xml", "z.xml", day, "helpdesk.xml, the older file"},
		{"a copy whose file manager kept the time", "helpdesk.xml", "helpdesk copy.xml", 0, "helpdesk.xml ("},
		{"a copy whose name begins with another word", "helpdesk.xml", "copy of helpdesk.xml", 0, "helpdesk.xml ("},
		{"files of one checkout", "a.xml", "b.xml", time.Millisecond, "a.xml ("},
		{"files of one checkout, the other way round", "a.xml", "b.xml", -time.Millisecond, "a.xml ("},
		{"the older name although its copy is older", "helpdesk.xml", "helpdesk copy.xml", -day, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			place := func(name string, age time.Duration) string {
				path := write(t, dir, "mailboxes/"+name, mailboxOf("helpdesk", "<Name>Help</Name>"))
				if err := os.Chtimes(path, testTime, testTime.Add(-age)); err != nil {
					t.Fatal(err)
				}
				return path
			}
			original, copied := place(test.original, test.age), place(test.copy, 0)
			if test.want == "" { // the time counts before the name
				original, copied = copied, original
				test.want = filepath.Base(original) + ", the older file"
			}
			s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
			if err == nil || s == nil {
				t.Fatalf("service %v, error %v, want a mistake and the service", s, err)
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, copied+":") || !strings.Contains(line, test.want) {
					t.Errorf("%s\nwant a mistake in %s that names %s", line, copied, test.want)
				}
			}
			if len(s.Mailboxes) != 1 || s.Mailboxes[0].File != original {
				t.Errorf("the daemon polls %v, want %s alone", namesAndTeams(s), original)
			}
		})
	}
}

func TestTheOldestOfThreeFilesForOneAccountIsPolled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, name := range []string{"a.xml", "b.xml", "c.xml"} {
		path := write(t, dir, "mailboxes/"+name, mailboxOf("helpdesk", ""))
		written := testTime.Add(-time.Duration(i) * time.Hour)
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
	if err == nil || strings.Count(err.Error(), "c.xml, the older file (remove one of the two files") != 2 {
		t.Errorf("%v\nwant a mistake in a.xml and in b.xml that names c.xml", err)
	}
	if len(s.Mailboxes) != 1 || s.Mailboxes[0].Name != "c" {
		t.Errorf("the daemon polls %v, want c alone", namesAndTeams(s))
	}
}

func TestADisabledFileIsNeverTheOriginal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := write(t, dir, "mailboxes/old.xml", mailboxOf("helpdesk", "<Name>Help</Name><Enabled>False</Enabled>"))
	if err := os.Chtimes(old, testTime, testTime); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "mailboxes/new.xml", mailboxOf("helpdesk", "<Name>Help</Name>"))
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
	if err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "new.xml, which is enabled") {
		t.Errorf("%v\nwant a mistake in old.xml about its Name alone", err)
	}
	if len(s.Mailboxes) != 1 || !s.Mailboxes[0].Enabled {
		t.Errorf("the daemon polls %v, want the enabled mailbox", namesAndTeams(s))
	}
}
