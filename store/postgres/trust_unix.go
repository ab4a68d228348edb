//go:build unix

package postgres

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// nonBlocking makes opening a pipe return at once.
const nonBlocking = syscall.O_NONBLOCK

// ours returns the accounts that may own our files: the account that owns the whole directory, if any, and our own.
func (a account) ours() []int {
	if a.all {
		return []int{a.uid, os.Geteuid()}
	}
	return []int{os.Geteuid()}
}

// servers returns the account that owns the server's files.
func (a account) servers() int {
	if a.drop {
		return a.uid
	}
	return os.Geteuid()
}

// distrustDirectory returns why the data directory cannot be used, "" when it can.
func (a account) distrustDirectory(info fs.FileInfo) string {
	owner, want := int(info.Sys().(*syscall.Stat_t).Uid), a.ours()[0]
	switch {
	case owner != want:
		return fmt.Sprintf("belongs to the account %s, not to %s: give it to that account (chown -R), or run this program as its owner",
			accountName(owner), accountName(want))
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("can be written to by other accounts than its owner (mode %04o): run chmod go-w on it", info.Mode().Perm())
	}
	return ""
}

// distrustSocketDirectory returns why the server's socket cannot lie in a directory, "" when it can.
func (a account) distrustSocketDirectory(info fs.FileInfo) string {
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	switch {
	case !info.IsDir():
		return "is not a directory"
	case owner != a.servers():
		return fmt.Sprintf("belongs to the account %s, not to %s", accountName(owner), accountName(a.servers()))
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("is open to other accounts (mode %04o)", info.Mode().Perm())
	}
	return ""
}

// distrustFile returns why a file cannot be used, "" when it can. It must belong to the first owner, or to another
// owner and have only one name: the owner of the directory may have given it a second name.
func distrustFile(info fs.FileInfo, owners []int) string {
	st := info.Sys().(*syscall.Stat_t)
	switch at := slices.Index(owners, int(st.Uid)); {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case !info.Mode().IsRegular():
		return "is not a file"
	case at < 0 || at > 0 && st.Nlink > 1:
		return fmt.Sprintf("belongs to the account %s, not to %s", accountName(int(st.Uid)), accountName(owners[0]))
	}
	return ""
}

// distrustProgram returns why root does not run a program, "" when it does or when this process is not root. Whoever
// can change the program, or a directory on the way to it, would become root. The path must have no symbolic links.
func distrustProgram(path string) string {
	if os.Geteuid() != 0 {
		return ""
	}
	for at, strict := path, 2; ; at, strict = filepath.Dir(at), strict-1 {
		info, err := os.Lstat(at)
		if err != nil {
			return err.Error()
		}
		st := info.Sys().(*syscall.Stat_t)
		group := strict > 0 && st.Gid != 0 && info.Mode()&0o020 != 0 // of the program and its folder
		switch {
		case st.Uid != 0:
			return fmt.Sprintf("root does not run it: %s belongs to the account %s", at, accountName(int(st.Uid)))
		case group, info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
			return fmt.Sprintf("root does not run it: %s can be written to by others (mode %04o)", at, info.Mode().Perm())
		case at == filepath.Dir(at):
			return ""
		}
	}
}

// accountName returns the name of an account, or its number when it has no name.
func accountName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
