package config

import (
	"strings"
	"testing"
	"time"

	"mailintegration/config/key"
)

func TestValuesAreReadAsTheReferenceSays(t *testing.T) {
	t.Parallel()
	tags := &tagSet{tags: append(MailboxTags(), ServiceTags()...)}
	for _, test := range []struct {
		tag, text string
		want      string // as format writes the value, "" when parse refuses the text
	}{
		{"Port", "1", "1"}, {"Port", "65535", "65535"}, {"Port", "0", ""}, {"Port", "65536", ""}, {"Port", "0x10", ""},
		{"Port", "11O", ""},
		{"Enabled", "YES", "True"}, {"Enabled", "0", "False"}, {"Enabled", "oui", ""},
		{"StepTimeout", "90s", "1m30s"}, {"StepTimeout", "1h", "1h"}, {"StepTimeout", "10m", "10m"},
		{"StepTimeout", "0s", ""}, {"StepTimeout", "-5s", ""}, {"StepTimeout", "1h1s", ""},
		{"SleepTimeAfterDeletion", "5000", "5000"}, {"SleepTimeAfterDeletion", "-1", ""},
		{"SleepTimeAfterDeletion", "600001", ""},
		{"MaxMessageSize", "1024", "1KB"}, {"MaxMessageSize", "25 mb", "25MB"}, {"MaxMessageSize", "2GB", "2GB"},
		{"MaxMessageSize", "1025", "1025"}, {"MaxMessageSize", "3GB", ""}, {"MaxMessageSize", "9999999999999GB", ""},
		{"MaxMessageSize", "1.5MB", ""}, {"MaxMessageSize", "MB", ""}, {"MaxMessageSize", "10", ""},
		{"LeaveOnServer", "never", "Never"}, {"LeaveOnServer", "ALWAYS", "Always"},
		{"LeaveOnServer", "days  14", "Days 14"}, {"LeaveOnServer", "Days 0", ""}, {"LeaveOnServer", "Days 3651", ""},
		{"LeaveOnServer", "14", ""}, {"LeaveOnServer", "Days", ""}, {"LeaveOnServer", "Days -1", ""},
		{"LeaveOnServer", "Always 3", ""},
		{"Retention", "days 400", "Days 400"}, {"Retention", "Always", "Always"}, {"Retention", "Days 30", "Days 30"},
		{"Retention", "Days 36500", "Days 36500"}, {"Retention", "Days 29", ""}, {"Retention", "Days 36501", ""},
		{"Retention", "Never", ""}, {"Retention", "400", ""},
		{"ServerName", "[2001:db8::1]", "2001:db8::1"}, {"ServerName", "192.0.2.1", "192.0.2.1"},
		{"ServerName", "mail", "mail"}, {"ServerName", "courriel.québec.example", "courriel.québec.example"},
		{"ServerName", "a b", ""}, {"ServerName", "me@example.com", ""}, {"ServerName", "a..b", ""},
		{"ServerName", "[mail]", "mail"}, {"ServerName", "\\\\mail", ""},
		{"SecureSocketOption", "starttls", "StartTLS"}, {"SecureSocketOption", "Auto", ""},
		{"MessageProcessorTypeName", "eventmailmessageprocessor", "EventMailMessageProcessor"},
		{"MessageProcessorTypeName", "A.B.EventMailMessageProcessor , C, Version=1.0.0.0", "EventMailMessageProcessor"},
		{"MessageProcessorTypeName", "Mail.", ""},
		{"IgnoredAttachments", "a.png,, b.gif ,", "a.png, b.gif"},
		{"UserName", "a\rb", ""}, {"UserName", "a\u0085b", ""}, {"UserName", "É b", "É b"},
		{"Database", "postgres://u:p@h/d", redacted}, {"Database", "postgresql:///d", redacted},
		{"Database", "host=h", redacted}, {"Database", "h/d", ""}, {"Database", "postgres://%zz", ""},
		{"BatchMessages", "1000", "1000"}, {"BatchMessages", "1001", ""},
		{"LogLevel", "DEBUG", "debug"},
		{"Schedule", "5m", "5m"}, {"Schedule", "@hourly", "@hourly"}, {"Schedule", "@every 1m", "@every 1m"},
		{"Schedule", "TZ=America/Montreal 0 8 * * *", "TZ=America/Montreal 0 8 * * *"},
		{"Schedule", "0 0 29 2 *", "0 0 29 2 *"}, {"Schedule", "TZ=", ""}, {"Schedule", "CRON_TZ=UTC", ""},
		{"Schedule", "TZ=Nowhere/Land 0 8 * * *", ""}, {"Schedule", "@every", ""}, {"Schedule", "@every x", ""},
		{"Schedule", "@reboot", ""}, {"Schedule", "0s", ""}, {"Schedule", "-5m", ""}, {"Schedule", "* * * *", ""},
	} {
		t.Run(test.tag+" "+test.text, func(t *testing.T) {
			t.Parallel()
			k := tags.lookup(test.tag).kind
			value, _, ok := k.parse(test.text)
			got := ""
			if ok {
				got = k.format(value)
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestAScheduleKnowsTheTimeOfTheNextPoll(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 22, 12, 0, 10, 0, time.UTC)
	for _, test := range []struct {
		text  string
		want  time.Time
		every time.Duration
	}{
		{"30s", from.Add(30 * time.Second), 30 * time.Second},
		{"1500ms", from.Add(1500 * time.Millisecond), 1500 * time.Millisecond},
		{"@every 1m", from.Add(time.Minute), time.Minute},
		{"*/5 * * * *", time.Date(2026, 11, 22, 12, 5, 0, 0, time.UTC), 0},
		{"TZ=Asia/Tokyo 0 8 * * *", time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC), 0},
	} {
		s, err := ParseSchedule(test.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(from); !got.Equal(test.want) || s.Every() != test.every {
			t.Errorf("%s: %s, every %s, want %s, every %s", test.text, got, s.Every(), test.want, test.every)
		}
	}
}

func TestTheAuthorityIsHTTPSOrOnThisMachine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://login.microsoftonline.us":    "https://login.microsoftonline.us",
		"https://login.example.com/adfs/":     "https://login.example.com/adfs",
		"http://127.0.0.1:8080":               "http://127.0.0.1:8080",
		"http://localhost":                    "http://localhost",
		"http://login.example.com":            "",
		"ftp://login.example.com":             "",
		"https://user:pass@login.example.com": "",
		"https://login.example.com?x":         "",
		"https://":                            "",
		"login.example.com":                   "",
	} {
		got, _, ok := authorityKind().parse(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s is read as %v, %v, want %q", text, got, ok, want)
		}
	}
}

func TestASecretIsReadFromItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "client.txt", "hunter2\r\n")
	m, warnings, err := LoadMailbox(write(t, dir, "helpdesk.xml", minimal("<Authentication>Azure</Authentication>"+
		"<ClientId>c</ClientId><TenantId>t</TenantId><ClientSecretFile>client.txt</ClientSecretFile>")), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if got := m.ClientSecret.Reveal(); got != "hunter2" {
		t.Errorf("the secret is %q", got)
	}
}

func TestAListThatSaysFalseIsEmpty(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"FALSE", "False", "false", " FALSE ", "No", "0", ""} {
		m, _, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(password+"<IgnoredAttachments>"+word+"</IgnoredAttachments>")), key.Source{})
		if err != nil || len(m.IgnoredAttachments) != 0 {
			t.Errorf("%q: %q, %v", word, m.IgnoredAttachments, err)
		}
	}
	m, _, err := LoadMailbox(write(t, t.TempDir(), "m.xml", minimal(password+"<IgnoredAttachments>false.png, no</IgnoredAttachments>")), key.Source{})
	if err != nil || strings.Join(m.IgnoredAttachments, "|") != "false.png|no" {
		t.Errorf("%q, %v", m.IgnoredAttachments, err)
	}
}
