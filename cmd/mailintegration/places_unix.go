//go:build linux || darwin || freebsd

package main

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// modesCount reports whether the permissions of a file decide who can read it.
const modesCount = true

// fileSystemOf returns the file system that a path lies on.
func fileSystemOf(path string) (fileSystem, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileSystem{}, err
	}
	var of syscall.Statfs_t
	if err := syscall.Statfs(path, &of); err != nil {
		return fileSystem{}, fmt.Errorf("%s: %w", path, err)
	}
	return fileSystem{
		id:   strconv.FormatUint(uint64(info.Sys().(*syscall.Stat_t).Dev), 10),
		free: int64(of.Bavail) * int64(of.Bsize), total: int64(of.Blocks) * int64(of.Bsize),
	}, nil
}

// ownership is the account that the files of a directory should belong to.
type ownership struct {
	account string
	uid     int
	isRoot  bool // this process is root, which can write every file
}

// ownershipOf returns the account that the files in a directory should belong to: the account of this process or, if that
// is root, the owner of the directory, since the daemon runs as that account.
func ownershipOf(directory fs.FileInfo) ownership {
	o := ownership{uid: os.Geteuid(), isRoot: os.Geteuid() == 0}
	if o.isRoot {
		o.uid, _ = ownerOf(directory)
	}
	o.account = accountName(o.uid)
	return o
}

// stranger returns the owner of an entry that the account cannot use, "" for an entry that it can use.
func (o ownership) stranger(path string, entry fs.DirEntry) string {
	info, err := entry.Info()
	if err != nil {
		return "" // somebody has just removed it
	}
	uid, _ := ownerOf(info)
	if uid == o.uid || o.isRoot && uid != 0 || !o.isRoot && canWrite(path, entry) {
		return ""
	}
	return accountName(uid)
}

// canWrite reports whether this process may change a file or the entries of a folder, for example as a member of its group.
func canWrite(path string, entry fs.DirEntry) bool {
	mode := uint32(unix.W_OK)
	if entry.IsDir() {
		mode |= unix.X_OK
	}
	return unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS) == nil
}
