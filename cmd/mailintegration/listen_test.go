package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailintegration/config"
	"mailintegration/mailbox/dovecottest"
)

// listenPair names one file with a certificate and its key.
const listenPair = "<Listen>127.0.0.1:9464</Listen><ListenCertificate>pair.pem</ListenCertificate><ListenKey>pair.pem</ListenKey>"

// pemOf returns a new certificate for hosts, and its key, as PEM.
func pemOf(t testing.TB, end time.Time, hosts ...string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: hosts, NotBefore: end.Add(-90 * 24 * time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: octets}))
}

// keyOf returns the key of a pair.
func keyOf(pair string) string { return pair[strings.Index(pair, "-----BEGIN PRIVATE"):] }

func TestARenewedCertificateTakesEffectAndABrokenOneDoesNot(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	r.write("pair.pem", pemOf(t, time.Now().Add(time.Hour), "mail.example.com"))
	r.service(listenPair)
	r.settled()
	first := r.certificate
	if first == nil || filepath.Base(r.watched.File) != "pair.pem" || r.watched.Expires.Before(time.Now()) {
		t.Fatalf("the monitor has %v, the daemon watches %+v", first, r.watched)
	}
	end := time.Now().Add(90 * 24 * time.Hour).Truncate(time.Second)
	renewed := pemOf(t, end, "mail.example.com")
	r.write("pair.pem", renewed)
	r.settled()
	r.wantLog(`"settings":["ListenCertificate"]`)
	second := r.certificate
	if bytes.Equal(second.Certificate[0], first.Certificate[0]) || !r.watched.Expires.Equal(end) {
		t.Errorf("the renewed certificate is not used; the daemon watches %+v", r.watched)
	}
	for fault, text := range map[string]string{
		"contains no private key": strings.TrimSuffix(renewed, keyOf(renewed)),
		"does not go with":        strings.TrimSuffix(renewed, keyOf(renewed)) + keyOf(pemOf(t, end, "other")),
		"contains no certificate": "nothing",
	} {
		r.write("pair.pem", text)
		r.settled()
		r.wantLog(fault)
		if r.certificate != second || len(r.problems) != 1 || !strings.Contains(r.problems[0].Mistakes[0], "service.xml:1:") {
			t.Errorf("%s: the monitor has another certificate: %t; the daemon was told %+v", fault, r.certificate != second, r.problems)
		}
	}
	if n := strings.Count(r.log.String(), `"msg":"listening as before"`); n != 3 || !r.watched.Expires.Equal(end) {
		t.Errorf("the daemon watches %+v and has told %d broken pairs, want 3:\n%s", r.watched, n, r.log)
	}
	r.mailbox("c", "") // other changes take effect
	r.service(listenPair + "<MaxConcurrentPolls>7</MaxConcurrentPolls>")
	r.settled()
	if r.names() != "a b c" || r.now().MaxPolls != 7 || r.certificate != second {
		t.Errorf("mailboxes %s, MaxPolls %d, want a b c and 7 while the certificate is broken", r.names(), r.now().MaxPolls)
	}
	r.service(listenPair + "<LogLevl>debug</LogLevl>")
	r.settled()
	if len(r.problems) != 1 || len(r.problems[0].Mistakes) != 2 || r.problems[0].OnlyListen {
		t.Errorf("the daemon was told %+v, want the certificate and LogLevl", r.problems)
	}
	r.service(listenPair)
	r.write("pair.pem", renewed)
	r.settled()
	if len(r.problems) != 0 || r.certificate == nil {
		t.Errorf("the daemon was told %+v", r.problems)
	}
}

// TestABrokenFirstCertificateEndsTheAnswersWithoutTLS: whoever asks for TLS gets no answer without it, not even for a while.
func TestABrokenFirstCertificateEndsTheAnswersWithoutTLS(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	at := "?"
	r.answerAt = func(address string, c *tls.Certificate) error { at, r.certificate = address, c; return nil }
	r.service("<Listen>127.0.0.1:9464</Listen>")
	r.settled()
	if at != "127.0.0.1:9464" {
		t.Fatalf("the monitor answers at %q", at)
	}
	r.service(listenPair)
	r.settled()
	r.wantLog(`"msg":"not listening","address":"127.0.0.1:9464"`)
	r.reload("SIGHUP", nil)
	r.settled()
	if n := strings.Count(r.log.String(), `"msg":"not listening"`); n != 2 {
		t.Errorf("the fault was told %d times, want once more for whoever asks:\n%s", n, r.log)
	}
	if at != "" || len(r.problems) != 1 || len(r.problems[0].Mistakes) != 2 || !r.problems[0].OnlyListen || r.running.ListenKey == "" {
		t.Errorf("the monitor answers at %q; the daemon was told %+v", at, r.problems)
	}
	r.write("pair.pem", pemOf(t, time.Now().Add(time.Hour), "mail.example.com"))
	r.settled()
	if at != "127.0.0.1:9464" || r.certificate == nil || len(r.problems) != 0 {
		t.Errorf("the monitor answers at %q with %v; the daemon was told %+v", at, r.certificate, r.problems)
	}
}

