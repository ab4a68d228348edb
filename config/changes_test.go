package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

// configured returns the service of a service file with tags, and of mailbox files by their names, in an empty folder.
func configured(t *testing.T, dir, tags string, mailboxes map[string]string) *Service {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "mailboxes")); err != nil {
		t.Fatal(err)
	}
	for name, text := range mailboxes {
		write(t, dir, "mailboxes/"+name+".xml", text)
	}
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account+tags)), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	box := func(more string) map[string]string { return map[string]string{"a": mailboxOf("a", more)} }
	inFile := func(more string) map[string]string {
		return map[string]string{"a": strings.Replace(mailboxOf("a", more), password, "", 1)}
	}
	changed := func(how Change, tags ...string) Changes {
		return Changes{Mailboxes: []MailboxChange{{"a", how, tags}}}
	}
	_, ca := certificate(t)
	for _, test := range []struct {
		name          string
		before, after map[string]string
		settings      string // of the configuration after
		want          Changes
	}{
		{"nothing", box(""), box(""), "", Changes{}},
		{"a comment, white space, and a default that is written out", box(""), box(" <!-- x --> <Schedule> 30s </Schedule>"), "", Changes{}},
		{"a mailbox is added", nil, box(""), "", Changes{Mailboxes: []MailboxChange{{Name: "a", How: Added}}}},
		{"a mailbox is removed", box(""), nil, "", Changes{Mailboxes: []MailboxChange{{Name: "a", How: Removed}}}},
		{"a mailbox is disabled", box(""), box("<Enabled>False</Enabled>"), "", changed(Disabled, "Enabled")},
		{"a mailbox is enabled and changed", box("<Enabled>no</Enabled>"), box("<Port>110</Port>"), "", changed(Enabled, "Enabled", "Port")},
		{"a schedule", box(""), box("<Schedule>1m</Schedule>"), "", changed(Changed, "Schedule")},
		{"a filter", box(""), box("<Filters><Filter><Ignore>True</Ignore></Filter></Filters>"), "", changed(Changed, "Filters")},
		{"the way to send mail", box(""), box("<Smtp><ServerName>s.example</ServerName></Smtp>"), "", changed(Changed, "Smtp")},
		{"the same way to send mail", box("<Smtp><ServerName>s.example</ServerName></Smtp>"),
			box("\n<Smtp><Port>587</Port><ServerName>s.example</ServerName></Smtp>"), "", Changes{}},
		{"the way to send mail of all mailboxes", box(""), box(""), "<Smtp><ServerName>s.example</ServerName></Smtp>",
			Changes{Settings: []string{"Smtp"}}},
		{"the password", box(""), map[string]string{"a": strings.Replace(mailboxOf("a", ""), "hunter2", "hunter3", 1)}, "",
			changed(Changed, "Password")},
		{"the password moves into a file, and is the same", box(""), inFile("<PasswordFile>../secret.txt</PasswordFile>"), "",
			changed(Changed, "PasswordFile")},
		{"a certificate to trust", box(""), box("<TrustedCertificate>../ca.pem</TrustedCertificate>"), "",
			changed(Changed, "TrustedCertificate")},
		{"a name", box(""), box("<Name>z</Name>"), "",
			Changes{Mailboxes: []MailboxChange{{Name: "z", How: Added}, {Name: "a", How: Removed}}}},
		{"a setting that takes effect at once", box(""), box(""), "<LogLevel>debug</LogLevel>", Changes{Settings: []string{"LogLevel"}}},
		{"settings that take effect at a start", box(""), box(""),
			"<Database>host=db password=hunter2</Database><MaxDatabaseConnections>5</MaxDatabaseConnections>",
			Changes{Restart: []string{"Database", "MaxDatabaseConnections"}}},
		{"a folder", box(""), box(""), "<SpoolDirectory>/fast</SpoolDirectory>", Changes{Restart: []string{"SpoolDirectory"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "ca.pem", ca)
			write(t, dir, "secret.txt", "hunter2")
			before := configured(t, dir, "", test.before)
			got := Compare(before, configured(t, dir, test.settings, test.after))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.IsEmpty() != cmp.Equal(test.want, Changes{}) {
				t.Errorf("IsEmpty is %t", got.IsEmpty())
			}
		})
	}
}

