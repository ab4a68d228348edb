package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"mailintegration/config/key"
)

// write writes a file below dir and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// minimal returns a mailbox file with its mandatory tags, and the tags more.
func minimal(more string) string {
	return "<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>" +
		"<ServerName>mail.example.com</ServerName><UserName>u</UserName>" + more + "</MailIntegration>"
}

const password = "<Password>hunter2</Password>"

// loaded returns the mailbox of a file with that text.
func loaded(t *testing.T, text string) *Mailbox {
	t.Helper()
	m, _, err := LoadMailbox(write(t, t.TempDir(), "helpdesk.xml", text), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMailboxFileWithTheFewestTagsHasTheDefaults(t *testing.T) {
	t.Parallel()
	got := loaded(t, minimal(password))
	every30s, err := ParseSchedule("30s")
	if err != nil {
		t.Fatal(err)
	}
	want := &Mailbox{
		File:    got.File,
		Polling: Polling{Name: "helpdesk", Enabled: true, Schedule: every30s, Processor: Monitoring},
		Server: Server{
			ServerName: "mail.example.com", Port: 995, Security: SslOnConnect, UserName: "u", Password: NewSecret("hunter2"),
			Authentication: Basic, StepTimeout: time.Minute,
		},
		EndUser:   EndUser{Source: "Email", CreateNewRequests: true, AnswerClosedFollowUp: true, MaxReplies: 5, UnknownFollowUp: "AcceptAndFlag", ClosedFollowUp: "AddActivity"},
		Recording: Recording{MaxOctets: 100 << 20},
		Loops:     Loops{MaxNewRequests: Limit{500, 10 * time.Minute}},

		SecurityAssumed: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryFormOfTheDialectIsRead(t *testing.T) {
	t.Parallel()
	site := func(text string) string { return minimal(password + "<Group>" + text + "</Group>") }
	latin, err := charmap.Windows1252.NewEncoder().String(`<?xml version="1.0" encoding="windows-1252"?>` + site("Montréal – €"))
	if err != nil {
		t.Fatal(err)
	}
	const declared = `<?xml version="1.0" encoding="utf-16"?>`
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(declared + site("Montréal"))
	if err != nil {
		t.Fatal(err)
	}
	big, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(site("Montréal"))
	if err != nil {
		t.Fatal(err)
	}
	inServer := strings.NewReplacer("<ServerName>", "<server><ServerName>", "</MailIntegration>", "</server></MailIntegration>")
	inConfiguration := strings.NewReplacer("<MailIntegration>", `<configuration xmlns:xsi="x" xsi:noNamespaceSchemaLocation="y">`,
		"</MailIntegration>", "</configuration>")
	tests := []struct{ name, text, want string }{
		{"UTF-8 without a declaration", site("Montréal"), "Montréal"},
		{"UTF-8 with a byte order mark", "\uFEFF" + site("Montréal"), "Montréal"},
		{"UTF-8 with a declaration in single quotes", `<?xml version='1.0' encoding='UTF-8'?>` + site("Montréal"), "Montréal"},
		{"windows-1252 as declared", latin, "Montréal – €"},
		{"UTF-16 with a byte order mark", utf16, "Montréal"},
		{"big-endian UTF-16 without a byte order mark", big, "Montréal"},
		{"UTF-8 that .NET declared as UTF-16", declared + site("Montréal"), "Montréal"},
		{"a blank line before the declaration", "\r\n" + `<?xml version="1.0" encoding="utf-8"?>` + site("Montréal"), "Montréal"},
		{"an HTML entity", site("Montr&eacute;al"), "Montréal"},
		{"numeric character references", site("Montr&#233;al &#xE0;"), "Montréal à"},
		{"CDATA", site("<![CDATA[R&D <1>]]>"), "R&D <1>"},
		{"a comment within a value", site("Mont<!-- <Group> -->réal"), "Montréal"},
		{"white space around a value", site("\r\n\t Montréal  \r\n"), "Montréal"},
		{"tags in any case", strings.NewReplacer("ServerName", "SERVERNAME", "Group", "group").Replace(site("Montréal")), "Montréal"},
		{"closing tags in another case", strings.Replace(site("Montréal"), "</Group>", "</GROUP>", 1), "Montréal"},
		{"tags in <server>", inServer.Replace(site("Montréal")), "Montréal"},
		{"another root, with a schema", inConfiguration.Replace(site("Montréal")), "Montréal"},
		{"a comment after the root", site("Montréal") + "\n<!-- end -->\n", "Montréal"},
		{"an empty tag with a default", strings.Replace(site("Montréal"), "<Group>", "<Port> </Port><Schedule/><Group>", 1), "Montréal"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := loaded(t, test.text)
			if m.Group != test.want || m.Password.Reveal() != "hunter2" {
				t.Errorf("Group is %q, want %q; the loader has read Password: %v", m.Group, test.want, !m.Password.IsEmpty())
			}
		})
	}
}

func TestWhiteSpaceOfAPasswordIsKeptAndLayoutIsNot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"spaces at the ends", "  hunter2 ", "  hunter2 "},
		{"a tab within", "hun\tter2", "hun\tter2"},
		{"line breaks and indentation", "\r\n      hunter2\r\n    ", "hunter2"},
		{"line breaks alone", "\nhunter2\n", "hunter2"},
		{"a space before, a line break after", " hunter2\n   ", " hunter2"},
		{"characters that XML escapes", "&lt;hunter&amp;2&gt;\"'", `<hunter&2>"'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := loaded(t, minimal("<Password>"+test.text+"</Password>")).Password.Reveal(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestAPasswordFileIsReadBesideTheFileThatNamesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "secrets/helpdesk", "hunter2\r\n")
	m, warnings, err := LoadMailbox(write(t, dir, "helpdesk.xml", minimal("<PasswordFile>\n  secrets/helpdesk\n</PasswordFile>")), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if got := m.Password.Reveal(); got != "hunter2" {
		t.Errorf("password %q", got)
	}
}

func TestUseSslStandsForASecureSocketOption(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tags string
		want Security
		port int
	}{
		{"<UseSsl>TRUE</UseSsl>", SslOnConnect, 995},
		{"<UseSsl>False</UseSsl>", None, 110},
		{"<UseSsl></UseSsl>", SslOnConnect, 995},
		{"<UseSsl>True</UseSsl><SecureSocketOption>sslonconnect</SecureSocketOption>", SslOnConnect, 995},
		{"<SecureSocketOption>StartTLS</SecureSocketOption>", StartTLS, 110},
		{"<UseSsl>False</UseSsl><Port>8110</Port>", None, 8110},
	} {
		t.Run(test.tags, func(t *testing.T) {
			t.Parallel()
			m := loaded(t, minimal(password+test.tags))
			if m.SecurityAssumed != (test.tags == "<UseSsl></UseSsl>") {
				t.Errorf("%s: assumed is %t", test.tags, m.SecurityAssumed)
			}
			if m.Security != test.want || m.Port != test.port {
				t.Errorf("%s on port %d, want %s on %d", m.Security, m.Port, test.want, test.port)
			}
		})
	}
}

// gateway is a tag of the original's files.
const gateway = "<GatewayTypeName>ESI.Octopus.MailIntegration.Pop3MailboxGateway,ESI.Octopus.MailIntegration</GatewayTypeName>"

func TestATextThatShouldBeChangedIsAWarning(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, tags, want string }{
		{"nothing to warn of", "<SecureSocketOption>SslOnConnect</SecureSocketOption>", ""},
		{"the port of TLS without TLS", "<SecureSocketOption>StartTLS</SecureSocketOption><Port>995</Port>",
			"Port: is not the usual port"},
		{"a password without TLS", "<SecureSocketOption>None</SecureSocketOption>", "SecureSocketOption: no TLS"},
		{"a plain file of the original", gateway + "<Port>110</Port>",
			"SecureSocketOption: is missing, and so is UseSsl: Octopus uses no TLS then"},
		{"a file of the original without a port", gateway, "SecureSocketOption: is missing, and so is UseSsl"},
		{"a file of the original whose port says TLS", gateway + "<Port>995</Port>", ""},
		{"a file of the original with UseSsl", gateway + "<UseSsl>True</UseSsl>", "UseSsl: is deprecated"},
		{"a file of ours on the port without TLS", "<Port>110</Port>", "Port: is not the usual port"},
		{"a tag for people in an event mailbox", "<IncidentPriority>High</IncidentPriority>",
			"IncidentPriority: has no effect with EventMailMessageProcessor (remove it)"},
		{"the group of incidents in an event mailbox", "<IncidentGroup>Desk</IncidentGroup>",
			"IncidentGroup: has no effect with EventMailMessageProcessor (write Group instead)"},
		{"a token in an event mailbox", "<NewSRBodyEnclosingToken>x</NewSRBodyEnclosingToken>",
			"NewSRBodyEnclosingToken: has no effect"},
		{"a client of Azure with a password", "<ClientId>x</ClientId>", "ClientId: has no effect with Authentication Basic"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, warnings, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(password+test.tags)), key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) > 0 && (warnings[0].Line == 0 || warnings[0].Column == 0) {
				t.Errorf("%v has no place in the file", warnings[0])
			}
			if test.want == "" && len(warnings) == 0 {
				return
			}
			if len(warnings) != 1 || test.want == "" || !strings.Contains(warnings[0].String(), ": "+test.want) {
				t.Errorf("warnings %v, want one with %q", warnings, test.want)
			}
		})
	}
}

func TestTheColumnOfAMistakeCountsCharacters(t *testing.T) {
	t.Parallel()
	_, _, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(password+"<!-- é€😀 -->\n\té<!-- é --><Port>0</Port>")), key.Source{})
	if err == nil {
		t.Fatal("accepted")
	}
	if !strings.Contains(err.Error(), "m.xml:2:2: text stands") || !strings.Contains(err.Error(), "m.xml:2:13: Port: 0") {
		t.Error(err)
	}
}

func TestTheLoaderGivesUpAFileWithTooManyMistakes(t *testing.T) {
	t.Parallel()
	_, _, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(strings.Repeat("<x/>", 20_000))), key.Source{})
	e, isError := err.(*Error)
	if !isError || len(e.Mistakes) > maxMistakes+10 {
		t.Errorf("%d mistakes", len(e.Mistakes))
	}
	_, _, err = LoadMailbox(write(t, t.TempDir(), "m.xml", strings.Repeat("<a><b>", 10_000)), key.Source{})
	if err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Error(err)
	}
	_, _, err = LoadMailbox(write(t, t.TempDir(), "m.xml", strings.Repeat(" ", maxFileOctets+1)), key.Source{})
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestAFolderIsNotAConfigurationFile(t *testing.T) {
	t.Parallel()
	for _, load := range []func(string) error{
		func(path string) error { _, _, err := LoadMailbox(path, key.Source{}); return err },
		func(path string) error { _, _, err := LoadService(path, key.Source{}); return err },
	} {
		dir := t.TempDir()
		if err := load(dir); err == nil || err.Error() != dir+": cannot be read: not a regular file" {
			t.Error(err)
		}
	}
}
