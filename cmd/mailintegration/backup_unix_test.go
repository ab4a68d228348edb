//go:build unix

package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// backedUp is an installation with its private PostgreSQL, of which a backup is made while mail arrives.
type backedUp struct {
	*installed
	base  string
	url   string // of the database, "" for a private PostgreSQL
	drops *pop3test.Server
}

const (
	backedUpService = `<MailIntegrationService>%s
  <DataDirectory>data</DataDirectory>
  <AttachmentDirectory>attachments</AttachmentDirectory>
  <Login>daemon</Login> <Team>IT</Team>
</MailIntegrationService>`
	backedUpMailbox = `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> <SecureSocketOption>None</SecureSocketOption>
  <UserName>helpdesk</UserName> <Password>%s</Password>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <Schedule>1s</Schedule>
  <LeaveOnServer>Days 14</LeaveOnServer>
  <IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>
</MailIntegration>`
)

func newBackedUp(t *testing.T) *backedUp { return newBackedUpIn(t, "") }

// newBackedUpIn returns an installation with the database at a URL, or with a private PostgreSQL for "".
func newBackedUpIn(t *testing.T, url string) *backedUp {
	t.Helper()
	base := storetest.Directory(t) // the account of PostgreSQL can reach it
	b := &backedUp{installed: &installed{TB: t, config: filepath.Join(base, "mailintegration.xml")}, base: base}
	b.drops = pop3test.Run(t, pop3test.Options{})
	b.useDatabase(url)
	b.must(os.Mkdir(b.path("mailboxes"), 0o755))
	mailbox := fmt.Sprintf(backedUpMailbox, b.drops.Port(), pop3test.DefaultPassword)
	b.must(os.WriteFile(b.path("mailboxes", "helpdesk.xml"), []byte(mailbox), 0o600))
	t.Cleanup(b.endPostgreSQL)
	b.verb("db", "migrate")
	b.verb("team", "add", "IT")
	b.verb("user", "add", "daemon", "--name", "Daemon")
	b.verb("user", "add", "unknown", "--name", "Unknown")
	return b
}

// useDatabase writes the service file, for the database at a URL, or for a private PostgreSQL for "".
func (b *backedUp) useDatabase(url string) {
	b.Helper()
	tag := ""
	if url != "" {
		tag = "<Database>" + html.EscapeString(url) + "</Database>"
	}
	b.url = url
	b.must(os.WriteFile(b.config, fmt.Appendf(nil, backedUpService, tag), 0o600))
}

func (b *backedUp) path(names ...string) string {
	return filepath.Join(append([]string{b.base}, names...)...)
}

func (b *backedUp) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// verb runs a verb that must succeed, and returns what it prints to standard output.
func (b *backedUp) verb(args ...string) string {
	b.Helper()
	var stderr strings.Builder
	cmd := b.command(args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v: %v\n%s%s", args, err, out, stderr.String())
	}
	return string(out)
}

// query runs a query and returns its lines.
func (b *backedUp) query(sql string) []string {
	b.Helper()
	if b.url == "" {
		return strings.Fields(b.verb("db", "exec", "psql", "--no-psqlrc", "-At", "-c", sql))
	}
	out, err := limited(b, "psql", "--no-psqlrc", "-At", "-d", b.url, "-c", sql).Output()
	b.must(err)
	return strings.Fields(string(out))
}

// copy copies a directory with the owners and modes of its files.
func (b *backedUp) copy(from, to string) {
	b.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// mail delivers messages, each with an attachment of its own.
func (b *backedUp) mail(numbers ...int) {
	for _, n := range numbers {
		b.drops.Add("helpdesk", withFile(n, n))
	}
}

// withFile returns the n-th message, with an attachment whose content depends on file.
func withFile(n, file int) []byte {
	return fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: Letter-%d\r\nMessage-ID: <letter-%d@acme.example>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the list.\r\n--b\r\n"+
		"Content-Disposition: attachment; filename=list.txt\r\n\r\n%s\r\n--b--\r\n", n, n, strings.Repeat(fmt.Sprintf("item %d\r\n", file), 300))
}

// numbers returns the number of each subject.
func (b *backedUp) numbers() map[string]string {
	b.Helper()
	numbers := map[string]string{}
	for _, line := range b.query(`SELECT subject || '=' || number FROM request`) {
		subject, number, _ := strings.Cut(line, "=")
		if numbers[subject] != "" {
			b.Errorf("%s is recorded twice: as %s and %s", subject, numbers[subject], number)
		}
		numbers[subject] = number
	}
	return numbers
}

