package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// onFullDisk runs a verb, or a script for sh, in a mount namespace of its own, in which one directory is a file system of 64 KiB. The name of the
// directory is relative to the folder of the service file.
func (in *installed) onFullDisk(name string, verb ...string) (output string, code int) {
	in.Helper()
	directory := filepath.Join(filepath.Dir(in.config), name)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		in.Fatal(err)
	}
	// Without the mark of the attachment directory, the daemon would take the file system for a share that is not mounted.
	script := fmt.Sprintf(`cd %q && mark=$(cat .mailintegration-database 2>/dev/null)
		mount -t tmpfs -o size=64k,mode=1777 none "$PWD" && cd "$PWD" || exit 99
		if [ -n "$mark" ]; then echo "$mark" >.mailintegration-database || exit 98; fi
		exec "$@"`, directory)
	args := []string{"--mount"}
	if os.Getuid() != 0 {
		args = append(args, "--map-root-user")
	}
	if verb[0] != "sh" {
		verb = append([]string{os.Args[0]}, verb...)
	}
	cmd := limited(in, "unshare", append(append(args, "sh", "-c", script, "sh"), verb...)...)
	cmd.Env = in.command().Env
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		in.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestNothingIsLostWhenADiskIsFull(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		octets    int
		directory string
		hint      string // what it names
	}{
		{"the attachment directory's", 200 << 10, "attachments", "AttachmentDirectory"},
		{"the spool's", 1 << 20, "data/spool", "SpoolDirectory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.SetPassword("helpdesk", "secret")
			in := install(t, srv.Port(), "helpdesk", "secret")
			for i := range 3 {
				srv.Add("helpdesk", fmt.Appendf(nil, "Subject: large %d\r\n\r\n%s", i, strings.Repeat("All work and no play.\r\n", tt.octets/23)))
			}
			out, code := in.onFullDisk(tt.directory, "once")
			if code != exitFailed || !strings.Contains(out, "no space left on device") || !strings.Contains(out, tt.hint) {
				t.Errorf("exit code %d with the output\n%s", code, out)
			}
			in.wantRecorded(0)
			if left := srv.Count("helpdesk"); left != 3 {
				t.Errorf("%d messages left, want all 3", left)
			}
			in.once()
			in.wantRecorded(3)
			if left := srv.Count("helpdesk"); left != 0 {
				t.Errorf("%d messages left once there is room", left)
			}
		})
	}
}

func TestABackupThatFindsNoRoomLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "secret")
	in := install(t, srv.Port(), "helpdesk", "secret")
	srv.Add("helpdesk", fmt.Appendf(nil, "Subject: large\r\n\r\n%s", strings.Repeat("All work and no play.\r\n", 10_000)))
	in.once()
	out, code := in.onFullDisk("backups", "sh", "-c", `"$@"; code=$?; ls -a; exit $code`, "sh", os.Args[0], "backup", "mail.tar")
	if code != exitFailed || !strings.Contains(out, "no space left on device") || !strings.Contains(out, "hint: free space, or name a file") {
		t.Errorf("exit code %d with the output\n%s", code, out)
	}
	if strings.Contains(out, ".tar.partial\n") {
		t.Errorf("something was left:\n%s", out)
	}
}

func TestCheckFindsADiskThatIsAlmostFull(t *testing.T) {
	t.Parallel()
	in := &installed{TB: t, config: configured(t, "")}
	out, code := in.onFullDisk("data/spool", "check")
	const want = "FAILED  free space (spool): 64.0 KiB of 64.0 KiB: soon no message can be recorded; make room"
	if code != exitFailed || !strings.Contains(out, want) {
		t.Errorf("exit code %d with the output\n%s", code, out)
	}
}

// TestAFullDiskIsToldToFreeSpace begins a private PostgreSQL on a disk that is too small for it.
func TestAFullDiskIsToldToFreeSpace(t *testing.T) {
	t.Parallel()
	in := &installed{TB: t, config: configured(t, "")}
	base := filepath.Dir(in.config)
	for _, directory := range []string{filepath.Dir(base), base} { // the account of PostgreSQL must reach the data directory
		if err := os.Chmod(directory, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, code := in.onFullDisk("data", "team", "add", "IT")
	if code != exitFailed || !strings.Contains(out, "hint: free space on the file system of ") || !strings.Contains(out, "DataDirectory") {
		t.Errorf("exit code %d with the output\n%s", code, out)
	}
}
