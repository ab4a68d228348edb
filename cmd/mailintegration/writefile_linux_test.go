package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFileThatIsReplacedKeepsItsAccessControlList gives a file a list in the kernel's form: version 2, then tag, rights and
// number of each entry (acl(5)).
func TestAFileThatIsReplacedKeepsItsAccessControlList(t *testing.T) {
	t.Parallel()
	const name, none = "system.posix_acl_access", "\xff\xff\xff\xff"
	list := "\x02\x00\x00\x00" + "\x01\x00\x06\x00" + none + "\x02\x00\x04\x00\x67\x12\x00\x00" + "\x04\x00\x00\x00" + none + "\x10\x00\x04\x00" + none + "\x20\x00\x00\x00" + none
	path := filepath.Join(t.TempDir(), "helpdesk.xml")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(path, name, []byte(list), 0); errors.Is(err, unix.ENOTSUP) {
		t.Skip("the file system has no access control lists")
	} else if err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("before"), []byte("after")); err != nil {
		t.Fatal(err)
	}
	got, err := attribute(func(to []byte) (int, error) { return unix.Getxattr(path, name, to) })
	if err != nil || string(got) != list {
		t.Errorf("the list is %q, %v", got, err)
	}
}
