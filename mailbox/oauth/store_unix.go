//go:build unix

package oauth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// whyUnsafe says why a file or directory of the store cannot be trusted by an account, "" when it can. Root may use
// everybody's.
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

// nonBlocking lets the open of a pipe return at once.
const nonBlocking = syscall.O_NONBLOCK

// trustedOwner returns the account whose files are trusted in a directory: for root its owner, otherwise our own.
func trustedOwner(root *os.Root) int {
	account := os.Geteuid()
	if info, err := root.Stat("."); err == nil && account == 0 {
		account = int(info.Sys().(*syscall.Stat_t).Uid)
	}
	return account
}

// protect makes a new directory its owner's alone, whatever the umask.
func protect(root *os.Root, name string) error { return root.Chmod(name, 0o700) }

// inheritOwner gives what root made to the owner of the directory that it lies in: an administrator authorizes mailboxes for
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

// lockFile locks the file at once or returns errLocked.
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

// syncDirectory makes the names in a directory durable. Some network file systems cannot do it and say so; theirs are
// durable when the call that made them returns.
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
