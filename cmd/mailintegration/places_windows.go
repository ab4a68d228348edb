package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// modesCount reports whether the permissions of a file decide who can read it. On Windows access control lists do.
const modesCount = false

// fileSystemOf returns the volume that a path lies on.
func fileSystemOf(path string) (fileSystem, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return fileSystem{}, fmt.Errorf("%s: %w", path, err)
	}
	var free, total uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, &total, nil); err != nil {
		return fileSystem{}, fmt.Errorf("%s: %w", path, err)
	}
	return fileSystem{id: strings.ToLower(filepath.VolumeName(path)), free: int64(free), total: int64(total)}, nil
}

// ownership is the account that the files of a directory should belong to. It is not checked: on Windows a file inherits the
// access rights of its folder, also if an administrator makes it.
type ownership struct{ account string }

func ownershipOf(fs.FileInfo) ownership { return ownership{} }

func (ownership) stranger(string, fs.DirEntry) string { return "" }
