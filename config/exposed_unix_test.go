//go:build unix

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config/key"
)

// TestSecretsThatOthersCanReadAreAWarning gives the file with the secret a mode.
func TestSecretsThatOthersCanReadAreAWarning(t *testing.T) {
	t.Parallel()
	const azure = "<Authentication>Azure</Authentication><ClientId>c</ClientId><TenantId>t</TenantId>"
	for _, test := range []struct {
		name, mailbox, service string
		exposed                string // the path of the file that others can read
		mode                   os.FileMode
		want                   string // with FILE for the path
	}{
		{"a password", minimal(password), "", "mailboxes/m.xml", 0o644,
			"Password: every account on this machine can read it in this file (chmod o-rwx FILE)"},
		{"a password for the owner alone", minimal(password), "", "mailboxes/m.xml", 0o600, ""},
		{"a password for a group that root chose", minimal(password), "", "mailboxes/m.xml", 0o640, ""},
		{"no secret", minimal("<PasswordFile>../secret</PasswordFile>"), "", "mailboxes/m.xml", 0o644, ""},
		{"a password file", minimal("<PasswordFile>../secret</PasswordFile>"), "", "secret", 0o644,
			"PasswordFile: every account on this machine can read FILE (chmod o-rwx FILE)"},
		{"the secret of an application", minimal(azure + "<ClientSecret>hunter2</ClientSecret>"), "", "mailboxes/m.xml", 0o604,
			"ClientSecret: every account on this machine can read it in this file"},
		{"the file of an application's secret", minimal(azure + "<ClientSecretFile>../secret</ClientSecretFile>"), "", "secret", 0o604,
			"ClientSecretFile: every account on this machine can read FILE"},
		{"a database with a password", minimal(password), "<Database>host=db password=hunter2</Database>", "service.xml", 0o644,
			"Database: every account on this machine can read it in this file"},
		{"a database whose URL has a password", minimal(password), "<Database>postgres://u:hunter2@db/d</Database>", "service.xml", 0o644,
			"Database: every account on this machine can read it in this file"},
		{"a database without a password", minimal(password), "<Database>host=db user=password</Database>", "service.xml", 0o644, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "mailboxes/m.xml", test.mailbox)
			write(t, dir, "secret", "hunter2\n")
			service := write(t, dir, "service.xml", serviceFile(account+test.service))
			exposed := filepath.Join(dir, test.exposed)
			if err := os.Chmod(exposed, test.mode); err != nil {
				t.Fatal(err)
			}
			_, warnings, err := LoadService(service, key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" && len(warnings) == 0 {
				return
			}
			want := strings.ReplaceAll(test.want, "FILE", exposed)
			if len(warnings) != 1 || test.want == "" || !strings.Contains(warnings[0].String(), ": "+want) || warnings[0].Line == 0 {
				t.Errorf("warnings %v, want one with a place and %q", warnings, want)
			}
			if strings.Contains(fmt.Sprint(warnings), "hunter2") {
				t.Errorf("%v shows the secret", warnings)
			}
		})
	}
}

// TestAGroupThatSharesASecretIsAWarning gives files to other accounts, which only root can do.
func TestAGroupThatSharesASecretIsAWarning(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another account")
	}
	for _, test := range []struct {
		name     string
		uid, gid int
		want     bool
	}{
		{"root's file and group", 0, 0, false},
		{"root's file for a group of daemons", 0, 12345, false},
		{"an account's file in a group of its own", 12345, 12345, false},
		{"an account's file in another group", 12345, 12346, true},
		{"an account's file in root's group", 12345, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, t.TempDir(), "m.xml", minimal(password))
			if err := os.Chown(path, test.uid, test.gid); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o640); err != nil {
				t.Fatal(err)
			}
			_, warnings, err := LoadMailbox(path, key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(warnings) == 1 && strings.Contains(warnings[0].Text, "the group 12346 can read it"); got != test.want {
				t.Errorf("warnings %v, want one: %v", warnings, test.want)
			}
		})
	}
}

// TestAKeyThatOthersCanReadIsAWarning: the mailboxes are polled nevertheless.
func TestAKeyThatOthersCanReadIsAWarning(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, ring := keysIn(t, folder)
	path := write(t, folder, "helpdesk.xml", minimal("<Password>"+encrypted(t, ring, "p")+"</Password>"))
	for mode, want := range map[os.FileMode]string{
		0o600: "", 0o644: source.File + ": every account on this machine can read the key of the encrypted passwords (chmod o-rwx " + source.File +
			"; if somebody may have read it: mailintegration config encrypt --rotate)",
	} {
		if err := os.Chmod(source.File, mode); err != nil {
			t.Fatal(err)
		}
		_, warnings, err := LoadMailbox(path, source)
		if err != nil || len(warnings) != min(1, len(want)) || want != "" && warnings[0].String() != want {
			t.Errorf("mode %o: %v, %v", mode, warnings, err)
		}
	}
}

func TestAKeyOfListenThatOthersCanReadIsAWarning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, private := identity(t, "mail.example.com")
	write(t, dir, "tls.pem", certificate)
	path := write(t, dir, "key.pem", private)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "mailboxes/m.xml", minimal(password))
	_, warnings, err := LoadService(write(t, dir, "service.xml", serviceFile(listeningTLS)), key.Source{})
	want := "ListenKey: every account on this machine can read " + path + " (chmod o-rwx " + path + ")"
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].String(), want) {
		t.Errorf("warnings %v, error %v; want one with %q", warnings, err, want)
	}
}
