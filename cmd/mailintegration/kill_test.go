package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// installed is the program with its configuration and database. It runs as a process of its own, so that a test can kill it.
type installed struct {
	testing.TB
	config string
	rows   *pgxpool.Pool
}

const (
	killedService = `<MailIntegrationService>
  <Database>%s</Database>
  <DataDirectory>data</DataDirectory>
  <AttachmentDirectory>%s</AttachmentDirectory>
  <Login>daemon</Login> <Team>IT</Team>
  <MessagesPerSession>100</MessagesPerSession> <BatchMessages>20</BatchMessages>
</MailIntegrationService>`
	killedMailbox = `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> <SecureSocketOption>None</SecureSocketOption>
  <UserName>%s</UserName> <Password>%s</Password>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <MaxNewRequests>0</MaxNewRequests>
  <IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>
</MailIntegration>`
)

// install returns the program, configured for one mailbox.
func install(t testing.TB, port int, user, password string) *installed {
	t.Helper()
	dir, db := t.TempDir(), storetest.New(t)
	in := &installed{TB: t, config: filepath.Join(dir, "mailintegration.xml"), rows: db.Pool(t)}
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(in.config, fmt.Sprintf(killedService, db.URL, filepath.Join(dir, "attachments")))
	write(filepath.Join(dir, "mailboxes", "helpdesk.xml"), fmt.Sprintf(killedMailbox, port, user, password))
	for _, args := range [][]string{
		{"team", "add", "IT"}, {"user", "add", "daemon", "--name", "Daemon"}, {"user", "add", "unknown", "--name", "Unknown"},
	} {
		if out, err := in.command(args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return in
}

// patience is how long a program may take in a test. One that takes longer hangs, and only its own test fails.
const patience = 10 * time.Minute

// limited returns the command that runs a program for a limited time. A program in Go that hangs prints what it waits for.
func limited(t testing.TB, program string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // Go prints its goroutines
	cmd.WaitDelay = time.Minute                                              // then it is killed
	return cmd
}

// command returns the command that runs the program as a process of its own.
func (in *installed) command(args ...string) *exec.Cmd {
	cmd := limited(in, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "MAILINTEGRATION_CONFIG="+in.config)
	return cmd
}

// once runs the verb once and returns its output.
func (in *installed) once() string {
	in.Helper()
	out, err := in.command("once").CombinedOutput()
	if err != nil {
		in.Fatalf("once: %v\n%s", err, out)
	}
	if strings.Contains(string(out), ": not polled: ") {
		in.Fatalf("a poll was skipped:\n%s", out)
	}
	return string(out)
}

// endLeases lets the time pass until the leases of processes that were killed have run out. Before, it waits until the database server
// has ended their sessions: it still executes what it has got from them, and that may renew a lease, or record a message.
func (in *installed) endLeases() {
	in.Helper()
	storetest.Until(in, "the sessions of the dead processes have ended", func() bool {
		return in.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mailintegration'`) == 0
	})
	if _, err := in.rows.Exec(context.Background(), `UPDATE daemon SET alive_until = now() - interval '1 hour'`); err != nil {
		in.Fatal(err)
	}
}

func (in *installed) count(query string) (n int) {
	in.Helper()
	if err := in.rows.QueryRow(context.Background(), query).Scan(&n); err != nil {
		in.Fatal(err)
	}
	return n
}

// wantRecorded fails the test unless exactly n messages are recorded, each once: as an incident, or as an activity on one. An event is
// no message: the daemon opens one about a mailbox that it cannot poll for some time.
func (in *installed) wantRecorded(n int) {
	in.Helper()
	if got := in.count(`SELECT count(*) FROM receipt`); got != n {
		in.Errorf("%d receipts for %d messages", got, n)
	}
	if got := in.count(`SELECT (SELECT count(*) FROM request WHERE kind = 'incident') +
			(SELECT count(*) FROM activity JOIN request ON number = request_id WHERE kind = 'incident')`); got != n {
		in.Errorf("%d incidents and activities for %d messages", got, n)
	}
}

// TestNothingIsLostWhenTheProcessIsKilledAtAnyStep kills the process with SIGKILL when a command of a session arrives at the
// server, for each command of the session.
func TestNothingIsLostWhenTheProcessIsKilledAtAnyStep(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "secret")
	in := install(t, srv.Port(), "helpdesk", "secret")
	n := 0
	mail := func() {
		for range 2 {
			n++
			srv.Add("helpdesk", fmt.Appendf(nil, "Subject: Nr. %d\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", n, n))
		}
	}
	mail()
	in.once()
	steps := srv.Log()
	if !slices.Contains(steps, "DELE 2") {
		t.Fatalf("the session has no DELE 2: %q", steps)
	}
	for _, step := range steps {
		if strings.Contains(step, "***") {
			step, _, _ = strings.Cut(step, " ")
		}
		mail()
		in.killAt(srv, step)
		srv.Heal()
		idle(t, srv)
		in.once()
		in.wantRecorded(n)
		if left := srv.Count("helpdesk"); left != 0 {
			t.Errorf("%d messages are left", left)
		}
		if t.Failed() {
			t.Fatalf("killed at %q", step)
		}
	}
}

// killAt runs the verb once and kills it with SIGKILL when the server is about to execute a command.
func (in *installed) killAt(srv *pop3test.Server, step string) {
	in.Helper()
	arrived, killed := make(chan struct{}), make(chan struct{})
	srv.At(step).Times(1).Call(func() {
		close(arrived)
		<-killed
	})
	cmd := in.command("once")
	if err := cmd.Start(); err != nil {
		in.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	select {
	case <-arrived:
		cmd.Process.Kill()
		<-ended
		close(killed)
	case <-ended:
		in.Fatalf("the process has ended without %q", step)
	}
	in.endLeases()
}

// idle waits until the server has noticed the end of all sessions, and has released their maildrops.
func idle(t testing.TB, srv *pop3test.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), textPatience)
	defer cancel()
	if err := srv.Idle(ctx); err != nil {
		t.Fatal(err)
	}
}
