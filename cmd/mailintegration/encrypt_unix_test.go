//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/config/key"
)

// TestOnlyTheAccountOfTheServiceReadsTheKey encrypts as a person and, where the test is root, as root for another account: that
// of the data directory. The files keep their owners and modes.
func TestOnlyTheAccountOfTheServiceReadsTheKey(t *testing.T) {
	t.Parallel()
	const account, group = 4711, 4712
	for _, isRoot := range []bool{false, true} {
		if isRoot && os.Geteuid() != 0 {
			continue
		}
		n := newEncrypting(t)
		owner := os.Geteuid()
		mailbox := filepath.Join(n.folder, "mailboxes", "ann.xml")
		if err := os.Chmod(mailbox, 0o640); err != nil {
			t.Fatal(err)
		}
		if isRoot { // as a package does
			owner = account
			data := filepath.Join(n.folder, "data")
			if err := os.Mkdir(data, 0o750); err != nil {
				t.Fatal(err)
			}
			for path, uid := range map[string]int{n.folder: 0, mailbox: 0, data: account} {
				if err := os.Chown(path, uid, group); err != nil {
					t.Fatal(err)
				}
			}
		}
		before, err := os.Stat(mailbox)
		if err != nil {
			t.Fatal(err)
		}
		n.must(configEncryptCmd{})
		n.must(configEncryptCmd{Rotate: true})
		info, err := os.Stat(filepath.Join(n.folder, key.FileName))
		if err != nil {
			t.Fatal(err)
		}
		if uid, _ := ownerOf(info); uid != owner || info.Mode().Perm() != 0o600 {
			t.Errorf("root: %v: the key file belongs to %d and has the mode %v", isRoot, uid, info.Mode().Perm())
		}
		after, err := os.Stat(mailbox)
		if err != nil {
			t.Fatal(err)
		}
		uid, gid := ownerOf(before)
		if now, in := ownerOf(after); now != uid || in != gid || after.Mode() != before.Mode() || os.SameFile(before, after) {
			t.Errorf("root: %v: the mailbox file belongs to %d:%d and has the mode %v", isRoot, now, in, after.Mode())
		}
	}
}

// TestAFileWithTwoNamesIsNotEncrypted keeps the promise that no password is left where a person believes that it is gone: a file that
// takes the place of another has only the name that the service file knows.
func TestAFileWithTwoNamesIsNotEncrypted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]configEncryptCmd{"as it is": {}, "with a new key": {Rotate: true}, "with --dry-run": {DryRun: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newEncrypting(t)
			if c.Rotate {
				n.must(configEncryptCmd{})
			}
			path, other := filepath.Join(n.folder, "mailboxes", "ann.xml"), filepath.Join(n.folder, "ann.old")
			if err := os.Link(path, other); err != nil {
				t.Fatal(err)
			}
			before := n.read("ann.old")
			n.out.Reset()
			err := c.Run(n.env)
			want := "FAILED  " + path + ": cannot be written: it has 2 names (hard links), and the other would keep the old content " +
				"(remove the other name, which find / -samefile " + path + " shows, or put a copy of the file in its place)\n"
			if err == nil || !strings.Contains(n.out.String(), want) || n.read("mailboxes/ann.xml") != before {
				t.Errorf("%v\n%s\nwant\n%s", err, &n.out, want)
			}
			if err := os.Remove(other); err != nil {
				t.Fatal(err)
			}
			n.must(c)
			n.wantReadable("after the other name is gone")
		})
	}
}
