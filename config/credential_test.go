package config

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"mailintegration/config/key"
)

// TestACredentialOfTheServiceHasASource shows which paths are credentials, and where systemd reads them from.
func TestACredentialOfTheServiceHasASource(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/run/credentials/mailintegration.service/secret_helpdesk":     "/etc/mailintegration/credentials/helpdesk",
		"/run/credentials/mailintegration.service/helpdesk":            "",
		"/run/credentials/mailintegration.service/secret_":             "",
		"/run/credentials/mailintegration.service/secret_../../shadow": "",
		"/run/credentials/other.service/secret_helpdesk":               "",
		"/etc/mailintegration/password":                                "",
	} {
		if got := systemdCredentials.sourceOf(path); got != want {
			t.Errorf("%s comes from %q, want %q", path, got, want)
		}
	}
}

// TestTheUnitLoadsTheCredentialsFromThatFolder compares the folder with the unit.
func TestTheUnitLoadsTheCredentialsFromThatFolder(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../deploy/systemd/mailintegration.service")
	if err != nil {
		t.Fatal(err)
	}
	loads := regexp.MustCompile(`(?m)^LoadCredential=secret:(.*)$`).FindSubmatch(unit)
	if loads == nil || string(loads[1]) != systemdCredentials.source {
		t.Errorf("the unit loads the credentials from %q, want %s", loads, systemdCredentials.source)
	}
}

// TestACredentialIsReadFromItsSourceWhileTheServiceIsStopped reads a credential before and after systemd has handed it over.
func TestACredentialIsReadFromItsSourceWhileTheServiceIsStopped(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no systemd")
	}
	c := credentials{given: t.TempDir(), source: t.TempDir()}
	path := filepath.Join(c.given, "secret_helpdesk")
	expect := func(want string) {
		t.Helper()
		d := &document{}
		if data, err := c.read(d, path); err != nil || string(data) != want {
			t.Errorf("the secret is %q (%v), want %q", data, err, want)
		}
		if len(d.files) != 1 || d.files[0].Path != path {
			t.Errorf("the daemon watches %v, want only %s", d.files, path)
		}
	}

	if _, err := c.read(&document{}, path); err == nil || err.Error() != "no such file" {
		t.Errorf("without the file and its source the error is %v, want no such file", err)
	}
	write(t, c.source, "helpdesk", "new password")
	expect("new password")
	write(t, c.given, "secret_helpdesk", "password that the service has")
	expect("password that the service has")
}

// TestAMissingCredentialSaysWhereToWriteIt shows the remedy, which does not show the path: it may be a secret by mistake.
func TestAMissingCredentialSaysWhereToWriteIt(t *testing.T) {
	t.Parallel()
	got := systemdCredentials.remedy("/run/credentials/mailintegration.service/secret_helpdesk", "password", "Password")
	if !strings.Contains(got, "/etc/mailintegration/credentials") || !strings.Contains(got, "restart the service") || strings.Contains(got, "helpdesk") {
		t.Errorf("the remedy is: %s", got)
	}
}

// TestAPasswordFileIsReadAsEditorsSaveIt reads what editors and PowerShell make of a line.
func TestAPasswordFileIsReadAsEditorsSaveIt(t *testing.T) {
	t.Parallel()
	const blank = "PasswordFile: the password in the file it names begins or ends with a blank (remove it, unless the password has one)"
	for _, tc := range []struct{ name, octets, want, warning string }{
		{"a line", "hunter2\n", "hunter2", ""},
		{"no end of line", "hunter2", "hunter2", ""},
		{"a line of Windows with a byte order mark", "\xEF\xBB\xBFhunter2\r\n", "hunter2", ""},
		{"UTF-16, as PowerShell writes it", "\xFF\xFEp\x00w\x00\r\x00\n\x00", "pw", ""},
		{"UTF-16, the other way round", "\xFE\xFF\x00p\x00w", "pw", ""},
		{"octets that are no UTF-8", "caf\xe9\n", "caf\xe9", ""},
		{"a blank that was copied, too", "hunter2 \n", "hunter2 ", blank},
		{"a blank at the beginning", "\thunter2\n", "\thunter2", blank},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "password.txt", tc.octets)
			m, warnings, err := LoadMailbox(write(t, dir, "helpdesk.xml", minimal("<PasswordFile>password.txt</PasswordFile>")), key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Password.Reveal(); got != tc.want {
				t.Errorf("the password is %q, want %q", got, tc.want)
			}
			said := ""
			for _, w := range warnings {
				if strings.Contains(w.Text, "blank") {
					said = w.Tag + ": " + w.Text
				}
			}
			if said != tc.warning {
				t.Errorf("the warning is %q, want %q", said, tc.warning)
			}
		})
	}
}
