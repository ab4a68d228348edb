//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// requireRoot skips a test that must run as root; in CI it fails the test instead.
func requireRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("this test plays root and another account: let CI run it as root")
	default:
		t.Skip("this test plays root and another account: run it as root")
	}
}

// twoAccounts is an installation that root runs on another account's data directory. The account may plant files there;
// root's own files lie beside it.
type twoAccounts struct {
	*testing.T
	uid, gid int // the account
	srv      *pop3test.Server

	base   string // the directory of everything
	data   string // DataDirectory, the account's
	roots  string // a directory that only root may enter
	secret string // a file in roots
	cwd    string // the account's directory from which root runs the verbs
}

const (
	secretText = "root:$y$j9T$SecretOfRoot:20000:0:99999:7:::\n"

	rootService = `<MailIntegrationService>
  <DataDirectory>%s</DataDirectory>
  <Login>daemon</Login> <Team>IT</Team>
</MailIntegrationService>`
	tokenMailbox = `<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>127.0.0.1</ServerName> <Port>%d</Port> <SecureSocketOption>None</SecureSocketOption>
  <UserName>azure@acme.example</UserName> <Authentication>Azure</Authentication>
  <AuthorityURL>http://127.0.0.1:%d</AuthorityURL> <TenantId>good</TenantId> <ClientId>11111111-2222-3333-4444-555555555555</ClientId>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
</MailIntegration>`
)

