//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// TestSIGHUPReadsTheConfigurationAgain sends SIGHUP to a daemon with a private PostgreSQL. Without the program's care, the
// signal would end the process at once and leave its PostgreSQL running.
func TestSIGHUPReadsTheConfigurationAgain(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "sighup-") // a server that runs as another user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	srv := pop3test.Run(t, pop3test.Options{})
	write := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	in := &installed{TB: t, config: filepath.Join(dir, "mailintegration.xml")}
	write("mailintegration.xml",
		"<MailIntegrationService><DataDirectory>data</DataDirectory><Login>daemon</Login><Team>IT</Team></MailIntegrationService>")
	write("mailboxes/helpdesk.xml", fmt.Sprintf(killedMailbox, srv.Port(), "helpdesk", "secret-of-helpdesk"))

	log := &followed{}
	daemon := begin(t, in.command("run"), log)
	log.await(t, "private postgresql started")
	write("mailboxes/sales.xml", fmt.Sprintf(killedMailbox, srv.Port(), "sales", "secret-of-sales"))
	if err := daemon.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	log.await(t, `"msg":"mailbox added","mailbox":"sales"`)
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, log)
	}
	if pid, err := os.ReadFile(filepath.Join(dir, "data", "postgres", "cluster", "postmaster.pid")); err == nil {
		t.Errorf("the private PostgreSQL still runs:\n%s", pid)
	}
	if strings.Contains(log.String(), "secret-of") {
		t.Errorf("the log has a secret:\n%s", log)
	}
}

// TestADaemonMakesAnInstallationThatItsPostgreSQLCanEnter starts the daemon as the first program, with a log and a umask that are in
// the way of the account that PostgreSQL runs as below root.
func TestADaemonMakesAnInstallationThatItsPostgreSQLCanEnter(t *testing.T) {
	t.Parallel()
	dir := storetest.Directory(t)
	in := &installed{TB: t, config: filepath.Join(dir, "mailintegration.xml")}
	service := "<MailIntegrationService><DataDirectory>new/data</DataDirectory><LogDirectory>new/data/log</LogDirectory>" +
		"<Login>daemon</Login><Team>IT</Team></MailIntegrationService>"
	if err := os.WriteFile(in.config, []byte(service), 0o600); err != nil {
		t.Fatal(err)
	}
	run := limited(t, "sh", "-c", `umask 077 && exec "$@"`, "sh", os.Args[0], "run")
	run.Env = in.command().Env
	log := &followed{}
	daemon := begin(t, run, log)
	log.await(t, "private postgresql started")
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, log)
	}
	for _, closed := range []string{"new/data/spool", "new/data/log"} {
		if info, err := os.Stat(filepath.Join(dir, closed)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", closed, info, err)
		}
	}
}
