package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config"
	"mailintegration/config/key"
)

func TestTheDaemonKnowsAMailboxsConfigurationWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "helpdesk.xml")
	text := `<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>
		<ServerName>outlook.office365.com</ServerName><Port>995</Port><UserName>helpdesk@acme.example</UserName>
		<Authentication>Azure</Authentication><ClientId>app</ClientId><TenantId>acme.example</TenantId>
		<ClientSecret>planted-secret</ClientSecret></MailIntegration>`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, _, err := config.LoadMailbox(file, key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	service := config.DefaultService(t.TempDir())
	wired := wire(service, m, tokenStore(service))
	if xml := string(wired.ConfigurationXML); !strings.Contains(xml, "<ServerName>outlook.office365.com</ServerName>") || strings.Contains(xml, "planted") {
		t.Errorf("the configuration is\n%s", xml)
	}
	if want := "login.microsoftonline.com/acme.example"; wired.Tenant != want {
		t.Errorf("the tenant is %s, want %s", wired.Tenant, want)
	}
	m.AuthorityURL = "https://login.microsoftonline.us/"
	if got, want := tenant(m), "login.microsoftonline.us/acme.example"; got != want {
		t.Errorf("the tenant is %s, want %s", got, want)
	}
}