// endPostgreSQL kills the private PostgreSQL, if it runs.
func (b *backedUp) endPostgreSQL() {
	text, err := os.ReadFile(b.path("data", "postgres", "cluster", "postmaster.pid"))
	if err != nil {
		return
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err == nil && pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestABackupByHandRestoresEveryMessageOnce plays README's "Backup and restore" with other tools: mail arrives before, during and after the backup, the
// machine dies, and what was recorded since the backup comes back from the mailbox.
func TestABackupByHandRestoresEveryMessageOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		attachments string // which directory is there after the restore
		missing     bool   // some attachments are lost
	}{
		{"as the README says: the database first, then the attachments", "after", false},
		{"with the attachment directory as it was at the end", "survived", false},
		{"with attachments that were copied before the database", "before", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBackedUp(t)
			b.mail(1, 2)
			b.once()
			b.copy(b.path("attachments"), b.path("before"))
			before := b.runUntilTheMachineDies(func() {
				b.must(os.WriteFile(b.path("mail.dump"), []byte(b.verb("db", "exec", "pg_dump", "-Fc")), 0o600))
				b.copy(b.path("attachments"), b.path("after"))
			})
			b.restore(tt.attachments)
			b.wantRestored(before)
			b.wantFiles(tt.missing)
			b.sendAgain(tt.missing)
		})
	}
}

// runUntilTheMachineDies runs the daemon, makes a backup beside it, and kills everything. It returns the numbers that requests had.
func (b *backedUp) runUntilTheMachineDies(backup func()) map[string]string {
	b.Helper()
	log := &followed{}
	daemon := begin(b, b.command("run"), log)
	accepted := func(n int) {
		for range n {
			log.await(b, "message accepted")
		}
	}
	b.mail(3, 4)
	accepted(2)
	b.mail(5) // while the backup is made
	backup()
	b.mail(6, 7)
	accepted(3)
	numbers := b.numbers()
	if len(numbers) != 7 {
		b.Errorf("before the end: %v", numbers)
	}
	b.must(daemon.Process.Kill())
	b.endPostgreSQL()
	_ = daemon.Wait() // it was killed
	idle(b, b.drops)
	return numbers
}

// restore restores the backup on an empty machine, with one of the attachment directories.
func (b *backedUp) restore(attachments string) {
	b.Helper()
	storetest.Until(b, "PostgreSQL is gone with its files", func() bool { return os.RemoveAll(b.path("data")) == nil })
	if attachments != "survived" {
		b.must(os.RemoveAll(b.path("attachments")))
		b.copy(b.path(attachments), b.path("attachments"))
	}
	b.verb("db", "migrate")
	b.load()
	b.verb("db", "first-number", "1000")
	b.verb("attachments", "adopt")
	b.query(`UPDATE daemon SET alive_until = now() - interval '1 hour'`) // the time after which the leases have run out
	b.once()
}

// load restores the database from the dump on standard input.
func (b *backedUp) load() {
	b.Helper()
	dump, err := os.Open(b.path("mail.dump"))
	b.must(err)
	defer dump.Close()
	cmd := b.command("db", "exec", "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", "-d", "mailintegration")
	cmd.Stdin = dump
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// wantRestored fails the test unless each message is recorded once, and no number has another request than before.
func (b *backedUp) wantRestored(before map[string]string) {
	b.Helper()
	after := b.numbers()
	if len(after) != 7 {
		b.Errorf("after the restore: %v", after)
	}
	for _, subject := range []string{"Letter-1", "Letter-2", "Letter-3", "Letter-4"} {
		if after[subject] != before[subject] {
			b.Errorf("%s was %s, and is %s", subject, before[subject], after[subject])
		}
	}
	for subject, number := range after {
		if number != before[subject] && len(number) < len("1000") {
			b.Errorf("%s has number %s, which another request had", subject, number)
		}
	}
	if out := b.once(); !strings.Contains(out, " 0 opened, 0 added") {
		b.Errorf("the next poll records again: %s", out)
	}
}

// wantFiles fails the test unless check finds the files of the attachments, or misses some.
func (b *backedUp) wantFiles(missing bool) {
	b.Helper()
	out, err := b.command("check").CombinedOutput()
	if isMissing := strings.Contains(string(out), "missing"); isMissing != missing || (err != nil) != missing {
		b.Errorf("check: %v\n%s", err, out)
	}
}

// sendAgain sends a new message with the attachment of an old one, whose file may be missing: it is there now.
func (b *backedUp) sendAgain(missing bool) {
	b.Helper()
	files := func() int {
		n := 0
		b.must(filepath.WalkDir(b.path("attachments"), func(_ string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				n++
			}
			return err
		}))
		return n
	}
	was := files()
	b.drops.Add("helpdesk", withFile(8, 4))
	b.once()
	more := 1 // the message itself
	if missing {
		more = 2
	}
	if n := files() - was; n != more {
		b.Errorf("%d files more, want %d", n, more)
	}
}
