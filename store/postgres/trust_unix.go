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

// nonBlocking lets the open of a pipe return at once.
const nonBlocking = syscall.O_NONBLOCK

// ours are the accounts whose files ours may be: the one that the whole directory is for, and our own.
func (a account) ours() []int {
	if a.all {
		return []int{a.uid, os.Geteuid()}
	}
	return []int{os.Geteuid()}
}

// servers is the account that the server's files belong to.
func (a account) servers() int {
	if a.drop {
		return a.uid
	}
	return os.Geteuid()
}

// distrustDirectory says why the data directory cannot be used, "" when it can.
func (a account) distrustDirectory(info fs.FileInfo) string {
	owner, want := int(info.Sys().(*syscall.Stat_t).Uid), a.ours()[0]
	switch {
	case owner != want:
		return fmt.Sprintf("belongs to the account %s, not to %s: give it to that account (chown -R), or run this as its owner",
			accountName(owner), accountName(want))
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("can be written to by other accounts than its owner (mode %04o): chmod go-w", info.Mode().Perm())
	}
	return ""
}

// distrustSocketDirectory says why the server's socket cannot lie in a directory, "" when it can.
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

// distrustFile says why a file cannot be used, "" when it can: one of the first owner, or one of another that has no
// second name. A second name may have been given to it by whoever owns the directory.
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

// distrustProgram says why root does not run a program, "" when it does or when this is not root: who may change the
// program, or a directory on the way to it, would be root. The path has no symbolic links.
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

// accountName returns the name of the account with that number, or the number.
func accountName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
