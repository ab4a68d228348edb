package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"mailintegration/config/key"
)

func TestASecretIsNotPrintedInAnyWay(t *testing.T) {
	t.Parallel()
	type hidden struct {
		secret Secret
		Shown  Secret
		Any    any
		list   []Secret
	}
	s := NewSecret(secretInTests)
	values := []any{
		s, &s, hidden{s, s, s, []Secret{s}}, &hidden{s, s, &s, nil}, []Secret{s}, map[string]Secret{"x": s},
		fmt.Errorf("login with %v: %w", s, error(nil)),
	}
	var all strings.Builder
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s", "%U", "%p"} {
			fmt.Fprintf(&all, verb+"\n", v)
		}
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
			text, _ := marshal(v) // a value that cannot be marshalled prints nothing
			all.Write(text)
		}
		slog.New(slog.NewTextHandler(&all, nil)).Info("value", "v", v)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	zap.New(core).Info("values", zap.Any("v", values), zap.Stringer("s", s), zap.Reflect("r", s))
	encoded, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(logs.All()[0].Entry, logs.All()[0].Context)
	if err != nil {
		t.Fatal(err)
	}
	all.Write(encoded.Bytes())
	for _, form := range []string{secretInTests, fmt.Sprintf("%x", secretInTests), fmt.Sprintf("%X", secretInTests)} {
		if strings.Contains(all.String(), form) {
			t.Errorf("the secret was printed as %s:\n%s", form, all.String())
		}
	}
	if !strings.Contains(all.String(), redacted) || s.Reveal() != secretInTests {
		t.Error("nothing was printed at all")
	}
}

func TestAWholeConfigurationPrintsNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", ""))
	s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account+"<Database>host=db password=hunter2</Database>")), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	fmt.Fprintf(&all, "%+v %#v %+v", s, *s, s.Mailboxes[0])
	if err := json.NewEncoder(&all).Encode(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Mailboxes[0].XML(&all); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(all.Bytes(), []byte(secretInTests)) {
		t.Errorf("a secret is printed:\n%s", all.String())
	}
}

func TestSecretsAreEqualWhenTheirTextsAre(t *testing.T) {
	t.Parallel()
	var none Secret
	if !NewSecret("a").Equal(NewSecret("a")) || NewSecret("a").Equal(NewSecret("b")) || !none.Equal(NewSecret("")) || !none.IsEmpty() {
		t.Error("Equal or IsEmpty is wrong")
	}
}

// TestAPasswordInAnotherTagIsNotShown writes a password into a tag whose mistake would repeat it. The loader recognises
// it by its form, or because Password has it too.
func TestAPasswordInAnotherTagIsNotShown(t *testing.T) {
	t.Parallel()
	const odd = `hun"ter2-and-é` // quotation marks would change how it looks
	long := strings.Repeat("x", 115) + odd
	for name, tags := range map[string]string{
		"a URL in place of a name":       password + "<ServerName>pop3://helpdesk:hunter2@mail.example.com</ServerName>",
		"a password with an @ and a /":   password + "<ServerName>pop3://helpdesk:x@y/hunter2@mail.example.com</ServerName>",
		"a name with its password":       password + "<ServerName>helpdesk:hunter2@mail.example.com</ServerName>",
		"an endpoint with a password":    password + "<AuthorityURL>https://user:hunter2@login.example.com</AuthorityURL>",
		"the words of a database":        password + "<ServerName>host=db password='hunter2 and more'</ServerName>",
		"the password in a port":         password + "<Port>hunter2</Port>",
		"the password in a schedule":     password + "<Schedule>* * hunter2</Schedule>",
		"the password in a pattern":      password + "<Filters><Filter><Subject>(hunter2</Subject><Stop>True</Stop></Filter></Filters>",
		"an SMTP password in a port":     password + "<Smtp><ServerName>s.example</ServerName><UserName>u</UserName><Password>hunter2</Password><Port>hunter2</Port></Smtp>",
		"an SMTP password outside":       password + "<Port>hunter2</Port><Smtp><ServerName>s.example</ServerName><UserName>u</UserName><Password>hunter2</Password></Smtp>",
		"an SMTP password not closed":    password + "<Smtp><ServerName>s.example</ServerName><UserName>u</UserName><Password>hunter2</Smtp>",
		"an SMTP user with a password":   password + "<Smtp><ServerName>smtp://u:hunter2@s.example</ServerName></Smtp>",
		"a password that is quoted":      "<Password>" + odd + "</Password><Port>" + odd + "</Port>",
		"a password where a text is cut": "<Password>" + odd + "</Password><Port>" + long + "</Port>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := minimal(tags)
			if strings.Contains(tags, "<ServerName>") {
				text = strings.Replace(text, "<ServerName>mail.example.com</ServerName>", "", 1)
			}
			file := write(t, t.TempDir(), "m.xml", text)
			m, f := loadMailbox(file, nil, nil)
			readable := string((&mailboxFile{Mailbox: m, filling: f}).broken().XML)
			_, _, err := LoadMailbox(file, key.Source{})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, secret := range []string{"hunter2", `hun"`, `hun\"`, "ter2"} {
				if strings.Contains(err.Error(), secret) || strings.Contains(readable, secret) {
					t.Errorf("%s\nshows %s, or\n%s does", err, secret, readable)
				}
			}
		})
	}
}
