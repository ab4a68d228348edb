package config

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"mailintegration/config/key"
)

// encryptedValue matches an encrypted value in a file.
var encryptedValue = regexp.MustCompile(`encrypted:[0-9a-f]{8}:[A-Za-z0-9+/]+`)

// revealed returns the secrets of a file by their tags.
func revealed(t *testing.T, octets []byte, ring *key.Ring) map[string]string {
	t.Helper()
	secrets, err := secretsIn("helpdesk.xml", octets, &keyring{isOpen: true, ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, s := range secrets {
		found[s.Tag] = s.Value.Reveal()
	}
	return found
}

// TestEncryptionChangesTheValuesAlone puts the values back in the place of the encrypted ones: every octet is as it was.
func TestEncryptionChangesTheValuesAlone(t *testing.T) {
	t.Parallel()
	_, ring := keysIn(t, t.TempDir())
	utf16 := func(b unicode.BOMPolicy) encoding.Encoding { return unicode.UTF16(unicode.LittleEndian, b) }
	for _, tt := range []struct {
		name, text string
		encoding   encoding.Encoding // nil for UTF-8
		values     []string          // as the file has them, in the order of the file
		want       map[string]string
	}{
		{name: "of the original, with other closing tags", text: "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\r\n<MailIntegration>\r\n\t<Server>\r\n\t\t<!-- secret -->\r\n" +
			"\t\t<UserName>u</userName> <Password>p&amp;w</password><!-- for u -->\r\n\t</Server>\r\n</MailIntegration>\r\n\r\n<!-- end -->",
			values: []string{"p&amp;w"}, want: map[string]string{"Password": "p&w"}},
		{name: "with blanks that belong to the password", text: "<MailIntegration><Password> p w </Password></MailIntegration>",
			values: []string{" p w "}, want: map[string]string{"Password": " p w "}},
		{name: "on a line of its own", text: "<MailIntegration>\n  <Password>\n    pw\n  </Password>\n</MailIntegration>\n",
			values: []string{"pw"}, want: map[string]string{"Password": "pw"}},
		{name: "in a CDATA section", text: "<MailIntegration><Password><![CDATA[p<w]]></Password></MailIntegration>",
			values: []string{"p<w"}, want: map[string]string{"Password": "p<w"}},
		{name: "within Smtp", text: "<MailIntegration><Password>one</Password><Smtp><!-- x --><Password>two</Password><ClientSecret>three</ClientSecret></Smtp>" +
			"<ClientSecret>four</ClientSecret></MailIntegration>",
			values: []string{"one", "two", "three", "four"},
			want:   map[string]string{"Password": "one", "Smtp/Password": "two", "Smtp/ClientSecret": "three", "ClientSecret": "four"}},
		{name: "of the service", text: "<MailIntegrationService><Database>host=db password=pw</Database></MailIntegrationService>",
			values: []string{"host=db password=pw"}, want: map[string]string{"Database": "host=db password=pw"}},
		{name: "in windows-1252", text: "<?xml version=\"1.0\" encoding=\"windows-1252\"?>\n<MailIntegration><Team>Montréal</Team><Password>café</Password></MailIntegration>",
			encoding: charmap.Windows1252, values: []string{"café"}, want: map[string]string{"Password": "café"}},
		{name: "in UTF-16 with a byte order mark", text: "<MailIntegration><Team>Zürich</Team><Password>grün</Password></MailIntegration>",
			encoding: utf16(unicode.UseBOM), values: []string{"grün"}, want: map[string]string{"Password": "grün"}},
		{name: "in UTF-8 with a byte order mark", text: "\uFEFF<MailIntegration><Password>grün</Password></MailIntegration>",
			values: []string{"grün"}, want: map[string]string{"Password": "grün"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before, decode := []byte(tt.text), func(octets []byte) string { return string(octets) }
			if tt.encoding != nil {
				var err error
				if before, err = tt.encoding.NewEncoder().Bytes([]byte(tt.text)); err != nil {
					t.Fatal(err)
				}
				decode = func(octets []byte) string {
					text, err := tt.encoding.NewDecoder().Bytes(octets)
					if err != nil {
						t.Error(err)
					}
					return string(text)
				}
			}
			after, changed, err := Encrypt("helpdesk.xml", before, ring)
			if err != nil || len(changed) != len(tt.values) {
				t.Fatalf("changed %v, %v", changed, err)
			}
			values := tt.values
			text := encryptedValue.ReplaceAllStringFunc(decode(after), func(string) string {
				value := values[0]
				values = values[1:]
				return value
			})
			if diff := cmp.Diff(tt.text, text); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, revealed(t, after, ring)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, changed, err := Encrypt("helpdesk.xml", after, ring)
			if err != nil || len(changed) > 0 || !bytes.Equal(again, after) {
				t.Errorf("a second run has changed %v, %v", changed, err)
			}
			fresh, err := key.Generate()
			if err != nil {
				t.Fatal(err)
			}
			rotated, _, err := Encrypt("helpdesk.xml", after, fresh.Join(ring))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, revealed(t, rotated, fresh)); diff != "" {
				t.Errorf("with a new key (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAFileWithoutSecretsStaysAsItIs: whoever looks for the database server can still read its name.
func TestAFileWithoutSecretsStaysAsItIs(t *testing.T) {
	t.Parallel()
	_, ring := keysIn(t, t.TempDir())
	for name, text := range map[string]string{
		"a database without a password": "<MailIntegrationService><Database>host=db user=mail</Database></MailIntegrationService>",
		"an empty tag":                  "<MailIntegration><Password/><ClientSecret> </ClientSecret></MailIntegration>",
		"a file that is named":          "<MailIntegration><PasswordFile>/etc/secret</PasswordFile></MailIntegration>",
	} {
		after, changed, err := Encrypt("helpdesk.xml", []byte(text), ring)
		if err != nil || len(changed) > 0 || string(after) != text {
			t.Errorf("%s: %v, %v, %s", name, changed, err, after)
		}
	}
}

// TestAFileThatIsUnclearIsNotChanged: a password could stay in it unseen.
func TestAFileThatIsUnclearIsNotChanged(t *testing.T) {
	t.Parallel()
	_, ring := keysIn(t, t.TempDir())
	for name, text := range map[string]string{
		"a misspelt tag":       "<MailIntegration><Pasword>hunter2</Pasword><Password>hunter2</Password></MailIntegration>",
		"a tag without an end": "<MailIntegration><Password>hunter2</MailIntegration>",
		"no XML":               "hunter2",
		"nothing":              "",
	} {
		after, changed, err := Encrypt("helpdesk.xml", []byte(text), ring)
		if mistakes := new(Error); !errors.As(err, &mistakes) || len(changed) > 0 || string(after) != text || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v, %s", name, changed, err, after)
		}
	}
}

// TestWhatCannotBeReadKeepsNothingElseFromBeingEncrypted has a value of a lost key, a tag that is given twice, and no password.
func TestWhatCannotBeReadKeepsNothingElseFromBeingEncrypted(t *testing.T) {
	t.Parallel()
	_, ring := keysIn(t, t.TempDir())
	_, lost := keysIn(t, t.TempDir())
	text := "<MailIntegration>\n<Password>" + encrypted(t, lost, "p") + "</Password>\n<ClientSecret>hunter2</ClientSecret>\n" +
		"<Smtp><Password>hunter2</Password><Password>hunter2</Password></Smtp>\n</MailIntegration>"
	after, changed, err := Encrypt("helpdesk.xml", []byte(text), ring)
	if diff := cmp.Diff([]string{"ClientSecret", "Smtp/Password"}, changed); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err == nil || !strings.Contains(err.Error(), "helpdesk.xml:2:1: Password: is encrypted with key") || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("got %v", err)
	}
	if bytes.Contains(after, []byte("hunter2")) {
		t.Errorf("a password is left:\n%s", after)
	}
}
