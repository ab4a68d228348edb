//go:build unix

package oauth_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
)

func TestOnlyTheOwnerMayReadAnAuthorization(t *testing.T) {
	t.Parallel()
	o := authorized(t, "http://127.0.0.1:9", "first")
	path := o.Store.Path("helpdesk")
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, want %v (%v)", p, info.Mode().Perm(), want, err)
		}
	}
}

// TestAnAuthorizationThatOthersCouldReachIsNotUsed changes the store so that others can read or write it.
func TestAnAuthorizationThatOthersCouldReachIsNotUsed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(path string) error
	}{
		{"the file is readable by all", func(p string) error { return os.Chmod(p, 0o644) }},
		{"the file is writable by the group", func(p string) error { return os.Chmod(p, 0o620) }},
		{"the directory is open", func(p string) error { return os.Chmod(filepath.Dir(p), 0o755) }},
		{"the file is a link", func(p string) error {
			return errors.Join(os.Rename(p, p+".real"), os.Symlink(p+".real", p))
		}},
		{"the file is a pipe", func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)) }},
		{"the lock is a link to a new file", func(p string) error {
			return errors.Join(os.Remove(p+".lock"), os.Symlink(filepath.Join(filepath.Dir(p), "..", "planted"), p+".lock"))
		}},
		{"the directory is a link", func(p string) error {
			dir := filepath.Dir(p)
			return errors.Join(os.Rename(dir, dir+".real"), os.Symlink(dir+".real", dir))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newRotating("first")
			o := authorized(t, serve(t, e), "first")
			unlock, err := o.Store.Lock(t.Context(), "helpdesk") // creates the lock's file
			if err != nil {
				t.Fatal(err)
			}
			unlock()
			if err := tt.change(o.Store.Path("helpdesk")); err != nil {
				t.Fatal(err)
			}
			_, err = source(t, o).Token(t.Context())
			var unsafe *oauth.UnsafeError
			if !errors.As(err, &unsafe) || !mailbox.IsPermanentForMailbox(err) || !strings.Contains(mailbox.Hint(err), "chmod go-rwx") {
				t.Errorf("got %v, hint %q", err, mailbox.Hint(err))
			}
			if e.count() != 0 {
				t.Error("the token was used")
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(o.Store.Path("helpdesk")), "..", "planted")); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}

// TestFilesThatRootSavesBelongToTheOwnerOfTheDirectory: an administrator authorizes mailboxes for the daemon's account.
func TestFilesThatRootSavesBelongToTheOwnerOfTheDirectory(t *testing.T) {
	t.Parallel()
	uid := os.Geteuid()
	data := t.TempDir()
	if uid == 0 {
		uid = 65533
		if err := os.Chown(data, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	s := oauth.NewStore(filepath.Join(data, "tokens"))
	if err := s.Save(oauth.Authorization{Mailbox: "helpdesk", RefreshToken: "r"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{s.Path("helpdesk"), filepath.Dir(s.Path("helpdesk"))} {
		info, err := os.Stat(p)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != uid {
			t.Errorf("%s does not belong to %d (%v)", p, uid, err)
		}
	}
}

func TestOnlyRootUsesFilesOfAnotherAccount(t *testing.T) {
	t.Parallel()
	o := authorized(t, "http://127.0.0.1:9", "first")
	info, err := os.Lstat(o.Store.Path("helpdesk"))
	if err != nil {
		t.Fatal(err)
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	for account, want := range map[int]string{owner: "", 0: "", owner + 1: "belongs to another account"} {
		if got := oauth.Unsafe(info, account); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("uid %d: %q, want %q", account, got, want)
		}
	}
}
