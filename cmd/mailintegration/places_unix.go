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

// modesCount: the permissions of files say who can read them.
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
	f := fileSystem{id: path, free: int64(of.Bavail) * int64(of.Bsize), total: int64(of.Blocks) * int64(of.Bsize)}
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		f.id = strconv.FormatUint(uint64(stat.Dev), 10)
	}
	return f, nil
}

// ownership is whose the files of a directory should be.
type ownership struct {
	account string
	uid     uint32
	known   bool
	isRoot  bool // this process is root, which may write anything
}

// ownershipOf returns whose the files in a directory should be: this process's account, or, when that is root, the
// directory's owner, as whom the daemon runs.
func ownershipOf(directory fs.FileInfo) ownership {
	o := ownership{uid: uint32(os.Geteuid()), isRoot: os.Geteuid() == 0, known: true}
	if stat, known := directory.Sys().(*syscall.Stat_t); o.isRoot {
		if o.known = known; known {
			o.uid = stat.Uid
		}
	}
	o.account = accountName(int(o.uid))
	return o
}

// stranger returns the owner of an entry that the account cannot work with, "" for one that it can.
func (o ownership) stranger(path string, entry fs.DirEntry) string {
	info, err := entry.Info()
	if err != nil {
		return "" // it was removed just now
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known || !o.known || stat.Uid == o.uid {
		return ""
	}
	if o.isRoot && stat.Uid != 0 || !o.isRoot && canWrite(path, entry) {
		return ""
	}
	return accountName(int(stat.Uid))
}

// canWrite reports whether this process may change a file, or what is in a folder: its group may let it.
func canWrite(path string, entry fs.DirEntry) bool {
	mode := uint32(unix.W_OK)
	if entry.IsDir() {
		mode |= unix.X_OK
	}
	return unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS) == nil
}