func TestCheckSaysWhatIsWrongWithTheCertificateOfListen(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		name string
		end  time.Duration
		want result
		text string
	}{
		{"good", 60 * day, resultOK, "certificate of mail.example.com good until"},
		{"soon", 13 * day, resultWarning, "and then browsers refuse the page"},
		{"ended", -day, resultFailed, "and browsers refuse the page"},
		{"not yet", 120 * day, resultFailed, "is not valid before"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := []byte(pemOf(t, time.Now().Add(test.end), "mail.example.com"))
			certificate, err := tls.X509KeyPair(pair, pair)
			if err != nil {
				t.Fatal(err)
			}
			f := listenCertificate(&config.Service{ListenTLS: &certificate}, &listenReport{})
			if f.Result != test.want || !strings.Contains(f.Detail, test.text) {
				t.Errorf("%+v, want %s with %q", f, test.want, test.text)
			}
		})
	}
}

func TestWhoAnswersAtListenIsFoundOut(t *testing.T) {
	t.Parallel()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(dovecottest.FreePort(t))) // which stays free, when taken is closed
	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &config.Service{Listening: config.Listening{Listen: address}}
	go func() {
		for {
			c, err := taken.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
			c.Close()
		}
	}()
	r := askListen(t.Context(), s)
	text, hint := r.line(true)
	if r.Answers || !strings.Contains(text, "the daemon cannot answer at "+address+": another program has port ") ||
		!strings.Contains(hint, "end the program") {
		t.Errorf("%s; %s", text, hint)
	}
	taken.Close()
	if text, _ := askListen(t.Context(), s).line(false); text != "http://"+address+"/: a daemon answers there once it runs" {
		t.Errorf("%s", text)
	}
	if text, hint := askListen(t.Context(), s).line(true); !strings.HasSuffix(text, ": nobody answers") || hint == "" {
		t.Errorf("%s; %s", text, hint)
	}
	if askListen(t.Context(), &config.Service{}) != nil {
		t.Error("there is a report without Listen")
	}
}

func TestThePageIsNamedByItsCertificate(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"": "http://0.0.0.0:9464/", "mail.example.com": "https://mail.example.com:9464/", "*.example.com": "https://0.0.0.0:9464/",
	} {
		s := &config.Service{Listening: config.Listening{Listen: "0.0.0.0:9464"}}
		if names != "" {
			s.ListenCertificate = "tls.pem"
			s.ListenTLS = &tls.Certificate{Leaf: &x509.Certificate{DNSNames: []string{names}}}
		}
		if got := pageURL(s); got != want {
			t.Errorf("%q: %s, want %s", names, got, want)
		}
	}
}

// TestAPortInUseIsToldOnceAndShownUntilItIsFree has a monitor that can listen at one port only.
func TestAPortInUseIsToldOnceAndShownUntilItIsFree(t *testing.T) {
	t.Parallel()
	r := newReloaded(t)
	taken := "127.0.0.1:1111"
	r.answerAt = func(address string, _ *tls.Certificate) error {
		if address == taken {
			return errors.New("address already in use")
		}
		return nil
	}
	r.service("<Listen>127.0.0.1:1111</Listen>")
	r.settled()
	r.wantLog(`"msg":"not listening","address":"127.0.0.1:1111","error":"address already in use"`)
	if len(r.problems) != 1 || r.problems[0].File != r.in.service.File || !r.problems[0].Polled ||
		!strings.Contains(r.problems[0].Mistakes[0], "Listen: address already in use") {
		t.Errorf("the daemon was told %+v", r.problems)
	}

	r.mailbox("a", "<Port>many</Port>") // another mistake hides neither
	r.settled()
	if len(r.problems) != 2 {
		t.Errorf("the daemon was told %+v, want the service file and a mailbox file", r.problems)
	}
	r.service("<LogLevl>debug</LogLevl>")
	r.settled()
	if len(r.problems) != 2 || len(r.problems[0].Mistakes)+len(r.problems[1].Mistakes) != 3 {
		t.Errorf("the daemon was told %+v, want two mistakes of the service file and one of a mailbox file", r.problems)
	}
	r.service("<Listen>127.0.0.1:1111</Listen>")
	r.mailbox("a", "")
	r.settled()
	r.wantLog(`"msg":"not listening"`)

	taken = "none"
	r.settled()
	r.wantLog(`"msg":"listening","address":"127.0.0.1:1111"`)
	if len(r.problems) != 0 {
		t.Errorf("the daemon was told %+v, want nothing", r.problems)
	}
	r.service("")
	r.settled()
	if len(r.problems) != 0 || r.address != "" {
		t.Errorf("the monitor answers at %q; the daemon was told %+v", r.address, r.problems)
	}
}
