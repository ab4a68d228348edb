package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

func TestAnAddressToListenAtHasAHostAndAPort(t *testing.T) {
	t.Parallel()
	for address, fault := range map[string]string{
		"127.0.0.1:9464":        "",
		"[::1]:65535":           "",
		"LOCALHOST:9464":        "",
		"0.0.0.0:9464":          "",
		"[::]:9464":             "",
		"192.0.2.1:9464":        "",
		"mail.example.com:9464": "",
		":9464":                 "write the host, too",
		"9464":                  "write a host and a port",
		"127.0.0.1":             "write a host and a port",
		"::1:9464":              "write a host and a port",
		"http://127.0.0.1:9464": "it is a URL",
		"127.0.0.1:0":           "its port is not one of",
		"127.0.0.1:65536":       "its port is not one of",
		"127.0.0.1:http":        "its port is not one of",
		"a@b:9464":              "it is a mail address",
	} {
		if got := listenFault(address); (got == "") != (fault == "") || !strings.Contains(got, fault) {
			t.Errorf("%s: %q, want %q", address, got, fault)
		}
	}
}

func TestWithoutTLSOnlyThisMachineMayAsk(t *testing.T) {
	t.Parallel()
	for address, isGood := range map[string]bool{
		"127.0.0.1:9464": true, "127.8.9.1:1": true, "[::1]:9464": true, "localhost:9464": true, "LOCALHOST:9464": true,
		"0.0.0.0:9464": false, "[::]:9464": false, "192.0.2.1:9464": false, "mail.example.com:9464": false, "localhost.example:80": false,
	} {
		_, _, err := LoadService(write(t, t.TempDir(), "service.xml", serviceFile(account+"<Listen>"+address+"</Listen>"+
			"<ListenBehindProxy>mail.example.com</ListenBehindProxy>")), key.Source{})
		if isGood != (err == nil) || !isGood && !strings.Contains(err.Error(), "name a certificate in ListenCertificate") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// identity returns a new key and a certificate of it for some hosts, as PEM.
func identity(t *testing.T, hosts ...string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: hosts, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: octets}))
}

// listeningTLS has a service file that names a certificate and its key.
const listeningTLS = account + "<Listen>0.0.0.0:9464</Listen><ListenCertificate>tls.pem</ListenCertificate><ListenKey>key.pem</ListenKey>"

func TestACertificateForListenMustBeOneWithItsKey(t *testing.T) {
	t.Parallel()
	certificate, private := identity(t, "mail.example.com")
	other, otherKey := identity(t, "mail.example.com")
	nameless, keyOfNameless := identity(t)
	damaged := strings.Replace(certificate, "\nMII", "\nAII", 1)
	encrypted := "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
	for _, test := range []struct{ name, certificate, key, fault string }{
		{"a pair", certificate, private, ""},
		{"a chain", certificate + other, private, ""},
		{"both in both files", private + certificate, private + certificate, ""},
		{"the key of another certificate", certificate, otherKey, "ListenKey: the file it names does not go with the certificate"},
		{"a chain in the wrong order", other + certificate, private, "the one of this machine comes first"},
		{"no key", certificate, certificate, "ListenKey: the file it names contains no private key"},
		{"no certificate", private, private, "ListenCertificate: tls.pem contains no certificate"},
		{"a damaged certificate", damaged, private, "ListenCertificate: tls.pem has a certificate that cannot be read"},
		{"an encrypted key", certificate, encrypted, "openssl pkey"},
		{"a certificate for no host", nameless, keyOfNameless, "ListenCertificate: tls.pem is for no host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "tls.pem", test.certificate)
			write(t, dir, "key.pem", test.key)
			s, _, err := LoadService(write(t, dir, "service.xml", serviceFile(listeningTLS)), key.Source{})
			if test.fault == "" {
				if err != nil || s.ListenTLS == nil || s.ListenTLS.Leaf.DNSNames[0] != "mail.example.com" {
					t.Errorf("%v", err)
				}
				return
			}
			if s == nil || s.ListenTLS != nil || s.ListenFault == nil || s.ListenFault.Error() != err.Error() {
				t.Errorf("service %+v, want its ListenFault to be the error alone: %v", s, err)
			}
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""), test.fault) {
				t.Errorf("error %v, want %q", err, test.fault)
			}
		})
	}
}

func TestMistakesInTheTagsOfListenStayThoseOfTheServiceFile(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string]string{
		"a certificate without a key":         "<Listen>127.0.0.1:9464</Listen><ListenCertificate>tls.pem</ListenCertificate>",
		"a key without a certificate":         "<Listen>127.0.0.1:9464</Listen><ListenKey>key.pem</ListenKey>",
		"another mistake beside broken files": strings.Replace(listeningTLS, account, account+"<LogLevl>debug</LogLevl>", 1),
	} {
		s, _, err := LoadService(write(t, t.TempDir(), "service.xml", serviceFile(account+strings.TrimPrefix(tags, account))), key.Source{})
		if s != nil || err == nil {
			t.Errorf("%s: the service is used: %v", name, err)
		}
	}
	unused := strings.Replace(listeningTLS, "<Listen>0.0.0.0:9464</Listen>", "", 1)
	s, warnings, err := LoadService(write(t, t.TempDir(), "service.xml", serviceFile(unused)), key.Source{})
	if err != nil || s.ListenFault != nil || len(warnings) < 2 {
		t.Errorf("without Listen the files count: %v, warnings %v", err, warnings)
	}
}

func TestARenewedCertificateIsAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service := write(t, dir, "service.xml", serviceFile(listeningTLS))
	load := func() *Service {
		t.Helper()
		certificate, private := identity(t, "mail.example.com")
		write(t, dir, "tls.pem", certificate)
		write(t, dir, "key.pem", private)
		s, _, err := LoadService(service, key.Source{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before, after := load(), load()
	if diff := cmp.Diff(Changes{Settings: []string{"ListenCertificate"}}, Compare(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c := Compare(after, after); !c.IsEmpty() {
		t.Errorf("the same configuration differs: %+v", c)
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

// TestAMistakeLeavesTheHashOfWhatIsInForce: the daemon goes on with the mailbox as it was.
func TestAMistakeLeavesTheHashOfWhatIsInForce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := write(t, dir, "service.xml", serviceFile(account))
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", ""))
	write(t, dir, "mailboxes/b.xml", mailboxOf("b", ""))
	running, _, err := LoadService(file, key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "mailboxes/a.xml", mailboxOf("a", "<Port>none</Port>"))
	read, _, err := LoadService(file, key.Source{})
	if err == nil || len(read.KeepBroken(running)) != 1 {
		t.Fatalf("the mailbox is not kept: %v", err)
	}
	if read.Hash() != running.Hash() {
		t.Error("the hash changes, although the same mailboxes are in force")
	}
}