func TestTheContentOfAFileIsAValueOfTheTagThatNamesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	load := func(secret, ca string) *Service {
		write(t, dir, "secret.txt", secret)
		write(t, dir, "ca.pem", ca)
		box := mailboxOf("a", "<PasswordFile>../secret.txt</PasswordFile><TrustedCertificate>../ca.pem</TrustedCertificate>")
		return configured(t, dir, "", map[string]string{"a": strings.Replace(box, password, "", 1)})
	}
	_, ca := certificate(t)
	_, other := certificate(t)
	got := Compare(load("hunter2", ca), load("hunter3", other))
	want := Changes{Mailboxes: []MailboxChange{{"a", Changed, []string{"PasswordFile", "TrustedCertificate"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADefaultBelowTheDataDirectoryFollowsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := configured(t, dir, "", nil)
	after := configured(t, dir, "<DataDirectory>/elsewhere</DataDirectory><LogLevel>debug</LogLevel>", nil)
	want := Changes{Settings: []string{"LogLevel"}, Restart: []string{"DataDirectory"}}
	if diff := cmp.Diff(want, Compare(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	after.KeepUntilRestart(before)
	if diff := cmp.Diff(Changes{Settings: []string{"LogLevel"}}, Compare(before, after)); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
}

func TestABrokenFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Name>helpdesk</Name><Port>x</Port>"))
	write(t, dir, "mailboxes/b.xml", "<MailIntegration><Name>")
	write(t, dir, "mailboxes/c.xml", "")
	write(t, dir, "mailboxes/d.xml", mailboxOf("d", "<PasswordFile>nowhere</PasswordFile>"))
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account)), key.Source{})
	if s == nil || err == nil {
		t.Fatalf("service %v, error %v; want both", s, err)
	}
	var got []string
	for _, b := range s.Broken {
		got = append(got, b.Name+" in "+filepath.Base(b.File)+": "+b.Mistakes[0].Tag)
	}
	want := []string{"helpdesk in a.xml: Port", "b in b.xml: MailIntegration", "c in c.xml: ", "d in d.xml: PasswordFile"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var files []string
	for _, f := range s.Files {
		files = append(files, filepath.Base(f.Path))
	}
	if diff := cmp.Diff([]string{"service.xml", "a.xml", "b.xml", "c.xml", "d.xml", "nowhere"}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestTheMailboxOfABrokenFileIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	boxes := func(names ...string) map[string]string {
		files := map[string]string{}
		for _, name := range names {
			files[name] = mailboxOf(name, "")
		}
		return files
	}
	running := configured(t, dir, "", boxes("a", "b", "c", "d"))
	for _, test := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"its file has a mistake", func() { write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Port>x</Port>")) }, []string{"a"}},
		{"its file is half saved", func() { write(t, dir, "mailboxes/a.xml", "<MailIntegration>") }, []string{"a"}},
		{"its file is removed", func() {}, nil},
		{"another, newer file wants its name", func() {
			write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Port>x</Port>"))
			write(t, dir, "mailboxes/z.xml", mailboxOf("z", "<Name>A</Name>"))
		}, []string{"a"}},
		{"another file has its account now", func() {
			write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Port>x</Port>"))
			write(t, dir, "mailboxes/z.xml", mailboxOf("a", ""))
		}, nil},
		{"the folder has gone", func() {
			if err := os.RemoveAll(filepath.Join(dir, "mailboxes")); err != nil {
				t.Fatal(err)
			}
		}, []string{"a", "b", "c", "d"}},
	} {
		configured(t, dir, "", boxes("b", "c", "d"))
		test.change()
		after, _, _ := LoadService(filepath.Join(dir, "service.xml"), key.Source{})
		var got []string
		for _, name := range after.KeepBroken(running) {
			got = append(got, name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