// newTwoAccounts makes the directories, and the configuration, which belongs to root.
func newTwoAccounts(t *testing.T) *twoAccounts {
	t.Helper()
	requireRoot(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	a := &twoAccounts{T: t, srv: pop3test.Run(t, pop3test.Options{}), base: storetest.Directory(t)}
	a.uid, _ = strconv.Atoi(nobody.Uid)
	a.gid, _ = strconv.Atoi(nobody.Gid)
	a.data, a.roots, a.cwd = filepath.Join(a.base, "data"), filepath.Join(a.base, "root"), filepath.Join(a.base, "cwd")
	a.secret = filepath.Join(a.roots, "shadow")
	a.srv.SetPassword("helpdesk", "secret")
	for path, mode := range map[string]os.FileMode{a.roots: 0o700, a.data: 0o755, a.cwd: 0o755} {
		a.must(os.Mkdir(path, mode))
	}
	a.write(a.secret, secretText, 0o600)
	a.write(a.config(), fmt.Sprintf(rootService, a.data), 0o600)
	a.must(os.Mkdir(filepath.Join(a.roots, "mailboxes"), 0o700))
	a.write(filepath.Join(a.roots, "mailboxes", "helpdesk.xml"), fmt.Sprintf(killedMailbox, a.srv.Port(), "helpdesk", "secret"), 0o600)
	a.give(a.data)
	a.give(a.cwd)
	return a
}

func (a *twoAccounts) config() string { return filepath.Join(a.roots, "mailintegration.xml") }

func (a *twoAccounts) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func (a *twoAccounts) write(path, text string, mode os.FileMode) {
	a.Helper()
	a.must(os.WriteFile(path, []byte(text), mode))
}

// give gives a file to the account.
func (a *twoAccounts) give(path string) {
	a.Helper()
	a.must(os.Lchown(path, a.uid, a.gid))
}

// plant runs a script as the account.
func (a *twoAccounts) plant(script string, args ...string) {
	a.Helper()
	cmd := limited(a, "/bin/sh", append([]string{"-euc", script, "plant"}, args...)...)
	cmd.Dir = a.data
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}}
	if out, err := cmd.CombinedOutput(); err != nil {
		a.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// verb runs the program as root and returns its output.
func (a *twoAccounts) verb(line string) (string, error) {
	cmd := limited(a, os.Args[0], strings.Fields(line)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "MAILINTEGRATION_CONFIG="+a.config())
	cmd.Dir = a.cwd
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustRun runs verbs that must succeed.
func (a *twoAccounts) mustRun(lines ...string) {
	a.Helper()
	for _, line := range lines {
		if out, err := a.verb(line); err != nil {
			a.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

// fill makes the database, the team and the users, as root.
func (a *twoAccounts) fill() {
	a.Helper()
	a.mustRun("team add IT", "user add daemon --name Daemon", "user add unknown --name Unknown")
}

// mail puts a message into the mailbox.
func (a *twoAccounts) mail(n int) {
	a.srv.Add("helpdesk", fmt.Appendf(nil, "Subject: Nr. %d\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", n, n))
}

// everything returns the entries below a directory: links with their targets, files with their content.
func (a *twoAccounts) everything(dir string) map[string]string {
	a.Helper()
	all := map[string]string{}
	a.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.Type().IsRegular():
			text, err := os.ReadFile(path)
			all[path] = string(text)
			return err
		case d.Type()&fs.ModeSymlink != 0:
			all[path], err = os.Readlink(path)
			return err
		}
		all[path] = d.Type().String()
		return nil
	}))
	return all
}

// wantNothingOfAnother fails the test for each file below a directory that does not belong to the account.
func (a *twoAccounts) wantNothingOfAnother(dir string) {
	a.Helper()
	for _, path := range slices.Sorted(maps.Keys(a.everything(dir))) {
		info, err := os.Lstat(path)
		a.must(err)
		if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != a.uid || int(st.Gid) != a.gid {
			a.Errorf("%s belongs to %d:%d, not to the account", path, st.Uid, st.Gid)
		}
	}
}

func TestRootLeavesOnlyFilesOfTheAccountThatOwnsTheDataDirectory(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	a.fill()
	a.mail(1)
	a.mail(2)
	message := filepath.Join(a.roots, "message.eml")
	a.write(message, "Subject: from a file of root's\r\n\r\nHelp!\r\n", 0o600)
	people := filepath.Join(a.roots, "people.csv")
	a.write(people, "logon,name,addresses,site\nann,Ann Lee,ann.lee@example.com,\n", 0o600)
	a.mustRun("once", "check", "user import "+people, "explain "+message, "replay --mailbox helpdesk "+message,
		"request list", "mailbox list", "db status", "db migrate")
	if out, err := a.verb("request list"); err != nil || !strings.Contains(out, "from a file of root's") {
		t.Errorf("%v\n%s", err, out)
	}
	a.wantNothingOfAnother(a.data)
	if left := a.srv.Count("helpdesk"); left != 0 {
		t.Errorf("%d messages are left in the mailbox", left)
	}
	if attached, err := filepath.Glob(filepath.Join(a.data, "attachments", "*", "*")); err != nil || len(attached) == 0 {
		t.Errorf("no attachment was written (%v): the test proves nothing", err)
	}
}

func TestRootIsToldWhatKeepsTheDaemonFromItsFiles(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	a.fill()
	if out, err := a.verb("check"); err != nil || !strings.Contains(out, "the account nobody, which runs the daemon, cannot read "+a.config()) {
		t.Errorf("%v\n%s", err, out)
	}
	password := filepath.Join(a.base, "password")
	a.write(password, "secret\n", 0o600)
	a.srv.SetPassword("events", "secret")
	set := fmt.Sprintf("config new --opens event --server 127.0.0.1:%d --user-name events --password-file %s", a.srv.Port(), password)
	out, err := a.verb(set)
	if err == nil || !strings.Contains(out, "nothing was written: the account nobody, which runs the daemon, cannot pass through "+a.roots+"; run chgrp ") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, folder := range []string{"mailboxes/events.xml", "secrets"} {
		if _, err := os.Stat(filepath.Join(a.roots, folder)); err == nil {
			t.Errorf("%s was written", folder)
		}
	}

	a.must(os.Chown(a.roots, 0, a.gid))
	a.must(os.Chmod(a.roots, 0o750))
	a.mustRun(set)
	a.plant(`cat "$1"/mailboxes/events.xml "$1"/secrets/events`, a.roots)
	if out, err := a.verb("check"); err != nil || strings.Contains(out, "events.xml: give it") || strings.Contains(out, "secrets") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRootRunsTheDemoAsTheOwnerOfTheDirectory(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	a.plant(`ln -s "$1" mailintegration.xml.not`, a.secret)
	a.mustRun("demo --exit --directory " + filepath.Join(a.data, "demo"))
	a.wantNothingOfAnother(a.data)
}

// TestRootIsNotLedOutOfADataDirectory plants files in the directory that would lead root to read or write outside, and has
// root run the verbs that open them.
func TestRootIsNotLedOutOfADataDirectory(t *testing.T) {
	t.Parallel()
	filled := newTwoAccounts(t)
	filled.fill()
	for _, tc := range []struct {
		name   string
		plant  string // a script that the account runs in its data directory; $1 is the secret, $2 a name in root's directory
		verbs  string // separated by commas
		passes bool   // the verbs succeed all the same
	}{
		{"the password is a link to a secret", `ln -sf "$1" postgres/password`, "team list,once,check,request list", false},
		{"the password is another name of a pipe", `rm postgres/password; mkfifo postgres/password`, "team list", false},
		{"the port is a link to a secret", `ln -sf "$1" postgres/port`, "team list,check", true},
		{"a lock is a link to a new file", `rm postgres/owner.lock; ln -s "$2" postgres/owner.lock`, "team list,db migrate", false},
		{"the users' lock is a link to a new file", `rm postgres/users.lock; ln -s "$2" postgres/users.lock`, "team list,check", false},
		{"the server's log is a link to a new file", `rm postgres/server.log; ln -s "$2" postgres/server.log`, "team list,once", false},
		{"a file being written is a link to a new file", `ln -s "$2" postgres/port.new; ln -s "$2" postgres/password.new`, "team list", true},
		{"the cluster is a link to a directory", `rm -r postgres/cluster; ln -s "${1%/*}" postgres/cluster`, "team list,check", false},
		{"the database's directory is a link", `rm -r postgres; ln -s "${1%/*}" postgres`, "team list,check,explain message.eml", false},
		{"the attachments are a link to a directory", `rm -rf attachments; ln -s "${1%/*}" attachments`, "check,once", false},
		{"a token is a link to a secret", `mkdir -m 700 tokens; ln -s "$1" tokens/azure.json`, "mailbox list,check azure", true},
		{"a token's lock is a link to a new file", `mkdir -m 700 tokens; ln -s "$2" tokens/azure.json.lock; ` +
			`echo '{"mailbox":"azure","refresh_token":"r"}' >tokens/azure.json; chmod 600 tokens/azure.json`, "check,once", false},
		{"the tokens are a link to a directory", `ln -s "${1%/*}" tokens`, "mailbox list,check", false},
		{"the log directory is a link to a directory", `ln -s "${1%/*}" log`, "once", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := newTwoAccounts(t)
			a.write(filepath.Join(a.cwd, "message.eml"), "Subject: x\r\n\r\n", 0o644)
			if out, err := exec.Command("cp", "-a", filled.data+"/.", a.data).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			a.write(filepath.Join(a.roots, "mailboxes", "azure.xml"), fmt.Sprintf(tokenMailbox, a.srv.Port(), dovecottest.ClosedPort(t)), 0o600)
			a.mail(1)
			before := a.everything(a.roots)
			a.plant(tc.plant, a.secret, filepath.Join(a.roots, "planted"))
			for line := range strings.SplitSeq(tc.verbs, ",") {
				out, err := a.verb(line)
				if strings.Contains(out, "SecretOfRoot") {
					t.Errorf("%s prints the secret of root:\n%s", line, out)
				}
				if err == nil && !tc.passes && line != "mailbox list" {
					t.Errorf("%s went on:\n%s", line, out)
				}
			}
			if diff := cmp.Diff(before, a.everything(a.roots)); diff != "" {
				t.Errorf("root's directory has changed:\n%s", diff)
			}
			a.wantNothingOfAnother(a.data)
		})
	}
}

// TestRootRunsNoProgramOfTheCurrentDirectory puts PostgreSQL's programs into directories where others may write.
func TestRootRunsNoProgramOfTheCurrentDirectory(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	proof := filepath.Join(a.cwd, "proof")
	a.plant(`for dir in "$1/PostgreSQL17bin" "$1/PostgreSQL/17/bin" "$1" "$1/bin"; do mkdir -p "$dir"
		for program in initdb postgres; do
			printf '#!/bin/sh\nid -u >>%s\necho "postgres (PostgreSQL) 99.1"\n' "$2" >"$dir/$program"; chmod 755 "$dir/$program"
		done
	done`, a.cwd, proof)
	for _, search := range []string{os.Getenv("PATH"), ".:" + os.Getenv("PATH"), "bin:" + os.Getenv("PATH"), ":" + a.cwd} {
		cmd := limited(t, os.Args[0], "demo", "--exit")
		cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+search)
		cmd.Dir = a.cwd
		out, err := cmd.CombinedOutput()
		if ran, _ := os.ReadFile(proof); len(ran) > 0 {
			t.Fatalf("PATH=%s: a program of another account was run as %s", search, strings.Fields(string(ran)))
		}
		if err != nil {
			t.Errorf("PATH=%s: %v\n%s", search, err, out)
		}
	}
}

