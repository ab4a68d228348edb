package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config/key"
)

func TestSettingsSayWhereEachValueComesFrom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("secret", "planted-in-a-file\n")
	box := write("helpdesk.xml", `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>mail.example.com</ServerName>
  <UseSsl>True</UseSsl>
  <UserName>helpdesk</UserName>
  <PasswordFile>secret</PasswordFile>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <Filters><Filter><Name>news</Name>
    <Ignore>True</Ignore></Filter></Filters>
</MailIntegration>`)
	service := write("mailintegration.xml", `<MailIntegrationService>
  <Database>host=db.lan password=planted-in-the-database</Database>
  <Mailboxes>helpdesk.xml</Mailboxes>
  <Login>daemon</Login> <Team>IT</Team>
  <Smtp><ServerName>smtp.example.com</ServerName>
    <UserName>desk</UserName><Password>planted-in-smtp</Password><Address>desk@example.com</Address></Smtp>
</MailIntegrationService>`)
	s, _, err := LoadService(service, key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	ofMailbox, err := s.Mailboxes[0].Settings(s)
	if err != nil {
		t.Fatal(err)
	}
	ofService, err := s.Settings()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		settings               []Setting
		tag, value, wantedFrom string
	}{
		{ofMailbox, "ServerName", "mail.example.com", box + ":3"},
		{ofMailbox, "SecureSocketOption", "SslOnConnect", "UseSsl, " + box + ":4"},
		{ofMailbox, "Password", "REDACTED", "the file that PasswordFile names, " + box + ":6"},
		{ofMailbox, "Name", "helpdesk", "default: the name of the file without .xml"},
		{ofMailbox, "Enabled", "True", "default"},
		{ofMailbox, "Team", "IT", service + ":4"},
		{ofMailbox, "Filters/1/Ignore", "True", box + ":9"},
		{ofMailbox, "Smtp/ServerName", "smtp.example.com", service + ":5"},
		{ofService, "Database", "REDACTED", service + ":2"},
		{ofService, "Mailboxes", "helpdesk.xml", service + ":3"},
		{ofService, "Smtp/Password", "REDACTED", service + ":6"},
		{ofService, "LogLevel", "info", "default"},
	} {
		found := false
		for _, got := range test.settings {
			if got.Tag != test.tag {
				continue
			}
			found = true
			if got.Value != test.value || got.From != test.wantedFrom {
				t.Errorf("%s is %q from %q, want %q from %q", got.Tag, got.Value, got.From, test.value, test.wantedFrom)
			}
		}
		if !found {
			t.Errorf("%s is not shown", test.tag)
		}
	}
	if text := fmt.Sprint(ofMailbox, ofService); strings.Contains(text, "planted") {
		t.Errorf("a secret is shown:\n%s", text)
	}
}
