package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// plug is one thing that goes wrong in an installation, and is repaired.
type plug struct {
	name      string
	takesLong bool // only make outages pulls it
	pull      func(t *testing.T)
}

var plugs = []plug{
	{"the mail server is stopped", false, stopDovecot},
	{"a server of 20 mailboxes is stopped", true, stopDovecotOfMany},
	{"a password was changed on the server", true, changePassword},
	{"the server's certificate was replaced by one of another authority", true, replaceCertificate},
	{"the server's certificate is near its end", false, nearEndOfCertificate},
	{"the attachment directory is read-only", true, attachmentsReadOnly},
	{"the attachment directory is not mounted", true, attachmentsUnmounted},
	{"the attachment directory is full", true, attachmentsFull},
	{"PostgreSQL stands still and is killed", true, stopPostgreSQL},
	{"a mailbox file is broken", true, breakMailboxFile},
	{"the service file is broken", true, breakServiceFile},
	{"a message cannot be recorded", false, poison},
	{"a sender is in a loop", false, loop},
}

// month is the time for which the certificates of the tests are valid: long enough for no warning.
const month = 30 * 24 * time.Hour

// letter returns a message with an attachment.
func letter(n int, more string) []byte {
	return fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: Letter %d\r\nMessage-ID: <letter-%d@acme.example>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=b\r\n%s\r\n--b\r\n\r\nSee the list.\r\n--b\r\n"+
		"Content-Disposition: attachment; filename=list%d.txt\r\n\r\n%s\r\n--b--\r\n", n, n, more, n, strings.Repeat("item\r\n", 1000+n))
}

// reading returns an installation with a mailbox on a Dovecot, whose daemon has recorded one message.
func reading(t *testing.T) (*outage, *dovecottest.Server) {
	t.Helper()
	o, srv := newOutage(t, newDatabase(t)), dovecottest.Start(t, dovecottest.Options{Users: map[string]string{"helpdesk": "secret-of-helpdesk"}})
	o.mailbox("helpdesk", srv.Port, "secret-of-helpdesk", "")
	srv.Deliver("helpdesk", letter(1, ""))
	o.start()
	o.recorded(1)
	return o, srv
}

func stopDovecot(t *testing.T) {
	o, srv := reading(t)
	srv.Stop()
	srv.Deliver("helpdesk", letter(2, ""))
	event := o.opened("unreachable")
	o.lasts(event, 5*time.Minute)
	srv.Restart()
	o.closed(event)
	o.recorded(2)
	o.wantText(event, "helpdesk", fmt.Sprintf("127.0.0.1:%d", srv.Port), "What to do", "helpdesk.xml")
	o.wantEvents(event)
}

func stopDovecotOfMany(t *testing.T) {
	const many = 20
	o, users := newOutage(t, newDatabase(t)), map[string]string{}
	for i := range many {
		users[fmt.Sprintf("box%02d", i)] = "secret-of-box"
	}
	srv := dovecottest.Start(t, dovecottest.Options{Users: users})
	for name := range users {
		o.mailbox(name, srv.Port, "secret-of-box", "")
		srv.Deliver(name, letter(1, "X-For: "+name+"\r\n"))
	}
	o.start()
	o.recorded(many)
	srv.Stop()
	event := o.opened("unreachable")
	o.lasts(event, 5*time.Minute)
	o.lasts(event, 10*time.Minute)
	srv.Restart()
	o.closed(event)
	o.wantText(event, "box00", "box19")
	o.wantEvents(event)
}

func changePassword(t *testing.T) {
	o, srv := reading(t)
	srv.SetPasswords(map[string]string{"helpdesk": "secret-of-tomorrow"})
	srv.Deliver("helpdesk", letter(2, ""))
	event := o.opened("login")
	o.lasts(event, 5*time.Minute)
	o.mailbox("helpdesk", srv.Port, "secret-of-tomorrow", "")
	o.closed(event)
	o.recorded(2)
	o.wantText(event, "helpdesk", "Password", "What to do", "helpdesk.xml")
	o.wantEvents(event)
}

// readingOverTLS returns an installation with a mailbox on a Dovecot with TLS, whose daemon has recorded one message.
func readingOverTLS(t *testing.T, certificate pop3test.Certificate) (*outage, *dovecottest.Server) {
	t.Helper()
	o, srv := newOutage(t, newDatabase(t)), dovecottest.Start(t, dovecottest.Options{Certificate: certificate})
	srv.WriteRoots(t, filepath.Join(o.dir, "ca.pem"))
	o.mailbox("helpdesk", srv.TLSPort, dovecottest.DefaultPassword,
		"<SecureSocketOption>SslOnConnect</SecureSocketOption>\n  <TrustedCertificate>../ca.pem</TrustedCertificate>")
	srv.Deliver("helpdesk", letter(1, ""))
	o.start()
	o.recorded(1)
	return o, srv
}

