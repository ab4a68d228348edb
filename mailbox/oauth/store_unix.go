//go:build unix

package oauth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// whyUnsafe says why an account cannot trust a file or directory of the store, "" when it can. Root may use the files
// of all accounts.
func whyUnsafe(info fs.FileInfo, account int) string {
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case info.Mode()&(fs.ModeSymlink|fs.ModeNamedPipe|fs.ModeDevice|fs.ModeSocket) != 0:
		return "is neither a file nor a directory"
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("may be used by others than its owner (mode %04o)", info.Mode().Perm())
	case int(owner) != account && account != 0:
		return fmt.Sprintf("belongs to another account (uid %d)", owner)
	}
	return ""
}

// nonBlocking makes opening a pipe return at once.
const nonBlocking = syscall.O_NONBLOCK

// trustedOwner returns the account whose files in a directory are trusted: for root the directory's owner, otherwise
// this process's account.
func trustedOwner(root *os.Root) int {
	account := os.Geteuid()
	if info, err := root.Stat("."); err == nil && account == 0 {
		account = int(info.Sys().(*syscall.Stat_t).Uid)
	}
	return account
}

// protect gives a new directory the mode 0700, whatever the umask.
func protect(root *os.Root, name string) error { return root.Chmod(name, 0o700) }

// inheritOwner gives a file that root created to the owner of its directory: an administrator authorizes mailboxes for
// a daemon that runs as another account.
func inheritOwner(root *os.Root, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	return root.Lchown(name, int(st.Uid), int(st.Gid))
}

// lockFile locks the file, or returns errLocked at once.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// syncDirectory makes the names in a directory durable. Some network file systems refuse; there a name is durable when
// the call that created it returns.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
