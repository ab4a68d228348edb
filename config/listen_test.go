package config

import (
	"strings"
	"testing"

	"mailintegration/config/key"
)

func TestAnAddressToListenAtIsOneOfThisMachine(t *testing.T) {
	t.Parallel()
	for address, fault := range map[string]string{
		"127.0.0.1:9464":        "",
		"127.8.9.1:1":           "",
		"[::1]:65535":           "",
		"localhost:9464":        "",
		"LOCALHOST:9464":        "",
		"0.0.0.0:9464":          "other machines could ask",
		":9464":                 "other machines could ask",
		"[::]:9464":             "other machines could ask",
		"192.0.2.1:9464":        "write 127.0.0.1:9464",
		"mail.example.com:9464": "other machines could ask",
		"localhost.example:80":  "other machines could ask",
		"9464":                  "write a host and a port",
		"127.0.0.1":             "write a host and a port",
		"::1:9464":              "write a host and a port",
		"http://127.0.0.1:9464": "it is a URL",
		"127.0.0.1:0":           "its port is not one of",
		"127.0.0.1:65536":       "its port is not one of",
		"127.0.0.1:http":        "its port is not one of",
	} {
		if got := listenFault(address); (got == "") != (fault == "") || !strings.Contains(got, fault) {
			t.Errorf("%s: %q, want %q", address, got, fault)
		}
	}
}

func TestTheHostsOfAProxyAreNamesAlone(t *testing.T) {
	t.Parallel()
	for text, fault := range map[string]string{
		"mail.example.com":                  "",
		"mail.example.com, www.example.com": "",
		"https://mail.example.com":          "it is a URL",
		"mail.example.com:8443":             "mail.example.com:8443: write the name without a port",
		"mail.example.com/page":             "contains a character",
		"a.example, *.example>":             "contains a character",
		"a.example, b..example":             "b..example: it is not well-formed",
	} {
		if _, detail, isGood := hostsKind().parse(text); isGood != (fault == "") || !strings.Contains(detail, fault) {
			t.Errorf("%s: %q, want %q", text, detail, fault)
		}
	}
}

func TestTheHashTellsConfigurationsApartButNoSecrets(t *testing.T) {
	t.Parallel()
	data := t.TempDir() // absolute on every system
	load := func(service, mailbox string) string {
		t.Helper()
		dir := t.TempDir()
		write(t, dir, "mailboxes/a.xml", mailbox)
		s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(account+"<DataDirectory>"+data+"</DataDirectory>"+service)), key.Source{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Hash()
	}
	const smtp = "<Smtp><ServerName>smtp.example.com</ServerName><UserName>a@example.com</UserName><Password>PASSWORD</Password></Smtp>"
	first := load(smtp, mailboxOf("a", ""))
	for name, again := range map[string]string{
		"the same files in another folder": load(smtp, mailboxOf("a", "")),
		"another password of the mailbox":  load(smtp, strings.Replace(mailboxOf("a", ""), "hunter2", "hunter3", 1)),
		"another password of Smtp":         load(strings.Replace(smtp, "PASSWORD", "other", 1), mailboxOf("a", "")),
	} {
		if again != first {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, other := range map[string]string{
		"a setting of the service file": load(smtp+"<BatchMessages>7</BatchMessages>", mailboxOf("a", "")),
		"a setting of Smtp":             load(strings.Replace(smtp, "smtp.", "mail.", 1), mailboxOf("a", "")),
		"a setting of a mailbox":        load(smtp, mailboxOf("a", "<Schedule>5m</Schedule>")),
		"another mailbox":               load(smtp, mailboxOf("b", "")),
	} {
		if other == first {
			t.Errorf("%s leaves the hash as it is", name)
		}
	}
}
