package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// TestRunWaitsForAShareThatIsNotMounted plays a machine that starts its services before it mounts the share.
func TestRunWaitsForAShareThatIsNotMounted(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword) // the directory is claimed
	attachments := filepath.Join(filepath.Dir(in.config), "attachments")
	if err := os.Rename(attachments, attachments+".share"); err != nil {
		t.Fatal(err)
	}
	log, stop := beginHere(t, in.config)
	log.await(t, "attachment directory unusable")
	if err := os.Rename(attachments+".share", attachments); err != nil {
		t.Error(err)
	}
	log.await(t, "database usable")
	if code := stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// TestRunWaitsForADatabaseThatIsDown starts the daemon without a database and stops it after the database is up.
func TestRunWaitsForADatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", []byte("Subject: waiting\r\n\r\n"))
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	proxy := storetest.NewProxy(t, in.rows.Config().ConnString())
	service, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(filepath.Dir(in.config), "behind-a-proxy.xml")
	behind := strings.Replace(string(service), in.rows.Config().ConnString(), proxy.URL, 1)
	if err := os.WriteFile(config, []byte(behind), 0o600); err != nil {
		t.Fatal(err)
	}

	proxy.Refuse()
	log, stop := beginHere(t, config)
	log.await(t, "database unreachable")
	proxy.Pass()
	log.await(t, "database usable")
	if code := stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, log)
	}
	log.await(t, "daemon stopped")
}
