package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// killedAt names the environment variable with the step at which a process of this test is killed.
const killedAt = "MAILINTEGRATION_TEST_KILLED_AT"

func TestAProcessThatIsKilledLeavesTheFileWholeBeforeOrAfter(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{"created": "before", "written": "before", "renamed": "after"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "helpdesk.xml")
			if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			child := limited(t, os.Args[0], "-test.run=^TestReplaceAFileAndDie$")
			child.Env = append(os.Environ(), killedAt+"="+step, "MAILINTEGRATION_TEST_FILE="+path)
			if out, err := child.CombinedOutput(); child.ProcessState.ExitCode() != killedCode {
				t.Fatalf("%v\n%s", err, out)
			}
			if got, err := os.ReadFile(path); string(got) != want {
				t.Errorf("the file holds %q, %v", got, err)
			}
			if err := replaceFile(path, []byte(want), []byte("again")); err != nil {
				t.Error(err)
			}
			if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
		})
	}
}

// killedCode is the exit code of a process that was killed by itself.
const killedCode = 42

// TestReplaceAFileAndDie is the process that is killed.
func TestReplaceAFileAndDie(t *testing.T) {
	step := os.Getenv(killedAt)
	if step == "" {
		t.Skip("another test starts this one")
	}
	die := func(at string) {
		if at == step {
			os.Exit(killedCode)
		}
	}
	t.Error(replacement{os.Getenv("MAILINTEGRATION_TEST_FILE"), []byte("before"), []byte("after"), die}.run())
}

func TestAFileThatSomebodyElseChangesIsNotOverwritten(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "created", "written"} {
		path := filepath.Join(t.TempDir(), "helpdesk.xml")
		content := map[bool]string{true: "theirs", false: "before"}[step == ""]
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		change := func(at string) {
			if at == step {
				_ = os.WriteFile(path, []byte("theirs"), 0o600) // the test reads it
			}
		}
		if err := (replacement{path, []byte("before"), []byte("after"), change}).run(); !errors.Is(err, errChanged) {
			t.Errorf("at %q: %v", step, err)
		}
		if got, err := os.ReadFile(path); string(got) != "theirs" {
			t.Errorf("at %q the file holds %q, %v", step, got, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("at %q the folder holds %v, %v", step, entries, err)
		}
	}
}

func TestTheRemedyForAFileThatCannotBeReplacedFitsItsCause(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		err    error
		want   string
		remedy string
	}{
		"a folder that the account may not write to": {
			&fs.PathError{Op: "open", Path: "/etc/m/.helpdesk.xml.1.new", Err: syscall.EACCES}, "permission denied",
			"run this as root or administrator, or as the account that the folder /etc/m belongs to",
		},
		"an immutable file": {
			&os.LinkError{Op: "rename", Old: "/etc/m/.helpdesk.xml.1.new", New: "/etc/m/helpdesk.xml", Err: syscall.EPERM}, "operation not permitted",
			"end the attribute that makes the file or its folder immutable: lsattr shows it, chattr -i removes it",
		},
		"a file of another account": {
			&accessError{&fs.PathError{Op: "chown", Path: "/etc/m/.helpdesk.xml.1.new", Err: syscall.EPERM}},
			"it must keep its owner and its rights: operation not permitted", "run this as root or administrator, or as the account that the file belongs to",
		},
		"any other cause": {
			&fs.PathError{Op: "write", Path: "/etc/m/.helpdesk.xml.1.new", Err: syscall.EIO}, "input/output error", "mend that, then run this again",
		},
	} {
		err := &replaceError{path: "/etc/m/helpdesk.xml", err: story.err}
		if runtime.GOOS == "windows" {
			t.Skip("the causes have other words")
		}
		if got := err.Error(); got != "cannot be written: "+story.want || err.hint() != story.remedy {
			t.Errorf("%s: %s (%s)", name, got, err.hint())
		}
	}
}
