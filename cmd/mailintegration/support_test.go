package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// filesOf returns the files of an archive, by name.
func filesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

func TestASupportBundleDescribesTheInstallationWithoutSecrets(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "another")
	in := install(t, srv.Port(), "helpdesk", "planted-password")
	in.addToMailbox("<Smtp><ServerName>127.0.0.1</ServerName><Port>1</Port><SecureSocketOption>None</SecureSocketOption>" +
		"<UserName>desk</UserName><Password>planted-smtp</Password><Address>desk@acme.example</Address></Smtp>")
	logs := t.TempDir()
	text, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "</MailIntegrationService>", "<LogDirectory>"+logs+"</LogDirectory></MailIntegrationService>", 1)
	if err := os.WriteFile(in.config, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	// A line that no program should have written.
	line := `{"level":"info","ts":"2026-11-27T03:00:00.000Z","msg":"said planted-password"}` + "\n"
	if err := os.WriteFile(filepath.Join(logs, "MailIntegrationApp_20261127_030000.log"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if code, out, errs := in.run("support", "bundle", "--to", path); code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	files := filesOf(t, path)
	for name, want := range map[string]string{
		"README.txt": "read them before you send them", "version.txt": "mailintegration " + version, "configuration.txt": "helpdesk.xml:",
		"mistakes.txt": "", "status.txt": "database", "status.json": `"open_problems"`, "mailboxes.txt": "helpdesk",
		"schema.txt": "SCHEMA", "check.txt": "FAILED  mailbox helpdesk", "log.txt": "said REDACTED",
	} {
		text, found := files[name]
		if !found || !strings.Contains(text, want) {
			t.Errorf("%s has no %q:\n%s", name, want, text)
		}
	}
	for name, text := range files {
		if strings.Contains(text, "planted-") {
			t.Errorf("a secret is in %s:\n%s", name, text)
		}
	}
	if code, _, errs := in.run("support", "bundle", "--to", path); code != exitFailed || !strings.Contains(errs, "hint: name another file with --to") {
		t.Errorf("exit code %d for an archive that exists: %s", code, errs)
	}
}

// TestASupportBundleHasNeitherAnEncryptedPasswordNorItsKey plants both in the log, where no program should have written them.
func TestASupportBundleHasNeitherAnEncryptedPasswordNorItsKey(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.write("mailintegration.xml", strings.Replace(n.read("mailintegration.xml"), "<Login>", "<LogDirectory>logs</LogDirectory> <Login>", 1))
	n.must(configEncryptCmd{})
	ring := strings.ReplaceAll(n.read("mailintegration.key"), "\n", " ")
	n.write("logs/MailIntegrationApp_20261127_030000.log", `{"level":"info","ts":"2026-11-27T03:00:00.000Z","msg":"said `+ring+` and password of ann"}`+"\n")
	path := filepath.Join(t.TempDir(), "bundle.zip")
	in := &installed{TB: t, config: n.config}
	if code, out, errs := in.run("support", "bundle", "--to", path); code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	files := filesOf(t, path)
	for name, text := range files {
		if strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY") || strings.Contains(text, "password of ann") {
			t.Errorf("a secret is in %s:\n%s", name, text)
		}
	}
	if !strings.Contains(files["log.txt"], "and REDACTED") || !strings.Contains(files["configuration.txt"], "REDACTED (encrypted)") {
		t.Errorf("%s\n%s", files["log.txt"], files["configuration.txt"])
	}
}

func TestASupportBundleIsWrittenAlthoughTheConfigurationIsBroken(t *testing.T) {
	t.Parallel()
	in := &installed{TB: t, config: configured(t, "<Prot>995</Prot>")}
	path := filepath.Join(t.TempDir(), "bundle.zip")
	if code, out, errs := in.run("support", "bundle", "--to", path); code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	files := filesOf(t, path)
	if text := files["mistakes.txt"]; !strings.Contains(text, "Prot") {
		t.Errorf("mistakes.txt does not name the mistake:\n%s", text)
	}
	if text := files["status.txt"]; !strings.Contains(text, "Prot") {
		t.Errorf("status.txt does not say why it is missing:\n%s", text)
	}
}

func TestASupportBundleHasTheNameOfAZipFile(t *testing.T) {
	t.Parallel()
	in := &installed{TB: t, config: configured(t, "")}
	path := filepath.Join(t.TempDir(), "b.tgz")
	code, _, errs := in.run("support", "bundle", "--to", path)
	if code != exitUsage || !strings.Contains(errs, "hint: use --to "+path+".zip") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was written all the same")
	}
}
