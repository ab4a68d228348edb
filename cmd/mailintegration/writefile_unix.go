//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
)

// letDaemonRead gives a file or folder of root's to the group of its folder, which is the daemon's where a package made it. Only
// root needs that.
func letDaemonRead(path string, mode os.FileMode) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	_, group := ownerOf(folder)
	if os.Geteuid() != 0 || group == 0 {
		return nil
	}
	if err := os.Lchown(path, 0, group); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// keepAccess gives a new file the owner, the group and the rights of another one, with its access control list.
func keepAccess(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	made, err := os.Stat(to)
	if err != nil {
		return err
	}
	owner, group := ownerOf(info)
	if o, g := ownerOf(made); o != owner || g != group {
		err = os.Lchown(to, owner, group)
	}
	return errors.Join(err, os.Chmod(to, info.Mode().Perm()), keepAttributes(from, to)) // the list after the mode, which changes it
}

// rename puts a file in the place of another.
func rename(from, to string) error { return os.Rename(from, to) }