func replaceCertificate(t *testing.T) {
	o, srv := readingOverTLS(t, pop3test.Certificate{NotAfter: month})
	srv.Certify(pop3test.Certificate{NotAfter: month})
	srv.Restart()
	srv.Deliver("helpdesk", letter(2, ""))
	event := o.opened("certificate")
	o.lasts(event, 5*time.Minute)
	srv.WriteRoots(t, filepath.Join(o.dir, "ca.pem"))
	o.closed(event)
	o.recorded(2)
	o.wantText(event, "helpdesk", "TrustedCertificate", "What to do")
	o.wantEvents(event)
}

func nearEndOfCertificate(t *testing.T) {
	o, srv := readingOverTLS(t, pop3test.Certificate{NotAfter: 10 * 24 * time.Hour})
	event := o.opened("certificate")
	srv.Deliver("helpdesk", letter(2, ""))
	o.recorded(2)
	o.paused(func() { // meanwhile the old certificate would be trouble of its own, and so would be the server that is down
		srv.Certify(pop3test.Certificate{NotAfter: month})
		srv.WriteRoots(t, filepath.Join(o.dir, "ca.pem"))
		srv.Restart()
	})
	o.closed(event)
	o.wantText(event, "helpdesk", "What to do")
	o.wantEvents(event)
}

