package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/mailbox/smtp/smtptest"
	"mailintegration/store"
)

// tried is an installation with the mailbox helpdesk, for the verb mailbox test.
type tried struct {
	server   string // ServerName; "" means localhost
	port     int
	security string
	roots    []byte // in PEM, nil for the system's
	tags     string // more tags of the mailbox file
	service  string // tags of the service file
	resolver *net.Resolver
}

// test runs mailbox test, and returns the tree and the exit code.
func (i tried) test(t *testing.T) (finding, int) {
	t.Helper()
	path := configured(t, i.service)
	boxes := filepath.Join(filepath.Dir(path), "mailboxes")
	if err := os.MkdirAll(boxes, 0o755); err != nil {
		t.Fatal(err)
	}
	tags := i.tags
	if i.roots != nil {
		if err := os.WriteFile(filepath.Join(boxes, "ca.pem"), i.roots, 0o600); err != nil {
			t.Fatal(err)
		}
		tags += "<TrustedCertificate>ca.pem</TrustedCertificate>"
	}
	server := i.server
	if server == "" {
		server = "localhost"
	}
	file := fmt.Sprintf("<MailIntegration><MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>"+
		"<ServerName>%s</ServerName><Port>%d</Port><SecureSocketOption>%s</SecureSocketOption><UserName>helpdesk</UserName>"+
		"<Password>correct-horse</Password><IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>%s</MailIntegration>",
		server, i.port, i.security, tags)
	if err := os.WriteFile(filepath.Join(boxes, "helpdesk.xml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return i.run(t, path)
}

// run runs mailbox test helpdesk with a configuration, for people and for programs.
func (i tried) run(t *testing.T, path string) (finding, int) {
	t.Helper()
	var out, lines, errs bytes.Buffer
	e := &env{ctx: t.Context(), config: path, stdout: &out, stderr: io.Discard, resolver: i.resolver}
	code := report(&errs, (&mailboxTestCmd{Name: "helpdesk", JSON: true}).Run(e))
	e.stdout = &lines
	if again := report(&errs, (&mailboxTestCmd{Name: "helpdesk"}).Run(e)); again != code {
		t.Errorf("exit code %d for people, %d for programs", again, code)
	}
	var f finding
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	if strings.Contains(out.String()+lines.String()+errs.String(), "correct-horse") {
		t.Errorf("the password is in\n%s%s%s", &out, &lines, &errs)
	}
	t.Logf("\n%s", &lines)
	return f, code
}

// at returns the step with that path of names below a finding.
func (f finding) at(t *testing.T, path ...string) finding {
	t.Helper()
	for _, name := range path {
		i := slices.IndexFunc(f.Steps, func(s finding) bool { return strings.HasPrefix(s.What, name) })
		if i < 0 {
			t.Fatalf("no step %s below %+v", name, f)
		}
		f = f.Steps[i]
	}
	return f
}

// want fails the test unless a step has the result, and its detail and advice have the text.
func (f finding) want(t *testing.T, r result, text string) {
	t.Helper()
	if f.Result != r || !strings.Contains(f.Detail+"; "+f.Advice, text) {
		t.Errorf("%s: %s: %s; %s\nwant %s with %q", f.What, f.Result, f.Detail, f.Advice, r, text)
	}
}

// plainServer starts a server that says a text to everybody: at once, or after the client has spoken.
func plainServer(t *testing.T, text string, afterClient bool) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if afterClient {
				_, _ = conn.Read(make([]byte, 1))
			}
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// nameServer returns a resolver whose name server gives 127.0.0.1 for the names that are known, or for every name.
func nameServer(t *testing.T, everything bool, known ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		question := make([]byte, 4<<10)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(question[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			switch {
			case !everything && !slices.Contains(known, strings.TrimSuffix(q.Name.String(), ".")):
				m.RCode = dnsmessage.RCodeNameError
			case q.Type == dnsmessage.TypeA:
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = server.WriteTo(packed, from)
			}
		}
	}()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}
	return &net.Resolver{PreferGo: true, Dial: dial}
}

func TestMailboxTestSaysAtWhichStepAMailboxFailsAndWhatToDo(t *testing.T) {
	t.Parallel()
	reading := "reading over POP3"
	for _, test := range []struct {
		name   string
		tried  func(t *testing.T) tried
		step   []string
		advice string
	}{
		{"the server's name is wrong", func(t *testing.T) tried {
			return tried{server: "pop.example.com", port: 995, security: "SslOnConnect", resolver: nameServer(t, false)}
		}, []string{stepDNS}, "there is no host named pop.example.com; check ServerName"},
		{"no server listens at the port", func(t *testing.T) tried {
			return tried{server: "127.0.0.1", port: dovecottest.ClosedPort(t), security: "SslOnConnect"}
		}, []string{stepTCP}, "no program listens at 127.0.0.1:"},
		{"StartTLS on a port that speaks TLS at once", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS}), "StartTLS")
		}, []string{stepGreeting}, "set SecureSocketOption to SslOnConnect"},
		{"SslOnConnect on a port without TLS", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{}), "SslOnConnect")
		}, []string{stepTLS}, "set SecureSocketOption to StartTLS (usually port 110)"},
		{"StartTLS with a server that does not offer it", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{}), "StartTLS")
		}, []string{stepTLS}, "set SecureSocketOption to SslOnConnect and Port to 995"},
		{"a proxy that answers TLS with HTML", func(t *testing.T) tried {
			return tried{port: plainServer(t, "HTTP/1.1 400 Bad Request\r\n\r\n<html>", true), security: "SslOnConnect"}
		}, []string{stepTLS}, "a web server or a web proxy answers at localhost:"},
		{"a web server in the place of the mail server", func(t *testing.T) tried {
			return tried{port: plainServer(t, "<!DOCTYPE html><html><body>Sign in</body></html>\r\n", false), security: "None"}
		}, []string{stepGreeting}, "a web server or a web proxy answers at localhost:"},
		{"an IMAP server", func(t *testing.T) tried {
			return tried{port: plainServer(t, "* OK [CAPABILITY IMAP4rev1] ready\r\n", false), security: "None"}
		}, []string{stepGreeting}, "an IMAP server answers at localhost:"},
		{"a captive portal's name servers", func(t *testing.T) tried {
			return tried{
				server: "mail.example.com", port: plainServer(t, "HTTP/1.1 302 Found\r\n\r\n", true), security: "SslOnConnect",
				resolver: nameServer(t, true),
			}
		}, []string{stepTLS}, "a web server or a web proxy answers at mail.example.com:"},
		{"an expired certificate", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{
				TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{NotBefore: -48 * time.Hour, NotAfter: -24 * time.Hour},
			}), "SslOnConnect")
		}, []string{stepTLS, "expiry"}, "renew it on the mail server"},
		{"a certificate for another name", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{
				TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"mail.old.example"}},
			}), "SslOnConnect")
		}, []string{stepTLS, "name"}, "the certificate is for mail.old.example; set ServerName to one of its names"},
		{"an authority that nobody trusts", func(t *testing.T) tried {
			unknown := of(pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS}), "SslOnConnect")
			unknown.roots = nil
			return unknown
		}, []string{stepTLS, "chain"}, "the server sends no certificate in between; have the whole chain installed"},
		{"an intermediate certificate that has expired", expiredIntermediate, []string{stepTLS, "chain"},
			"the intermediate certificate Example Intermediate that the server sends expired on"},
		{"TLS that is too old", func(t *testing.T) tried {
			return of(pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS, MaxTLS: tls.VersionTLS11}), "SslOnConnect")
		}, []string{stepTLS}, "the server's TLS is older than version 1.2"},
		{"a wrong password", func(t *testing.T) tried {
			srv := pop3test.Run(t, pop3test.Options{})
			srv.SetPassword("helpdesk", "another")
			return of(srv, "None")
		}, []string{stepLogIn}, "check UserName and Password"},
		{"POP3 is switched off for the account", func(t *testing.T) tried {
			srv := pop3test.Run(t, pop3test.Options{})
			srv.At("PASS").Reply("-ERR [SYS/PERM] Your account is not enabled for POP access. Please visit your settings page and enable POP access")
			return of(srv, "None")
		}, []string{stepLogIn}, "switch POP3 on in the account's settings on the mail server"},
		{"another program reads the mailbox", func(t *testing.T) tried {
			srv := pop3test.Run(t, pop3test.Options{})
			srv.At("PASS").Reply("-ERR [IN-USE] the maildrop is in use")
			return of(srv, "None")
		}, []string{stepLogIn}, "another program is reading this mailbox"},
		{"the maildrop is damaged", func(t *testing.T) tried {
			srv := pop3test.Run(t, pop3test.Options{})
			srv.SetPassword("helpdesk", "correct-horse")
			srv.At("STAT").Reply("-ERR [SYS/PERM] mailbox is corrupt")
			return of(srv, "None")
		}, []string{stepSTAT}, "the mail server's administrator must repair the mailbox"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, code := test.tried(t).test(t)
			if code != exitUnreachable || f.Result != resultFailed {
				t.Errorf("exit code %d and %s", code, f.Result)
			}
			branch := f.at(t, reading)
			branch.at(t, test.step...).want(t, resultFailed, test.advice)
			branch.wantOrder(t, test.step[0])
		})
	}
}

