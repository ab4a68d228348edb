//go:build wine

package winetest

import (
	"path/filepath"
	"strings"
)

// encryptPasswords encrypts the passwords of the files, which the service then polls with. The key is sealed for this machine,
// also when it is put back from a saved copy.
func (in *installation) encryptPasswords() {
	in.wants(0, "encrypted", "config", "encrypt")
	if text := in.read(filepath.Join(in.data, "mailboxes", "helpdesk.xml")); strings.Contains(text, ">secret<") || !strings.Contains(text, "<Password>encrypted:") {
		in.Errorf("the mailbox file is\n%s", text)
	}
	in.wantSealed()
	in.wants(0, "written", "config", "encrypt", "--save-key", dataFolder+`\saved.key`)
	saved := in.read(filepath.Join(in.data, "saved.key"))
	if !strings.Contains(saved, "AGE-SECRET-KEY-") {
		in.Errorf("the copy of the key is\n%s", saved)
	}
	in.write(filepath.Join(in.data, "mailintegration.key"), saved)
	in.wants(0, "it is encrypted", "config", "encrypt")
	in.wantSealed()
	in.wants(0, "removed key", "config", "encrypt", "--rotate")
	in.wantSealed()
	in.wants(0, "REDACTED (encrypted)", "config", "show", "helpdesk")
}

// wantSealed fails the test if the key file shows a key.
func (in *installation) wantSealed() {
	in.Helper()
	if text := in.read(filepath.Join(in.data, "mailintegration.key")); strings.Contains(text, "AGE-SECRET-KEY-") || !strings.Contains(text, "DPAPI:") {
		in.Errorf("the key file is\n%s", text)
	}
}
