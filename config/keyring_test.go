package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailintegration/config/key"
)

// keysIn returns the source and the ring of a new key file in a folder.
func keysIn(t *testing.T, folder string) (key.Source, *key.Ring) {
	t.Helper()
	ring, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	octets, err := ring.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	return key.Source{File: write(t, folder, key.FileName, string(octets))}, ring
}

// encrypted returns a text as an encrypted value.
func encrypted(t *testing.T, ring *key.Ring, plain string) string {
	t.Helper()
	value, err := ring.Encrypt(plain)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestEverySecretMayBeEncrypted encrypts each secret that a configuration may have.
func TestEverySecretMayBeEncrypted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, folder)
	value := func(plain string) string { return encrypted(t, ring, plain) }
	registration := "<Authentication>Azure</Authentication><ClientId>c</ClientId><TenantId>t</TenantId>"
	smtp := "<Smtp><ServerName>smtp.example.com</ServerName><UserName>desk@example.com</UserName>"
	write(t, folder, "named.txt", value("named")+"\n")
	write(t, folder, "mailboxes/a.xml", minimal("<Name>a</Name><Password>\n    "+value(" spaces count ")+"\n  </Password>"+
		smtp+"<Password>"+value("smtp <&>")+"</Password></Smtp>"))
	write(t, folder, "mailboxes/b.xml", minimal("<Name>b</Name><Enabled>False</Enabled>"+registration+"<ClientSecret>"+value("client")+"</ClientSecret>"+
		smtp+registration+"<ClientSecret>"+value("smtp-client")+"</ClientSecret></Smtp>"))
	write(t, folder, "mailboxes/c.xml", strings.Replace(minimal("<Name>c</Name><PasswordFile>../named.txt</PasswordFile>"), ">u<", ">c<", 1))
	service := write(t, folder, "service.xml", serviceFile(account+"<Database>"+value("host=db password=of-database")+"</Database>"+
		smtp+"<Password>"+value("service")+"</Password></Smtp>"))
	s, warnings, err := LoadService(service, source)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v\n%v", err, warnings)
	}
	a, b, c := s.Mailboxes[0], s.Mailboxes[1], s.Mailboxes[2]
	for want, got := range map[string]Secret{
		"host=db password=of-database": s.DatabaseURL, "service": s.Smtp.Password, " spaces count ": a.Password, "smtp <&>": a.Smtp.Password,
		"client": b.ClientSecret, "smtp-client": b.Smtp.ClientSecret, "named": c.Password,
	} {
		if got.Reveal() != want || !got.IsEncrypted() {
			t.Errorf("%q was read as %q (encrypted: %v)", want, got.Reveal(), got.IsEncrypted())
		}
	}
	for _, tags := range [][]Tag{MailboxTags(), ServiceTags(), SmtpTags()} {
		for _, tag := range tags {
			if tested := []string{"Database", "Password", "ClientSecret"}; tag.Encryptable != slices.Contains(tested, tag.Name) {
				t.Errorf("%s: Encryptable is %v", tag.Name, tag.Encryptable)
			}
		}
	}
}

// TestAnEncryptedSecretIsShownAsSuch looks for the secrets in what is printed of a configuration.
func TestAnEncryptedSecretIsShownAsSuch(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, folder)
	write(t, folder, "mailboxes/a.xml", minimal("<Password>"+encrypted(t, ring, secretInTests)+"</Password>"))
	s, _, err := LoadService(write(t, folder, "service.xml", serviceFile(account)), source)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := s.Mailboxes[0].Settings(s)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if err := s.Mailboxes[0].XML(&all); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&all, "%+v %+v", settings, s.Mailboxes[0])
	if strings.Contains(all.String(), secretInTests) || !strings.Contains(all.String(), "Password Value:REDACTED (encrypted)") {
		t.Errorf("printed:\n%s", all.String())
	}
}