// wantOrder fails the test unless the steps before one have gone well, and those after it were skipped.
func (f finding) wantOrder(t *testing.T, failed string) {
	t.Helper()
	past := false
	for _, step := range f.Steps {
		switch {
		case step.What == failed:
			past = true
		case past && step.Result != resultSkipped:
			t.Errorf("after %s: %s is %s", failed, step.What, step.Result)
		case !past && step.Result == resultFailed:
			t.Errorf("before %s: %s is %s", failed, step.What, step.Result)
		}
	}
}

// of returns a mailbox at a server. It trusts the server's authority.
func of(srv *pop3test.Server, security string) tried {
	t := tried{port: srv.Port(), security: security}
	if security != "None" {
		t.roots = srv.RootsPEM()
	}
	return t
}

// expiredIntermediate returns a mailbox at a server that sends an intermediate certificate which has expired.
func expiredIntermediate(t *testing.T) tried {
	now := time.Now()
	issue := func(name string, ca bool, end time.Time, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-100 * time.Hour), NotAfter: end,
			IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, DNSNames: []string{"localhost"},
		}
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return certificate, key
	}
	root, rootKey := issue("Example Root", true, now.Add(100*time.Hour), nil, nil)
	between, betweenKey := issue("Example Intermediate", true, now.Add(-time.Hour), root, rootKey)
	leaf, leafKey := issue("localhost", false, now.Add(50*time.Hour), between, betweenKey)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw, between.Raw}, PrivateKey: leafKey}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	return tried{port: l.Addr().(*net.TCPAddr).Port, security: "SslOnConnect", roots: roots}
}

