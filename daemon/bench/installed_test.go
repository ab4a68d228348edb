//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/store/postgres"
)

const (
	binaryVariable   = "BENCH_BINARY"   // names the built program
	settingsVariable = "BENCH_SETTINGS" // more tags for the service file, to measure their effect
)

const (
	serviceFile = `<MailIntegrationService>
  <Database>%s</Database>
  <AttachmentDirectory>%s</AttachmentDirectory>
  <Login>daemon</Login> <Team>IT</Team>
  %s
</MailIntegrationService>`
	mailboxFile = `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> <SecureSocketOption>None</SecureSocketOption>
  <UserName>%s</UserName> <Password>%s</Password>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <MaxNewRequests>0</MaxNewRequests>
</MailIntegration>`
)

// installed is the built program with its configuration, and a PostgreSQL with its default durability on the disk.
type installed struct {
	binary string
	dir    string
	server *postgres.Server
	rows   *pgx.Conn
}

// install starts PostgreSQL and prepares the database with the program's own verbs.
func install(t *testing.T) *installed {
	t.Helper()
	in := &installed{binary: os.Getenv(binaryVariable)}
	if _, err := os.Stat(in.binary); err != nil {
		t.Fatalf("%s does not name the built program (make bench does): %v", binaryVariable, err)
	}
	var err error
	if in.dir, err = os.MkdirTemp("", "bench-"); err != nil { // the server's user can reach it, other than t.TempDir
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(in.dir) })
	if err := clearAfterUs(in.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(in.dir, 0o711); err != nil {
		t.Fatal(err)
	}
	in.server, err = postgres.Start(t.Context(), postgres.Options{DataDirectory: filepath.Join(in.dir, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.server.Stop(context.Background()) })
	url := strings.ReplaceAll(in.server.URL(), "&", "&amp;")
	in.configure(t, fmt.Sprintf(serviceFile, url, filepath.Join(in.dir, "attachments"), os.Getenv(settingsVariable)),
		"mailintegration.xml")
	for _, args := range [][]string{
		{"db", "migrate"}, {"team", "add", "IT"}, {"user", "add", "daemon", "--name", "Daemon"}, {"user", "add", "unknown", "--name", "Unknown"},
	} {
		cmd := exec.Command(in.binary, args...)
		cmd.Env = append(os.Environ(), in.environment())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	if in.rows, err = pgx.Connect(t.Context(), in.server.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.rows.Close(context.Background()) })
	in.describe(t)
	return in
}

// clearAfterUs starts a shell that reads from a pipe of which only this process holds the other end. When this process
// ends without its clean-up, as after an interrupt, the shell stops PostgreSQL and removes the directory.
func clearAfterUs(dir string) error {
	const script = `cat >/dev/null; while kill -QUIT "$(head -n 1 "$1/postgres/cluster/postmaster.pid" 2>/dev/null)" 2>/dev/null; do
		sleep 0.2; done; rm -rf -- "$1"`
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "clear", dir)
	cmd.Stdin = read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C ends the benchmark, not the shell
	held = append(held, write)
	return cmd.Start()
}

// held keeps the pipes open while the process lives: the garbage collector would close them.
var held []*os.File

// describe prints the settings that the figures depend on.
func (in *installed) describe(t *testing.T) {
	t.Helper()
	var version, fsync, commit string
	err := in.rows.QueryRow(t.Context(), `SELECT current_setting('server_version'), current_setting('fsync'),
		current_setting('synchronous_commit')`).Scan(&version, &fsync, &commit)
	if err != nil || fsync != "on" || commit != "on" {
		t.Fatalf("fsync is %s and synchronous_commit %s, not on: %v", fsync, commit, err)
	}
	fmt.Printf("PostgreSQL %s, fsync %s, synchronous_commit %s\n", version, fsync, commit)
}

func (in *installed) environment() string {
	return "MAILINTEGRATION_CONFIG=" + filepath.Join(in.dir, "mailintegration.xml")
}

// configure writes one file of the configuration.
func (in *installed) configure(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(append([]string{in.dir}, path...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// once measures the program polling one mailbox once, and checks that every message is recorded.
func (in *installed) once(t *testing.T, user string, port, messages int) run {
	t.Helper()
	in.configure(t, fmt.Sprintf(mailboxFile, port, user, dovecottest.DefaultPassword), "mailboxes", "mailbox.xml")
	before, receipts := treeCPU(in.server.PID()), in.receipts(t)
	u, printed := measure(t, []string{in.environment()}, in.binary, "once")
	r := run{usage: u, PostgreSQL: treeCPU(in.server.PID()) - before}
	if got := in.receipts(t) - receipts; got != messages {
		t.Fatalf("%d of %d mails were recorded: %s", got, messages, printed)
	}
	return r
}

func (in *installed) receipts(t *testing.T) (n int) {
	t.Helper()
	if err := in.rows.QueryRow(t.Context(), `SELECT count(*) FROM receipt`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
