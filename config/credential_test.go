package config

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
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