func TestMailboxTestSaysThatNameServersCannotBeBelieved(t *testing.T) {
	t.Parallel()
	i := tried{server: "mail.example.com", port: plainServer(t, "<html>\r\n", false), security: "None", resolver: nameServer(t, true)}
	f, _ := i.test(t)
	f.at(t, "reading", stepDNS).want(t, resultWarning, "answer for every name, as those of a captive portal do")

	i.resolver = nameServer(t, false, "mail.example.com")
	f, _ = i.test(t)
	f.at(t, "reading", stepDNS).want(t, resultOK, "mail.example.com is 127.0.0.1")
}

func TestMailboxTestShowsEveryStepOfAMailboxThatWorks(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS, Extra: []string{"EXPIRE 30", "LOGIN-DELAY 900"}})
	srv.SetPassword("helpdesk", "correct-horse")
	srv.Add("helpdesk", []byte("Subject: a\r\n\r\nb\r\n"))
	f, code := of(srv, "StartTLS").test(t)
	if code != exitDone || f.Result != resultWarning {
		t.Errorf("exit code %d and %s", code, f.Result)
	}
	reading := f.at(t, "reading")
	for _, step := range []string{stepTCP, stepGreeting, stepCAPA, stepLogIn} {
		reading.at(t, step).want(t, resultOK, "")
	}
	reading.at(t, stepTLS, "protocol").want(t, resultOK, "TLS 1.3")
	reading.at(t, stepTLS, "chain").want(t, resultOK, "issued by pop3test authority")
	reading.at(t, stepTLS, "name").want(t, resultOK, "localhost is among localhost, 127.0.0.1")
	reading.at(t, stepTLS, "expiry").want(t, resultWarning, "have it renewed before")
	reading.at(t, stepSTAT).want(t, resultOK, "1 message,")
	reading.at(t, stepExpire).want(t, resultWarning, "after 30 days (EXPIRE 30)")
	reading.at(t, stepLoginDelay).want(t, resultWarning, "set Schedule to 15m0s or more")
	f.at(t, "sending").want(t, resultSkipped, "there is no <Smtp>")
	if log := srv.Log(); slices.ContainsFunc(log, func(line string) bool { return strings.HasPrefix(line, "RETR") || strings.HasPrefix(line, "DELE") }) {
		t.Errorf("the test has touched a message: %q", log)
	}
	if len(srv.Messages("helpdesk")) != 1 {
		t.Error("the message is gone")
	}
}

