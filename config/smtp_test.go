package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

// smtpOf loads a mailbox file with some tags, and returns its <Smtp>.
func smtpOf(t *testing.T, tags string) *Smtp {
	t.Helper()
	m, warnings, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(tags)), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %v, error %v", warnings, err)
	}
	return m.Smtp
}

// azure makes a mailbox log in with access tokens.
const azure = "<Authentication>Azure</Authentication><ClientId>c</ClientId><TenantId>t</TenantId><ClientSecret>hunter2</ClientSecret>"

func TestSmtpHasItsDefaults(t *testing.T) {
	t.Parallel()
	if s := smtpOf(t, password); s != nil {
		t.Errorf("a mailbox without <Smtp> has %+v", s)
	}
	const name = "<ServerName>smtp.example.com</ServerName>"
	for _, test := range []struct {
		name, mailbox, smtp string
		port                int
		user, address       string
		shares              bool
	}{
		{"StartTLS is the default", password, name, 587, "", "", false},
		{"SslOnConnect", password, name + "<SecureSocketOption>SslOnConnect</SecureSocketOption>", 465, "", "", false},
		{"a relay on this machine", password, "<ServerName>localhost</ServerName><SecureSocketOption>None</SecureSocketOption>", 25, "", "", false},
		{"a user name that is an address", password, name + "<UserName>u@example.com</UserName><Password>hunter2</Password>", 587, "u@example.com", "u@example.com", false},
		{"a user name that is none", password, name + "<UserName>u</UserName><Password>hunter2</Password><Address>a@example.com</Address>", 587, "u", "a@example.com", false},
		{"the registration of the mailbox", azure, name + "<Authentication>azure</Authentication>", 587, "u", "", true},
		{"the registration of the mailbox, for another user", azure, name + "<Authentication>Azure</Authentication><UserName>u@example.com</UserName>", 587, "u@example.com", "u@example.com", true},
		{
			"a registration of its own", azure,
			name + "<Authentication>Azure</Authentication><ClientId>d</ClientId><TenantId>t</TenantId><ClientSecret>hunter2</ClientSecret>",
			587, "u", "", false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := smtpOf(t, test.mailbox+"<Smtp>"+test.smtp+"</Smtp>")
			if s.Port != test.port || s.UserName != test.user || s.Address != test.address || s.SharesTokens != test.shares {
				t.Errorf("port %d, user %q, address %q, shares %v", s.Port, s.UserName, s.Address, s.SharesTokens)
			}
		})
	}
}

func TestTheServiceFileHasItsOwnSmtp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "secret.txt", "hunter2")
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", ""))
	s, warnings, err := LoadService(write(t, dir, "service.xml", serviceFile(account+"<smtp><ServerName>smtp.example.com</ServerName>"+
		"<UserName>u</UserName><PasswordFile>secret.txt</PasswordFile></smtp>")), key.Source{})
	if err != nil || len(warnings) > 0 || s.Smtp == nil || s.Smtp.Password.Reveal() != "hunter2" || s.Mailboxes[0].Smtp != nil {
		t.Fatalf("%+v, %v, %v", s, warnings, err)
	}
	watched := false
	for _, f := range s.Files {
		watched = watched || f.Path == filepath.Join(dir, "secret.txt")
	}
	if !watched {
		t.Error("the file with the password is not watched")
	}
}

func TestSmtpThatXMLWritesIsReadBackAlike(t *testing.T) {
	t.Parallel()
	text := minimal(azure + "<Smtp><ServerName>smtp.example.com</ServerName><Authentication>Azure</Authentication>" +
		"<Address>a@example.com</Address><AlwaysUseThisAddress>True</AlwaysUseThisAddress></Smtp>")
	want, _, err := LoadMailbox(write(t, t.TempDir(), "m.xml", text), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := want.XML(&b); err != nil {
		t.Fatal(err)
	}
	written := strings.Replace(b.String(), "<!-- ClientSecret is left out -->", "<ClientSecret>hunter2</ClientSecret>", 1)
	path := filepath.Join(t.TempDir(), "m.xml")
	if err := os.WriteFile(path, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, err := LoadMailbox(path, key.Source{})
	if err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	want.Smtp.Line, got.Smtp.Line = 0, 0
	if diff := cmp.Diff(want.Smtp, got.Smtp); diff != "" || strings.Contains(b.String(), secretInTests) {
		t.Errorf("(-want +got):\n%s\n%s", diff, b.String())
	}
}
