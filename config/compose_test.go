package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config/key"
)

func TestEveryTagHasASummaryForItsComment(t *testing.T) {
	t.Parallel()
	for isService, tags := range map[bool][]Tag{false: MailboxTags(), true: ServiceTags()} {
		for _, tag := range tags {
			summary, err := Summary(isService, tag.Name)
			if err != nil || summary == "" || strings.HasSuffix(summary, ".") {
				t.Errorf("%s: %q, %v", tag.Name, summary, err)
			}
			if explained, err := Explanation(isService, tag.Name); err != nil || !strings.HasPrefix(explained, summary) {
				t.Errorf("%s: %q, %v", tag.Name, explained, err)
			}
		}
	}
	if _, err := Summary(false, "Prot"); err == nil || err.Error() != "Prot: unknown tag (did you mean Port?)" {
		t.Errorf("of an unknown tag: %v", err)
	}
}

// TestANewFileIsReadAndPassesTheSchema composes a file for each processor, with every other tag as a comment.
func TestANewFileIsReadAndPassesTheSchema(t *testing.T) {
	t.Parallel()
	validate := xmllint(t)
	check := func(name string, octets []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := validate(path); err != nil {
			t.Errorf("%v\n%s\n%s", err, out, octets)
		}
		for line := range strings.Lines(string(octets)) {
			if len(line) > 140 {
				t.Errorf("the line is too long: %s", line)
			}
		}
		return path
	}
	names := func(tags []Tag) (all []string) {
		for _, tag := range tags {
			all = append(all, tag.Name)
		}
		return all
	}
	for _, processor := range processors {
		values := map[string]string{
			"Name": "a -- <b>", "MessageProcessorTypeName": processor, "ServerName": "mail.example.com", "UserName": "a&b", "Password": " é ", "Login": "a", "Team": "b",
		}
		if processor != string(Monitoring) {
			values["IncidentFallbackUserLogon"] = "unknown"
		}
		if processor == string(EndUserServiceRequest) {
			values["NewSRBodyEnclosingToken"] = "CreateSR"
		}
		octets, err := Composition{Heading: []string{"the mailbox --"}, Values: values, Optional: names(MailboxTags())}.Octets()
		if err != nil {
			t.Fatal(err)
		}
		m, warnings, err := LoadMailbox(check("m.xml", octets), key.Source{})
		if err != nil || len(warnings) > 0 || m.Name != "a -- <b>" || m.Password.Reveal() != " é " {
			t.Errorf("%v, %v, %+v\n%s", err, warnings, m, octets)
		}
	}
	octets, err := Composition{IsService: true, Heading: []string{"the service"}, Values: map[string]string{"Login": "a", "Team": "b"}, Optional: names(ServiceTags())}.Octets()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadService(check("mailintegration.xml", octets), key.Source{}); err != nil {
		t.Errorf("%v\n%s", err, octets)
	}
	if _, err := (Composition{Values: map[string]string{"Port": "many"}}).Octets(); err == nil {
		t.Error("a value that is none was written")
	}
}

func TestADraftStandsForAFileThatIsNotWrittenYet(t *testing.T) {
	t.Parallel()
	folder := private(t, samples)
	service, draft := filepath.Join(folder, "mailintegration.xml"), filepath.Join(folder, "mailboxes", "new.xml")
	file := func(user string) []byte {
		return []byte("<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName><ServerName>mail.example.com</ServerName>" +
			"<UserName>" + user + "</UserName><Password>hunter2</Password></MailIntegration>")
	}
	s, _, err := LoadDraft(service, key.Source{}, Draft{draft, file("new")})
	if err != nil || named(s.Mailboxes, "new") == nil || len(s.Mailboxes) != 5 {
		t.Errorf("a new file: %v, %d mailboxes", err, len(s.Mailboxes))
	}
	if _, _, err := LoadDraft(service, key.Source{}, Draft{draft, file("helpdesk")}); err == nil || !strings.Contains(err.Error(), "is already polled by") {
		t.Errorf("an account that is polled already: %v", err)
	}
	s, _, err = LoadDraft(service, key.Source{}, Draft{filepath.Join(folder, "mailboxes", "event.xml"), file("new")})
	if err != nil || named(s.Mailboxes, "event").UserName != "new" || len(s.Mailboxes) != 4 {
		t.Errorf("a changed file: %v", err)
	}
	s, _, err = LoadDraft(service, key.Source{}, Draft{filepath.Join(folder, "elsewhere", "new.xml"), file("new")})
	if err != nil || len(s.Mailboxes) != 4 {
		t.Errorf("a file that the service does not name: %v", err)
	}
	if _, _, err := LoadDraft(service, key.Source{}, Draft{service, []byte("<MailIntegrationService><Prot/></MailIntegrationService>")}); err == nil {
		t.Error("a service file with a mistake was accepted")
	}
}