// TestNoKeyIsNeededWithoutAnEncryptedValue: the key file would be a mistake, if somebody opened it.
func TestNoKeyIsNeededWithoutAnEncryptedValue(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source := key.Source{File: write(t, folder, key.FileName, "not a key")}
	m, warnings, err := LoadMailbox(write(t, folder, "helpdesk.xml", minimal(password)), source)
	if err != nil || len(warnings) > 0 || m.Password.IsEncrypted() {
		t.Errorf("%v, %v", warnings, err)
	}
}

// TestAValueThatCannotBeDecryptedBreaksItsFileAlone: other mailboxes go on.
func TestAValueThatCannotBeDecryptedBreaksItsFileAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, folder)
	_, other := keysIn(t, t.TempDir())
	for name, value := range map[string]string{"good": encrypted(t, ring, "p"), "plain": "p", "strange": encrypted(t, other, "p")} {
		text := strings.Replace(minimal("<Password>"+value+"</Password>"), ">u<", ">"+name+"<", 1)
		write(t, folder, "mailboxes/"+name+".xml", text)
	}
	s, _, err := LoadService(write(t, folder, "service.xml", serviceFile(account)), source)
	if s == nil || err == nil || len(s.Mailboxes) != 2 || len(s.Broken) != 1 || s.Broken[0].Name != "strange" {
		t.Fatalf("%v", err)
	}
}

// TestTheKeyFileIsWatched: a mailbox recovers by itself when the key comes back.
func TestTheKeyFileIsWatched(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, folder)
	whole, err := os.ReadFile(source.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(source.File); err != nil {
		t.Fatal(err)
	}
	write(t, folder, "mailboxes/a.xml", minimal("<Password>"+encrypted(t, ring, "p")+"</Password>"))
	w := NewWatcher(write(t, folder, "service.xml", serviceFile(account)), source)
	if _, _, err := w.Load(); err == nil || !strings.Contains(err.Error(), "there is no key file "+source.File) {
		t.Fatalf("without a key: %v", err)
	}
	write(t, folder, key.FileName, string(whole))
	var changed []string
	for range 10 {
		if changed = w.Look(); len(changed) > 0 {
			break
		}
	}
	if !slices.Equal(changed, []string{source.File}) {
		t.Fatalf("changed: %v", changed)
	}
	if s, _, err := w.Load(); err != nil || len(s.Mailboxes) != 1 {
		t.Errorf("with the key: %v", err)
	}
}

// TestACredentialOfSystemdHoldsTheKey: neither the folder that only root can read, nor the one of the running service, is a file
// that the daemon watches.
func TestACredentialOfSystemdHoldsTheKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, filepath.Join(folder, "credentials"))
	missing := filepath.Join(folder, key.FileName)
	write(t, folder, "mailboxes/a.xml", minimal("<Password>"+encrypted(t, ring, "p")+"</Password>"))
	s, _, err := LoadService(write(t, folder, "service.xml", serviceFile(account)), key.Source{File: missing, Credentials: []string{source.File}})
	if err != nil {
		t.Fatal(err)
	}
	isCredential := func(f File) bool { return f.Path == source.File }
	if slices.ContainsFunc(s.Files, isCredential) || s.Mailboxes[0].Password.Reveal() != "p" {
		t.Errorf("files: %v", s.Files)
	}
}

// TestTheKeyIsLookedForWhereSystemdPutsIt shows the paths.
func TestTheKeyIsLookedForWhereSystemdPutsIt(t *testing.T) {
	t.Parallel()
	if filepath.Separator != '/' {
		t.Skip("there is no systemd")
	}
	for given, want := range map[string]string{
		"": "/run/credentials/mailintegration.service/mailintegration.key /run/credentials/mailintegration.service/secret_mailintegration.key " +
			"/etc/mailintegration/credentials/mailintegration.key",
		"/run/credentials/x.service": "/run/credentials/x.service/mailintegration.key /run/credentials/x.service/secret_mailintegration.key " +
			"/etc/mailintegration/credentials/mailintegration.key",
	} {
		if got := strings.Join(KeyCredentials(given), " "); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}