// onShare returns an installation whose attachment directory is a file system of its own, in a mount namespace of the daemon's,
// and a function that runs a shell command in that directory there. Both need root, or user namespaces.
func onShare(t *testing.T) (o *outage, srv *dovecottest.Server, inside func(script string)) {
	t.Helper()
	o = newOutage(t, newDatabase(t))
	srv = dovecottest.Start(t, dovecottest.Options{Users: map[string]string{"helpdesk": "secret-of-helpdesk"}})
	o.mailbox("helpdesk", srv.Port, "secret-of-helpdesk", "<IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>")
	share := filepath.Join(o.dir, "attachments")
	// The mark moves to the share, so that the directory below the mount point is as empty as a real one.
	mount := fmt.Sprintf("cd %q && mark=$(cat .mailintegration-database) && rm .mailintegration-database && mount -t tmpfs -o size=1m none . && "+
		"cd %q && echo \"$mark\" >.mailintegration-database && cd / && exec \"$@\"", share, share)
	flags, enter := []string{"--mount"}, []string{"--mount"}
	if os.Getuid() != 0 {
		flags, enter = append(flags, "--map-root-user"), append(enter, "--user", "--preserve-credentials")
	}
	if out, err := limited(t, "unshare", append(flags, "mount", "-t", "tmpfs", "none", o.dir)...).CombinedOutput(); err != nil {
		t.Fatalf("THIS TEST NEEDS ROOT, or user namespaces, to mount a file system: %v\n%s", err, out)
	}
	command := limited(t, "unshare", append(flags, "sh", "-c", mount, "sh", os.Args[0], "run")...)
	command.Env = o.command().Env
	srv.Deliver("helpdesk", letter(1, ""))
	o.startAs(command)
	o.recorded(1)
	return o, srv, func(script string) {
		t.Helper()
		args := append([]string{"--target", strconv.Itoa(o.daemon.Process.Pid)}, append(enter, "sh", "-c", "cd "+share+" && "+script)...)
		if out, err := limited(t, "nsenter", args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
}

func attachmentsReadOnly(t *testing.T) {
	o, srv, inside := onShare(t)
	inside("mount -o remount,ro .")
	o.directoryTrouble(srv, func() { inside("mount -o remount,rw .") })
}

func attachmentsFull(t *testing.T) {
	o, srv, inside := onShare(t)
	inside("cat /dev/zero >filler 2>/dev/null || true")
	o.directoryTrouble(srv, func() { inside("rm filler") })
}

func attachmentsUnmounted(t *testing.T) {
	o, srv, inside := onShare(t)
	inside("mark=$(cat .mailintegration-database) && cd / && umount " + filepath.Join(o.dir, "attachments") +
		" && echo \"$mark\" >" + filepath.Join(o.dir, "mark"))
	o.directoryTrouble(srv, func() {
		inside("mount -t tmpfs -o size=1m none . && cd " + filepath.Join(o.dir, "attachments") + " && cp ../mark .mailintegration-database")
	})
}

// directoryTrouble delivers a message while the attachment directory cannot be used, and waits for the event and its end.
func (o *outage) directoryTrouble(srv *dovecottest.Server, repair func()) {
	o.Helper()
	srv.Deliver("helpdesk", letter(2, ""))
	event := o.opened("attachment_directory")
	o.lasts(event, 5*time.Minute)
	if n := srv.Count("helpdesk"); n != 1 {
		o.Errorf("%d messages are in the mailbox, want the one that cannot be recorded", n)
	}
	repair()
	o.closed(event)
	o.recorded(2)
	o.wantText(event, filepath.Join(o.dir, "attachments"), "What to do")
	o.wantEvents(event)
}

// stopPostgreSQL stops all processes of PostgreSQL with SIGSTOP, as a host that is paused does, until the daemon has noticed, and
// then kills them. The server starts again by itself.
func stopPostgreSQL(t *testing.T) {
	dir, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	server, err := postgres.Start(t.Context(), postgres.Options{DataDirectory: filepath.Join(dir, "data"), Disposable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Log(err)
		}
	})
	if _, err := store.Migrate(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	o, srv := newOutage(t, server.URL()), dovecottest.Start(t, dovecottest.Options{})
	o.mailbox("helpdesk", srv.Port, dovecottest.DefaultPassword, "")
	srv.Deliver("helpdesk", letter(1, ""))
	o.start()
	o.recorded(1)
	processes := postgresProcesses(t, filepath.Join(dir, "data"))
	signalAll(processes, syscall.SIGSTOP)
	srv.Deliver("helpdesk", letter(2, ""))
	o.log.await(t, `"msg":"database outage"`)
	signalAll(processes, syscall.SIGKILL)
	o.recorded(2)
	event := o.opened("database")
	o.closed(event)
	o.wantText(event, "What to do")
	o.wantEvents(event)
}

// postgresProcesses returns the server's process and its children.
func postgresProcesses(t *testing.T, data string) (all []int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "*", "postmaster.pid"))
	if own := filepath.Join(data, "postmaster.pid"); err == nil && len(files) == 0 {
		files = []string{own}
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	postmaster, err := strconv.Atoi(string(first))
	if err != nil {
		t.Fatal(err)
	}
	children, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(postmaster)).Output()
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, postmaster)
	for field := range strings.FieldsSeq(string(children)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

func signalAll(processes []int, signal syscall.Signal) {
	for _, pid := range processes {
		_ = syscall.Kill(pid, signal) // a backend may have ended
	}
}

func breakMailboxFile(t *testing.T) {
	o, srv := reading(t)
	o.mailbox("sales", srv.Port, "secret-of-sales", "<Colour>blue</Colour>")
	event := o.opened("configuration")
	srv.Deliver("helpdesk", letter(2, "")) // the other mailbox is polled
	o.recorded(2)
	o.lasts(event, 5*time.Minute)
	srv.SetPasswords(map[string]string{"helpdesk": "secret-of-helpdesk", "sales": "secret-of-sales"})
	o.mailbox("sales", srv.Port, "secret-of-sales", "")
	o.closed(event)
	o.wantText(event, "sales.xml", "Colour", "What to do")
	o.wantEvents(event)
}

func breakServiceFile(t *testing.T) {
	o, srv := reading(t)
	database := o.rows.Config().ConnString()
	o.service("<BatchMessages>many</BatchMessages>", database)
	event := o.opened("configuration")
	srv.Deliver("helpdesk", letter(2, "")) // what runs goes on
	o.recorded(2)
	out, err := o.command("run").CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 3 || !strings.Contains(string(out), "BatchMessages") {
		t.Errorf("another daemon: %v\n%s", err, out)
	}
	o.service("<BatchMessages>20</BatchMessages>", database)
	o.closed(event)
	o.wantText(event, "mailintegration.xml", "BatchMessages", "What to do")
	o.wantEvents(event)
}

// poison sends requests for a service that nobody has entered yet.
func poison(t *testing.T) {
	o, srv := newOutage(t, newDatabase(t)), dovecottest.Start(t, dovecottest.Options{})
	o.mailbox("orders", srv.Port, dovecottest.DefaultPassword,
		"<MessageProcessorTypeName>EndUserNewSRMailMessageProcessor</MessageProcessorTypeName><NewSRBodyEnclosingToken>CreateSR</NewSRBodyEnclosingToken>")
	order := func(n int, kind string) {
		srv.Deliver("orders", fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: Order %d\r\nMessage-ID: <order-%d@acme.example>\r\n\r\n"+
			"[CreateSR]\r\nType: %s\r\n[/CreateSR]\r\n", n, n, kind))
	}
	o.verb("request-type", "add", "Phone")
	order(1, "Laptop")
	o.start()
	event := o.opened("message")
	order(2, "Phone")
	order(3, "Laptop")
	o.recorded(3)
	o.wantEvents(event)
	o.verb("request-type", "add", "Laptop")
	o.verb("setaside", "replay", "--all")
	o.closed(event)
	o.wantText(event, "Laptop", "What to do", store.RawName)
	if n := o.count(`SELECT count(*) FROM request WHERE kind = 'service_request'`); n != 3 {
		t.Errorf("%d service requests, want 3", n)
	}
}

func loop(t *testing.T) {
	o, srv := newOutage(t, newDatabase(t)), dovecottest.Start(t, dovecottest.Options{})
	o.mailbox("helpdesk", srv.Port, dovecottest.DefaultPassword, "<MaxNewRequests>5 in 10min</MaxNewRequests>")
	for i := range 20 {
		srv.Deliver("helpdesk", fmt.Appendf(nil, "From: robot@acme.example\r\nSubject: Out of office %d\r\n\r\nI am away.\r\n", i))
	}
	o.start()
	o.recorded(20)
	event := o.opened("loop")
	if n := o.count(`SELECT count(*) FROM request WHERE kind = 'incident'`); n != 5 {
		t.Errorf("%d incidents, want 5", n)
	}
	o.pass(time.Hour)
	o.closed(event)
	o.wantText(event, "robot@acme.example", "What to do", "MaxNewRequests", store.RawName)
	o.wantEvents(event)
}
