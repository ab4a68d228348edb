package monitor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// certificateFor returns a new certificate, with its key, for hosts and addresses.
func certificateFor(t testing.TB, names ...string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// listenTLS returns a monitor that answers at a free port with a certificate.
func listenTLS(t testing.TB, l limits, certificate *tls.Certificate) *monitored {
	t.Helper()
	m := listen(t, &subject{status: running()}, l)
	if err := m.Listen(m.address, certificate); err != nil {
		t.Fatal(err)
	}
	return m
}

// get asks a monitor over TLS for a host, as a client that trusts one certificate.
func (m *monitored) get(host string, trusted *tls.Certificate) (*http.Response, string, error) {
	m.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Leaf)
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, m.address)
		},
	}}
	r, err := client.Get("https://" + host + livePath)
	if err != nil {
		return nil, "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return r, string(body), err
}

func TestTheNamesOfTheCertificateAreAnsweredOverTLS(t *testing.T) {
	t.Parallel()
	certificate := certificateFor(t, "mail.example.com", "*.desk.example", "192.0.2.1", "127.0.0.1")
	m := listenTLS(t, patient, certificate)
	for host, strict := range map[string]string{
		"mail.example.com:9464": strictTransport, "MAIL.example.com": strictTransport, "a.desk.example": strictTransport,
		"192.0.2.1:9464": "", "127.0.0.1:9464": "",
	} {
		r, body, err := m.get(host, certificate)
		if err != nil || r.StatusCode != http.StatusOK || r.ProtoMajor != 1 || !strings.HasPrefix(body, "live") {
			t.Errorf("%s: %v, %v %q", host, err, r, body)
			continue
		}
		if got := r.Header.Get("Strict-Transport-Security"); got != strict {
			t.Errorf("%s: Strict-Transport-Security is %q, want %q", host, got, strict)
		}
	}
}

func TestAnotherNameIsRefusedOverTLSToo(t *testing.T) {
	t.Parallel()
	m := listenTLS(t, patient, certificateFor(t, "mail.example.com"))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for host, want := range map[string]int{
		"evil.example": http.StatusMisdirectedRequest, "192.0.2.1": http.StatusMisdirectedRequest, "": http.StatusOK, "localhost": http.StatusOK,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+m.address+livePath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want || want != http.StatusOK && !strings.Contains(string(body), "ask mail.example.com") {
			t.Errorf("%q: %s %s, want %d", host, answer.Status, body, want)
		}
		if answer.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%q: browsers are told to use TLS alone", host)
		}
	}
}

