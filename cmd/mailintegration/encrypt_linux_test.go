package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// makeImmutable keeps even root from changing a file or a folder, until the end of the test.
func makeImmutable(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, unix.STATX_ATTR_IMMUTABLE); err != nil {
		t.Skip(err) // not root, or a file system without attributes
	}
	t.Cleanup(func() {
		if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestAFileThatCannotBeReplacedIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	const remedy = ": cannot be written: operation not permitted (end the attribute that makes the file or its folder immutable: " +
		"lsattr shows it, chattr -i removes it)\n"
	for name, at := range map[string]string{"an immutable file": "mailboxes/ann.xml", "an immutable folder": "mailboxes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newEncrypting(t)
			n.must(configEncryptCmd{File: []string{filepath.Join(n.folder, "mailboxes", "ben.xml")}})
			n.out.Reset()
			makeImmutable(t, filepath.Join(n.folder, at))
			err := new(configEncryptCmd).Run(n.env)
			path := func(name string) string { return filepath.Join(n.folder, name) }
			want := "encrypted  " + path("mailintegration.xml") + ": Smtp/Password\n" + "FAILED  " + path("mailboxes/ann.xml") + remedy +
				"unchanged  " + path("mailboxes/ben.xml") + ": it is encrypted\n" + "unchanged  " + path("mailboxes/file.xml") + ": it holds no password (a file that PasswordFile names stays as it is)\n" +
				"4 files: 1 encrypted now, 1 encrypted already, 1 without a password, 1 FAILED\n"
			if failed := new(failure); !errors.As(err, &failed) || failed.code != exitFailed || n.out.String() != want {
				t.Errorf("%v\n%s\nwant\n%s", err, &n.out, want)
			}
		})
	}
}
