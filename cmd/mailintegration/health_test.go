package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// TestHealthFollowsADaemonThroughAnOutage runs the daemon without its database, with it, and stops it. Its port is in use at
// first.
func TestHealthFollowsADaemonThroughAnOutage(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	url := in.rows.Config().ConnString()
	proxy := storetest.NewProxy(t, url)
	file, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(dovecottest.FreePort(t)))
	service := strings.Replace(string(file), url, proxy.URL, 1)
	service = strings.Replace(service, "</MailIntegrationService>", "<Listen>"+address+"</Listen></MailIntegrationService>", 1)
	config := filepath.Join(filepath.Dir(in.config), "listens.xml")
	if err := os.WriteFile(config, []byte(service), 0o600); err != nil {
		t.Fatal(err)
	}
	health := func(code int, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		got := run(t.Context(), append([]string{"health", "-c", config}, args...), nil, &out, &errs)
		if got != code || !strings.Contains(out.String()+errs.String(), want) {
			t.Errorf("health %v: exit code %d, want %d, with %q:\n%s%s", args, got, code, want, &out, &errs)
		}
	}

	scrape := func(samples ...string) {
		t.Helper()
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		for _, want := range samples {
			if err != nil || !strings.Contains(string(body), "\n"+want+"\n") {
				t.Errorf("a scrape (%v) has no %q", err, want)
			}
		}
	}

	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Refuse()
	log, stop := beginHere(t, config)
	log.await(t, `"msg":"not listening"`)
	taken.Close()
	log.await(t, `"msg":"listening"`)
	health(0, "live: the daemon makes progress")
	storetest.Until(t, "the daemon has missed its database", func() bool {
		var out bytes.Buffer
		return run(t.Context(), []string{"health", "-c", config, "--ready", "--json"}, nil, &out, &out) == 1 && strings.Contains(out.String(), `"state": "database"`)
	})
	health(1, "database: the database cannot be used; mail waits on its servers", "--ready")
	health(1, "hint: run mailintegration check", "--ready")
	scrape("mailintegration_live 1", "mailintegration_ready 0", "mailintegration_database_usable 0", "mailintegration_database_figures_success 0",
		"mailintegration_configuration_last_reload_successful 1")
	proxy.Pass()
	log.await(t, `"msg":"database usable"`)
	health(0, "ready: 1 mailbox", "--ready")
	health(0, `"ok": true`, "--ready", "--json")
	scrape("mailintegration_live 1", "mailintegration_ready 1", "mailintegration_database_usable 1")
	if code := stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, log)
	}
	health(1, "nobody answers at "+address)
}

// TestADaemonWithTLSOutlastsABrokenCertificate renews the certificate of a daemon, breaks it, and asks for the daemon's health.
func TestADaemonWithTLSOutlastsABrokenCertificate(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", pop3test.DefaultPassword)
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	file, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(dovecottest.FreePort(t)))
	pair, config := filepath.Join(t.TempDir(), "pair.pem"), filepath.Join(filepath.Dir(in.config), "tls.xml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(config, strings.Replace(string(file), "</MailIntegrationService>", "<Listen>"+address+"</Listen><ListenCertificate>"+pair+
		"</ListenCertificate><ListenKey>"+pair+"</ListenKey></MailIntegrationService>", 1))
	verb := func(code int, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		got := run(t.Context(), append(args, "-c", config), nil, &out, &errs)
		if text := out.String() + errs.String(); got != code || !strings.Contains(text, want) {
			t.Errorf("%v: exit code %d, want %d, with %q:\n%s", args, got, code, want, text)
		}
	}
	ended := pemOf(t, time.Now().Add(-time.Hour), "mail.example.com")
	write(pair, ended)
	log, stop := beginHere(t, config)
	log.await(t, `"msg":"listening"`)
	verb(0, "live: the daemon makes progress", "health")
	verb(exitConfiguration, "FAILED  listen certificate: the certificate of mail.example.com expired on", "check")

	write(pair, pemOf(t, time.Now().Add(60*24*time.Hour), "mail.example.com"))
	log.await(t, `"settings":["ListenCertificate"]`)
	verb(0, "live: the daemon makes progress", "health")
	verb(0, "ok      listen certificate: certificate of mail.example.com good until", "check")

	write(pair, keyOf(ended))
	log.await(t, `"msg":"listening as before"`)
	verb(0, "live: the daemon makes progress", "health")
	if code := stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, log)
	}
	verb(exitConfiguration, "ListenCertificate: "+pair+" contains no certificate", "health")
}

// TestADaemonThatStartsWithABrokenCertificatePollsAndListensOnceItIsMended: the page waits for the certificate, mail does not.
func TestADaemonThatStartsWithABrokenCertificatePollsAndListensOnceItIsMended(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", []byte("Subject: waiting\r\n\r\n"))
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	file, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(dovecottest.FreePort(t)))
	pair := filepath.Join(t.TempDir(), "pair.pem")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(in.config, strings.Replace(string(file), "</MailIntegrationService>", "<Listen>"+address+"</Listen><ListenCertificate>"+pair+
		"</ListenCertificate><ListenKey>"+pair+"</ListenKey></MailIntegrationService>", 1))
	good := pemOf(t, time.Now().Add(60*24*time.Hour), "mail.example.com")
	write(pair, keyOf(good))
	verb := func(code int, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		got := run(t.Context(), append(args, "-c", in.config), nil, &out, &errs)
		if text := out.String() + errs.String(); got != code || !strings.Contains(text, want) {
			t.Errorf("%v: exit code %d, want %d, with %q:\n%s", args, got, code, want, text)
		}
	}
	const fault = "contains no certificate (name a PEM file with BEGIN CERTIFICATE)"
	log, stop := beginHere(t, in.config)
	log.await(t, `"msg":"not listening"`)
	storetest.Until(t, "the message is recorded", func() bool {
		var n int
		return in.rows.QueryRow(t.Context(), "SELECT count(*) FROM request").Scan(&n) == nil && n == 1
	})
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the daemon listens without its certificate")
	}
	verb(exitConfiguration, fault, "health")
	verb(exitConfiguration, fault, "config", "validate")
	verb(exitConfiguration, fault, "check")
	verb(exitFailed, fault, "status")
	verb(0, "waiting", "request", "list")
	verb(0, "", "once")

	write(pair, good)
	log.await(t, `"msg":"listening"`)
	verb(0, "live: the daemon makes progress", "health")
	verb(0, "ok      listen certificate: certificate of mail.example.com good until", "check")
	if code := stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, log)
	}
}
