package config

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config/key"
)

// xmllint returns the program that validates, with the schema in a file. Without it the test is skipped, and fails where
// REQUIRE_XMLLINT is set.
func xmllint(t *testing.T) func(file string) ([]byte, error) {
	t.Helper()
	program, err := exec.LookPath("xmllint")
	if err != nil && os.Getenv("REQUIRE_XMLLINT") != "" {
		t.Fatal("xmllint is missing; run scripts/setup")
	}
	if err != nil {
		t.Skip("xmllint is missing; run scripts/setup")
	}
	var schema bytes.Buffer
	if err := Schema(&schema); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mailintegration.xsd")
	if err := os.WriteFile(path, schema.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(file string) ([]byte, error) {
		return exec.Command(program, "--noout", "--nonet", "--schema", path, file).CombinedOutput()
	}
}

func TestEverySamplePassesTheSchema(t *testing.T) {
	t.Parallel()
	validate := xmllint(t)
	var all []string
	for _, pattern := range []string{
		samples + "/*.xml", samples + "/mailboxes/*.xml", "../deploy/packages/*.xml", "../deploy/windows/mailintegration.xml",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(found))
		}
		all = append(all, found...)
	}
	for _, sample := range all {
		if out, err := validate(sample); err != nil {
			t.Errorf("%s: %v\n%s", sample, err, out)
		}
	}
}

// TestTheOriginalsSamplesPassTheSchemaInOurWords validates what Mailbox.XML writes of them: the files themselves are not
// well-formed XML, so that no editor can use a schema on them.
func TestTheOriginalsSamplesPassTheSchemaInOurWords(t *testing.T) {
	t.Parallel()
	validate := xmllint(t)
	folder := private(t, "testdata/original")
	for _, name := range []string{"incident", "event", "service-request"} {
		m, _, err := LoadMailbox(filepath.Join(folder, name+".xml"), key.Source{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.XML(&b); err != nil {
			t.Fatal(err)
		}
		written := filepath.Join(folder, name+".ours.xml")
		if err := os.WriteFile(written, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := validate(written); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestTheSchemaKnowsEveryTagAndNoOther(t *testing.T) {
	t.Parallel()
	validate := xmllint(t)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "file.xml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	every := func(tags []Tag) string {
		var b strings.Builder
		for _, tag := range tags {
			b.WriteString(tag.line(strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(tag.Example)))
		}
		return b.String()
	}
	for _, test := range []struct {
		name, text string
		good       bool
	}{
		{"every tag of a mailbox file", "<MailIntegration><Filters><Filter>" + every(FilterTags()) + "</Filter></Filters><Smtp>" +
			every(SmtpTags()) + "</Smtp>" + every(MailboxTags()) + "</MailIntegration>", true},
		{"every tag of the service file", "<MailIntegrationService><Smtp>" + every(SmtpTags()) + "</Smtp>" + every(ServiceTags()) +
			"</MailIntegrationService>", true},
		{"a value in lower case", "<MailIntegration><SecureSocketOption>starttls</SecureSocketOption><Enabled>true</Enabled></MailIntegration>", true},
		{"an empty tag", "<MailIntegration><SecureSocketOption></SecureSocketOption></MailIntegration>", true},
		{"an unknown tag", "<MailIntegration><Passwort>x</Passwort></MailIntegration>", false},
		{"a bad value", "<MailIntegration><SecureSocketOption>SSL</SecureSocketOption></MailIntegration>", false},
		{"a tag of the other kind of file", "<MailIntegration><Mailboxes>*.xml</Mailboxes></MailIntegration>", false},
	} {
		if out, err := validate(file(test.text)); (err == nil) != test.good {
			t.Errorf("%s: %v\n%s", test.name, err, out)
		}
	}
}