func TestRootRefusesADirectoryThatAnotherAccountCanExchange(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	inside := filepath.Join(a.data, "made-by-root")
	a.must(os.Mkdir(inside, 0o700))
	open := filepath.Join(a.base, "open")
	a.must(os.Mkdir(open, 0o700))
	a.must(os.Chmod(open, 0o777))
	link := filepath.Join(a.data, "link")
	a.plant(`ln -s "$1" "$2"`, filepath.Join(a.roots, "planted"), link)
	for dir, want := range map[string]string{
		inside:                       "belongs to the account nobody",
		link:                         "belongs to the account nobody",
		filepath.Join(open, "inner"): "can be written to by every account",
	} {
		a.write(a.config(), fmt.Sprintf(rootService, dir), 0o600)
		before := a.everything(a.base)
		if out, err := a.verb("team add IT"); err == nil || !strings.Contains(out, want) || !strings.Contains(out, "hint: ") {
			t.Errorf("%s: %v\n%s", dir, err, out)
		}
		if diff := cmp.Diff(before, a.everything(a.base)); diff != "" {
			t.Errorf("something was changed:\n%s", diff)
		}
	}
}

// thirdAccount is an account that is not in the list of accounts.
const thirdAccount = 54321

func TestRootLearnsWhyADirectoryIsClosedToTheAccount(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	attachments := filepath.Join(a.base, "attachments")
	a.must(os.Mkdir(attachments, 0o755))
	a.must(os.Chown(attachments, thirdAccount, thirdAccount))
	service := fmt.Sprintf(rootService, a.data+"</DataDirectory> <AttachmentDirectory>"+attachments)
	service = strings.Replace(service, attachments+"</DataDirectory>", attachments+"</AttachmentDirectory>", 1)
	a.write(a.config(), service, 0o600)
	out, err := a.verb("team add IT")
	if err == nil || !strings.Contains(out, "this ran as the account nobody, the owner of "+a.data) {
		t.Errorf("%v\n%s", err, out)
	}
	for path := range a.everything(attachments) {
		if info, err := os.Lstat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != thirdAccount {
			t.Errorf("%s was made by another account (%v)", path, err)
		}
	}
}