func TestMailboxTestTriesTheServerThatSendsToo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options smtptest.Options
		prepare func(*smtptest.Server)
		step    string
		result  result
		advice  string
		tags    string // more tags of <Smtp>
	}{
		{"all is well", smtptest.Options{}, func(*smtptest.Server) {}, stepSender, resultOK, "the server accepts mail from desk@acme.example", ""},
		{"SMTP AUTH is not offered", smtptest.Options{NoAUTH: true}, func(*smtptest.Server) {}, stepLogIn, resultFailed,
			"the server offers no log-in at this port (SMTP AUTH is switched off)", ""},
		{"SMTP AUTH is disabled for the tenant", smtptest.Options{}, func(s *smtptest.Server) {
			s.At("AUTH").Reply("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.")
		}, stepLogIn, resultFailed, "enable authenticated SMTP for the mailbox", ""},
		{"a wrong password", smtptest.Options{}, func(s *smtptest.Server) { s.SetPassword("desk", "another") }, stepLogIn, resultFailed,
			"check UserName and Password in <Smtp>", ""},
		{"the address is not the account's", smtptest.Options{}, func(s *smtptest.Server) {
			s.At("MAIL").Reply("550 5.7.60 SMTP; Client does not have permissions to send as this sender")
		}, stepSender, resultFailed, "Send As", ""},
		{"a port that speaks TLS at once", smtptest.Options{TLS: smtptest.ImplicitTLS}, func(*smtptest.Server) {}, stepGreeting, resultFailed, "",
			"<StepTimeout>5s</StepTimeout>"}, // nobody says anything until then
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			box := pop3test.Run(t, pop3test.Options{})
			box.SetPassword("helpdesk", "correct-horse")
			srv := smtptest.Run(t, test.options)
			srv.SetPassword("desk", "secret")
			test.prepare(srv)
			i := of(box, "None")
			i.tags = smtpTag(srv, "<Address>desk@acme.example</Address>"+test.tags)
			f, code := i.test(t)
			if (code != exitDone) != (test.result == resultFailed) {
				t.Errorf("exit code %d", code)
			}
			sending := f.at(t, "sending over SMTP through 127.0.0.1")
			sending.at(t, test.step).want(t, test.result, test.advice)
			if test.result == resultFailed {
				sending.wantOrder(t, test.step)
			}
			if len(srv.Messages()) != 0 {
				t.Error("a mail was sent")
			}
		})
	}
}

