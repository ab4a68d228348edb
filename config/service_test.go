package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

const account = "<Login>mailintegration</Login><Team>IT</Team>"

func serviceFile(tags string) string {
	return "<MailIntegrationService>" + tags + "</MailIntegrationService>"
}

// mailboxOf returns a mailbox file with an account of its own.
func mailboxOf(user, more string) string {
	return strings.Replace(minimal(password+more), "<UserName>u<", "<UserName>"+user+"<", 1)
}

func TestAServiceFileWithTheFewestTagsHasTheDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", ""))
	write(t, dir, "mailboxes/b.xml", mailboxOf("b", "<Team>HR</Team>"))
	got, warnings, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	want := &Service{
		File: got.File,
		Storage: Storage{
			DataDirectory: defaultDataDirectory(), AttachmentDirectory: filepath.Join(defaultDataDirectory(), "attachments"),
			SpoolDirectory: filepath.Join(defaultDataDirectory(), "spool"), Retention: 400,
		},
		Polls: Polls{MailboxFiles: []string{"mailboxes/*.xml"}, Login: "mailintegration", Team: "IT"},
		Throughput: Throughput{
			MaxConcurrentPolls: 64, MaxSessionsPerServer: 48, MaxDatabaseConnections: 10, MessagesPerSession: 1000, BatchMessages: 50,
		},
		Logging:   Logging{LogLevel: "info", LogRetention: 30, MaxLogFiles: 1000, MaxLogFileSize: 20 << 20},
		Mailboxes: got.Mailboxes, Files: got.Files,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(File{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a of IT", "b of HR"}, namesAndTeams(got)); diff != "" {
		t.Errorf("mailboxes (-want +got):\n%s", diff)
	}
}

func namesAndTeams(s *Service) []string {
	var got []string
	for _, m := range s.Mailboxes {
		got = append(got, m.Name+" of "+m.Team)
	}
	return got
}

func TestPathsAreRelativeToTheServiceFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account+
		"<DataDirectory>data</DataDirectory><LogDirectory>./log</LogDirectory><Database> host=db password=hunter2 </Database>")), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.DataDirectory, s.AttachmentDirectory, s.LogDirectory, s.DatabaseURL.Reveal()}
	want := []string{
		filepath.Join(dir, "data"), filepath.Join(dir, "data", "attachments"), filepath.Join(dir, "log"), "host=db password=hunter2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheSpoolLiesInTheDataDirectoryByDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for tags, want := range map[string]string{
		"<DataDirectory>data</DataDirectory>":                                      filepath.Join(dir, "data", "spool"),
		"<DataDirectory>data</DataDirectory><SpoolDirectory>fast</SpoolDirectory>": filepath.Join(dir, "fast"),
	} {
		s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account+tags)), key.Source{})
		if err != nil {
			t.Fatal(err)
		}
		if s.SpoolDirectory != want {
			t.Errorf("%s: %s, want %s", tags, s.SpoolDirectory, want)
		}
	}
}

func TestRetentionIsADuration(t *testing.T) {
	t.Parallel()
	for r, want := range map[Retention]time.Duration{400: 400 * 24 * time.Hour, 36500: 36500 * 24 * time.Hour} {
		if got := r.Duration(); got != want {
			t.Errorf("%s lasts %s, want %s", r, got, want)
		}
	}
	if got := RetainAlways.Duration(); got >= 0 {
		t.Errorf("%s lasts %s, want a negative time", RetainAlways, got)
	}
}

func TestMailboxFilesAreFoundOnceEach(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.xml", mailboxOf("a", ""))
	write(t, dir, "b.xml", mailboxOf("b", ""))
	write(t, dir, "more/c.xml", mailboxOf("c", "<Enabled>no</Enabled>"))
	write(t, dir, "more/[d].xml", mailboxOf("d", ""))
	s, warnings, err := LoadService(write(t, dir, "service.xml", serviceFile(account+
		"<Mailboxes>b.xml, *.xml</Mailboxes><Mailboxes>more/c.xml,./more/../a.xml</Mailboxes><Mailboxes>more/[d].xml</Mailboxes>")), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if diff := cmp.Diff([]string{"b of IT", "a of IT", "c of IT", "[d] of IT"}, namesAndTeams(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAMistakeInOneMailboxLeavesTheOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Port>x</Port>"))
	write(t, dir, "mailboxes/b.xml", mailboxOf("b", ""))
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
	if err == nil || s == nil {
		t.Fatalf("service %v, error %v; want both", s, err)
	}
	if diff := cmp.Diff([]string{"b of IT"}, namesAndTeams(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADisabledMailboxMayShareItsAccount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Enabled>False</Enabled>"))
	write(t, dir, "mailboxes/b.xml", mailboxOf("a", ""))
	if _, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{}); err != nil {
		t.Error(err)
	}
}

func TestTheDefaultServiceHasTheDefaultsOfAnEmptyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := DefaultService(dir)
	if s.DataDirectory != dir || s.AttachmentDirectory != filepath.Join(dir, "attachments") || s.BatchMessages != 50 ||
		len(s.MailboxFiles) > 0 {
		t.Errorf("%+v", s)
	}
	if got := DefaultService("").DataDirectory; got != defaultDataDirectory() {
		t.Errorf("data directory %s", got)
	}
}