func TestRootBecomesAnAccountWithoutANameForGood(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	a.uid, a.gid = thirdAccount, thirdAccount
	a.give(a.data)
	database := "<Database>" + storetest.New(t).URL + "</Database> <Login>" // initdb wants a name
	a.write(a.config(), strings.Replace(fmt.Sprintf(rootService, a.data), "<Login>", database, 1), 0o600)
	a.fill()
	a.mail(1)
	a.mustRun("once")
	a.wantNothingOfAnother(a.data)
	if entries, err := os.ReadDir(a.data); err != nil || len(entries) == 0 {
		t.Errorf("nothing was written (%v): the test proves nothing", err)
	}

	a.must(os.Chown(a.data, thirdAccount, 0))
	if out, err := a.verb("team list"); err == nil || !strings.Contains(out, "group is root") {
		t.Errorf("a group of root's was kept: %v\n%s", err, out)
	}
}

func TestRootStaysRootInItsOwnDirectory(t *testing.T) {
	t.Parallel()
	a := newTwoAccounts(t)
	a.must(os.Chown(a.data, 0, 0))
	a.fill()
	info, err := os.Lstat(filepath.Join(a.data, "postgres", "password"))
	a.must(err)
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 0 {
		t.Errorf("the password belongs to %d, not to root", uid)
	}
}