// TestNobodyLogsInWhileADaemonPollsTheMailbox holds the lease as a daemon does. A second session could find the maildrop locked,
// and take it from the daemon's next poll.
func TestNobodyLogsInWhileADaemonPollsTheMailbox(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "secret")
	in := install(t, srv.Port(), "helpdesk", "secret")
	if out, err := in.command("once").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	polling, err := store.Open(t.Context(), store.Options{URL: in.rows.Config().ConnString(), WithoutFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(polling.Close)
	holder := store.NewHolder(version)
	keep := func(reports ...store.PollReport) {
		t.Helper()
		k := store.Keeping{Mailboxes: []string{"helpdesk"}, Duration: store.MaxLease, Reports: reports}
		if _, err := polling.KeepLeases(t.Context(), holder, k); err != nil {
			t.Fatal(err)
		}
	}
	keep()
	before := len(loggedIn(srv))
	f, code := tried{}.run(t, in.config)
	if code != exitDone {
		t.Errorf("exit code %d", code)
	}
	f.at(t, "reading", stepLogIn).want(t, resultSkipped, "so as not to disturb")
	f.at(t, "reading", stepCAPA).want(t, resultOK, "")
	out, err := in.command("check").Output()
	if !strings.Contains(string(out), "ok      mailbox helpdesk: the daemon on ") {
		t.Errorf("%v\n%s", err, out)
	}
	if after := len(loggedIn(srv)); after != before {
		t.Errorf("%d log-ins besides the daemon's", after-before)
	}

	keep(store.PollReport{Mailbox: "helpdesk", Problem: "PASS at 127.0.0.1: the server refused the user name or password", Cause: "login"})
	f, code = tried{}.run(t, in.config)
	if code != exitUnreachable {
		t.Errorf("exit code %d", code)
	}
	f.at(t, "reading", stepLogIn).want(t, resultFailed, "mailintegration status names the event that says what to do")
}

// loggedIn returns the log-ins that a server has seen.
func loggedIn(srv *pop3test.Server) []string {
	return slices.DeleteFunc(srv.Log(), func(line string) bool { return !strings.HasPrefix(line, "USER") })
}

func TestNobodyLogsInBeforeTheServerAllowsIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		polled *polling
		delay  time.Duration
		want   string // "" means that the trial may log in
	}{
		{"nobody has ever polled", &polling{}, time.Hour, ""},
		{"the last poll is long ago", &polling{at: now.Add(-2 * time.Hour)}, time.Hour, ""},
		{"the last poll was just now", &polling{at: now.Add(-time.Minute)}, time.Hour, "the last one was 60 s ago"},
		{"the last poll was just now, and the server does not mind", &polling{at: now.Add(-time.Minute)}, 0, ""},
		{"the database does not say", nil, time.Hour, "the database does not say when the last one was"},
		{"the database does not say, and the server does not mind", nil, 0, ""},
		{"a daemon polls", &polling{holder: "the daemon on mail1", at: now}, 0, "the daemon on mail1 polls it"},
		{"a daemon is about to poll", &polling{holder: "the daemon on mail1"}, 0, "about to poll it for the first time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := (&pop3Trial{polled: test.polled}).mustWait(test.delay, now)
			switch {
			case f == nil && test.want != "":
				t.Errorf("it may log in, want %q", test.want)
			case f != nil && (test.want == "" || !strings.Contains(f.Detail, test.want)):
				t.Errorf("%+v, want %q", f, test.want)
			}
		})
	}
}

func TestCheckPrintsTheTreeForPrograms(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "another")
	in := install(t, srv.Port(), "helpdesk", "secret")
	out, err := in.command("check", "--json").Output()
	if err == nil {
		t.Error("check is satisfied")
	}
	var f finding
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f.at(t, "database").want(t, resultOK, "schema version")
	step := slices.IndexFunc(f.Steps, func(s finding) bool { return len(s.Steps) > 0 })
	if step < 0 || f.Result != resultFailed {
		t.Fatalf("no steps in\n%s", out)
	}
	f.Steps[step].at(t, stepLogIn).want(t, resultFailed, "check UserName and Password")
}

func TestOncePrintsAnObjectForEachMailbox(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "secret")
	srv.Add("helpdesk", []byte("From: ann@acme.example\r\nSubject: The printer is on fire\r\nMessage-ID: <1@acme.example>\r\n\r\nHelp!\r\n"))
	in := install(t, srv.Port(), "helpdesk", "secret")
	out, err := in.command("once", "--json").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var reports []pollReport
	if err := json.Unmarshal(out, &reports); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(reports) != 1 || reports[0].Mailbox != "helpdesk" || !reports[0].Polled || reports[0].Listed != 1 || reports[0].Opened != 1 {
		t.Errorf("%+v", reports)
	}
}