func TestARenewedCertificateIsUsedWithoutANewSocket(t *testing.T) {
	t.Parallel()
	first, second := certificateFor(t, "mail.example.com"), certificateFor(t, "mail.example.com")
	m := listenTLS(t, patient, first)
	socket := m.listener
	if err := m.Listen(m.address, second); err != nil || m.listener != socket {
		t.Fatalf("%v; another socket: %t", err, m.listener != socket)
	}
	if _, _, err := m.get("mail.example.com", first); err == nil {
		t.Error("the old certificate is still used")
	}
	if _, _, err := m.get("mail.example.com", second); err != nil {
		t.Error(err)
	}
	if err := m.Listen(m.address, nil); err != nil {
		t.Fatal(err)
	}
	m.wantAnswer()
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	t.Parallel()
	m := listenTLS(t, patient, certificateFor(t, "mail.example.com"))
	for version, isGood := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", m.address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if (err == nil) != isGood {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestHTTPAtAPortWithTLSGetsAClearAnswer(t *testing.T) {
	t.Parallel()
	m := listenTLS(t, patient, certificateFor(t, "mail.example.com"))
	answer, _ := io.ReadAll(m.connect("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if !strings.Contains(string(answer), " 400 ") || !strings.Contains(string(answer), "HTTPS") {
		t.Errorf("answer %q", answer)
	}
}

func TestAConnectionWithoutTLSEndsOnceThereIsACertificate(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	c := m.connect("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	begin := make([]byte, 12)
	if _, err := io.ReadFull(c, begin); err != nil || string(begin) != "HTTP/1.1 200" {
		t.Fatalf("%q, %v", begin, err)
	}
	if err := m.Listen(m.address, certificateFor(t, "mail.example.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(c) // ends, because the server closes
	if !strings.Contains(string(rest), "400 Bad Request") || !strings.Contains(string(rest), "this port speaks TLS now") {
		t.Errorf("answer %q", rest)
	}
}

// TestClientsThatNeverFinishAHandshakeAreDisconnected has clients that send nothing, or a part of a handshake.
func TestClientsThatNeverFinishAHandshakeAreDisconnected(t *testing.T) {
	t.Parallel()
	l := patient
	l.header = time.Millisecond
	m := listenTLS(t, l, certificateFor(t, "mail.example.com"))
	for _, text := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"} {
		m.wantEnd(m.connect(text))
	}
}

func TestClientsThatHoldTheirHandshakeKeepNobodyFromAnAnswer(t *testing.T) {
	t.Parallel()
	certificate := certificateFor(t, "mail.example.com")
	m := listenTLS(t, patient, certificate)
	var held []net.Conn
	for range 3 * patient.connections {
		held = append(held, m.connect("\x16\x03\x01"))
	}
	if _, _, err := m.get("mail.example.com", certificate); err != nil {
		t.Error(err)
	}
	m.wantEnd(held[0])
}

func TestTLSAtAPortWithoutItIsToldOnceInAWhile(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m, err := New(Options{
		Daemon: &subject{}, limits: patient, Now: func() time.Time { return now },
		Mistaken: func(address string, times int, from string) { told <- fmt.Sprint(address, " ", times, " ", from != "") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	address := freeAddress(t)
	if err := m.Listen(address, nil); err != nil {
		t.Fatal(err)
	}
	attempt := func() {
		t.Helper()
		if _, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}); err == nil {
			t.Fatal("there is TLS")
		}
	}
	for range 3 {
		attempt()
	}
	now = now.Add(seldom)
	attempt()
	m.Close()
	close(told)
	var all []string
	for text := range told {
		all = append(all, text)
	}
	if want := fmt.Sprintf("[%s 1 true %s 3 true]", address, address); fmt.Sprint(all) != want {
		t.Errorf("told %v, want %s", all, want)
	}
}

func TestAnAddressWithTheSamePortFollowsTheOldOne(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	certificate := certificateFor(t, "mail.example.com")
	_, port, _ := net.SplitHostPort(m.address)
	if err := m.Listen("0.0.0.0:"+port, certificate); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.get("mail.example.com", certificate); err != nil {
		t.Error(err)
	}
	if err := m.Listen("192.0.2.1:"+port, nil); err == nil {
		t.Fatal("the machine has this address?")
	}
	if _, _, err := m.get("mail.example.com", certificate); err != nil {
		t.Errorf("the monitor does not answer as before: %v", err)
	}
}

func TestWhyNobodyAnswersIsToldInWords(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string][2]string{
		taken.Addr().String():   {"another program has port ", "end the program that has this port"},
		"192.0.2.1:9464":        {"this machine has no address 192.0.2.1", "name an address of this machine"},
		"no-such.invalid:19464": {"no name server knows the host no-such.invalid", "name an address of this machine"},
	} {
		err := TryListen(address)
		var e *ListenError
		if !errors.As(err, &e) || !strings.Contains(e.Error(), "the daemon cannot answer at "+address+": "+want[0]) ||
			!strings.Contains(e.Hint(), want[1]) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := TryListen("127.0.0.1:0"); err != nil {
		t.Error(err)
	}
}

func TestAskTellsTheCertificateItGot(t *testing.T) {
	t.Parallel()
	certificate := certificateFor(t, "mail.example.com")
	m := listenTLS(t, patient, certificate)
	h, err := Ask(t.Context(), m.address, true, IsLive)
	if err != nil || h.State != Live || !h.Certificate.Equal(certificate.Leaf) {
		t.Errorf("%+v, %v", h, err)
	}
	_, port, _ := net.SplitHostPort(m.address)
	if err := m.Listen("0.0.0.0:"+port, certificate); err != nil {
		t.Fatal(err)
	}
	if h, err := Ask(t.Context(), "0.0.0.0:"+port, true, IsLive); err != nil || h.State != Live {
		t.Errorf("at all addresses: %+v, %v", h, err)
	}
}
