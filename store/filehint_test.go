package store_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestAFileHintSaysWhatIsTrueOfTheError(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the numbers of the errors are those of Unix")
	}
	for _, tc := range []struct {
		name    string
		err     error
		setting string
		want    string
	}{
		{"a full disk", at("open", "/files/tmp-1", syscall.ENOSPC), "DataDirectory", "free space on the file system of /files (DataDirectory)"},
		{"a full quota", at("write", "/files/tmp-1", syscall.EDQUOT), "", "free space on the file system of /files"},
		{"a full disk at a rename", &os.LinkError{Op: "rename", Old: "/a/b", New: "/files/b", Err: syscall.ENOSPC}, "", "free space on the file system of /files"},
		{"a read-only file system", at("open", "/files/tmp-1", syscall.EROFS), "LogDirectory", "mount the file system of /files (LogDirectory) for writing"},
		{"a directory of somebody else", at("open", "/files/tmp-1", syscall.EACCES), "LogDirectory",
			"give the account that the program runs as the right to read and write in /files (LogDirectory)"},
		{"a file of somebody else", at("open", "/home/people.csv", syscall.EACCES), "", "give the account that the program runs as access to /home/people.csv"},
		{"a directory that is missing", at("mkdir", "/mnt/files", syscall.ENOENT), "AttachmentDirectory", "create /mnt, or correct AttachmentDirectory"},
		{"a file that is missing", at("open", "people.csv", syscall.ENOENT), "", "check that people.csv exists"},
		{"a directory below a file", at("open", "/etc/passwd/files", syscall.ENOTDIR), "SpoolDirectory",
			"correct SpoolDirectory: a part of /etc/passwd is a file, not a directory"},
		{"a directory in the place of a file", at("mkdir", "/etc/passwd", syscall.ENOTDIR), "SpoolDirectory",
			"correct SpoolDirectory: a part of /etc/passwd is a file, not a directory"},
		{"a path below a file", at("open", "/etc/passwd/x", syscall.ENOTDIR), "", "correct the path: a part of /etc/passwd/x is a file, not a directory"},
		{"a broken disk", at("read", "/files/x", syscall.EIO), "DataDirectory", "check the disk or the share of /files (DataDirectory)"},
		{"a file that cannot be read for another reason", at("read", "people.csv", syscall.EISDIR), "", ""},
		{"no file at all", io.ErrUnexpectedEOF, "DataDirectory", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := store.FileHint(tc.err, tc.setting); got != tc.want {
				t.Errorf("hint %q, want %q", got, tc.want)
			}
		})
	}
}

func at(op, path string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }

// TestAFullOrReadOnlyDirectoryIsNoMessagesFault accepts a message whose file cannot be kept. Were that its own fault, it would
// be set aside after some attempts.
func TestAFullOrReadOnlyDirectoryIsNoMessagesFault(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the numbers of the errors are those of Unix")
	}
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.store.OnFiles(func(string) error { return at("write", filepath.Join(d.files, "tmp-1"), cause) })
			decider := d.clerk()
			decider.attachRaw = true
			outcomes := d.accept(t, decider, mail("1", "a"))
			if err := outcomes[0].Err; !errors.Is(err, store.ErrDirectory) || store.IsUnexplained(err) || store.Hint(err) == "" {
				t.Errorf("the outcome is %+v with the hint %q", outcomes[0], store.Hint(err))
			}
		})
	}
}

func TestAHintNamesTheAttachmentDirectoryOnlyForItsOwnFiles(t *testing.T) {
	t.Parallel()
	if hint := store.Hint(at("open", "people.csv", fs.ErrNotExist)); hint != "check that people.csv exists" {
		t.Errorf("hint %q for a file that an import reads", hint)
	}
	missing := filepath.Join(t.TempDir(), "no", "such")
	if hint := store.Hint(store.CheckAttachmentDirectory(missing)); !strings.HasSuffix(hint, "or correct AttachmentDirectory") {
		t.Errorf("hint %q for an attachment directory whose parent is missing", hint)
	}
	_, err := store.Open(t.Context(), store.Options{URL: storetest.New(t).URL, AttachmentDirectory: missing})
	if hint := store.Hint(err); hint != "create "+filepath.Dir(missing)+", or correct AttachmentDirectory" ||
		!errors.Is(err, store.ErrDirectory) {
		t.Errorf("error %v with hint %q", err, hint)
	}
}
