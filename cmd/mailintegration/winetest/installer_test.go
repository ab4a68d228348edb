//go:build wine

package winetest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheInstallerOfWindows installs the program, configures it, upgrades it to a later version while it runs, and removes it.
func TestTheInstallerOfWindows(t *testing.T) {
	in := newInstallation(t)
	file := filepath.Join(in.data, "mailintegration.xml")
	configuration := in.read(file)
	in.removeFolders()
	in.installer("/i", "mailintegration.msi")
	in.wants(1, "stopped", "service", "status") // it is not configured yet
	in.read(filepath.Join(in.program, "README.md"))
	if in.read(file) == "" {
		t.Error("the installer brings an empty service file")
	}
	if text, is := in.registered(sourceKey); !is {
		t.Error(text)
	}
	in.write(file, configuration)
	in.mailbox("helpdesk")
	in.wants(0, "started", "service", "start")

	in.installer("/i", "next.msi")
	in.awaitSaid("running") // the installer starts the service, and does not promise to wait for it
	in.keeps(file, configuration)

	in.installer("/x", "next.msi")
	for _, key := range []string{serviceKey, sourceKey} {
		if text, is := in.registered(key); is {
			t.Errorf("left behind: %s", text)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(in.program, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	in.keeps(file, configuration)
}

// installer runs the installer of Windows, without windows.
func (in *installation) installer(what, file string) {
	in.Helper()
	if output, code := wine(in.T, os.TempDir(), nil, "msiexec", what, windowsPath(binaries(in, file)), "/qn"); code != 0 {
		in.Fatalf("msiexec %s %s: exit code %d\n%s", what, file, code, output)
	}
}

// read returns the text of a file, which must exist.
func (in *installation) read(path string) string {
	in.Helper()
	text, err := os.ReadFile(path)
	in.must(err)
	return string(text)
}

// keeps fails the test unless a file has a text.
func (in *installation) keeps(path, text string) {
	in.Helper()
	if got := in.read(path); got != text {
		in.Errorf("%s is not kept:\n%s", path, got)
	}
}
