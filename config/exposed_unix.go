//go:build unix

package config

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// readers returns who besides its owner can read a file, and the command that ends it; "" for nobody. A group does not
// count when root owns the file, or when it is the group of root or of the owner alone: an administrator lets a daemon
// read its files this way.
func readers(path string) (who, remedy string) {
	info, err := os.Stat(path)
	if err != nil {
		return "", ""
	}
	const byOthers, byGroup = 0o004, 0o040
	stat, known := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case mode&byOthers != 0:
		return "every account on this machine", "chmod o-rwx"
	case mode&byGroup == 0 || !known || stat.Uid == 0 || stat.Gid == 0 || isOwnGroup(stat.Uid, stat.Gid):
		return "", ""
	}
	return "the group " + groupName(stat.Gid), "chmod g-rwx"
}

// isOwnGroup reports whether a group was made for an account alone: it has the account's name or number.
func isOwnGroup(uid, gid uint32) bool {
	if uid == gid {
		return true
	}
	owner, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	return err == nil && owner.Username == groupName(gid)
}

// groupName returns the name of a group, or its number when it has no name.
func groupName(gid uint32) string {
	number := strconv.FormatUint(uint64(gid), 10)
	if group, err := user.LookupGroupId(number); err == nil {
		return group.Name
	}
	return number
}
