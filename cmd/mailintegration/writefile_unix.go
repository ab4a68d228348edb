//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
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

// mayWriteBelow returns an error if this account cannot write to a folder or, as long as it does not exist, to the nearest one above.
func mayWriteBelow(folder string) error {
	for {
		err := unix.Access(folder, unix.W_OK|unix.X_OK)
		above := filepath.Dir(folder)
		if !errors.Is(err, os.ErrNotExist) || above == folder {
			if err != nil {
				err = fmt.Errorf("%s: %w", folder, err)
			}
			return err
		}
		folder = above
	}
}

// linksOf returns the number of names that a file has.
func linksOf(path string) (int, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return int(info.Sys().(*syscall.Stat_t).Nlink), nil // package os documents it
}

// showLinks returns the command that shows the names of a file.
func showLinks(path string) string { return "find / -samefile " + path }

// rename puts a file in the place of another.
func rename(from, to string) error { return os.Rename(from, to) }

// letDaemonFind lets the account that owns the data directory read a file that root has made, and its folder, through the group of
// that account. It leaves alone what letDaemonRead has given to the group of a folder, as in the layout of a package.
func letDaemonFind(path, dataDirectory string) error {
	uid, group, err := directoryOwner(dataDirectory)
	if os.Geteuid() != 0 || err != nil || uid == 0 || group == 0 {
		return nil // check says what is wrong with the directory
	}
	for target, mode := range map[string]os.FileMode{filepath.Dir(path): 0o750, path: 0o640} {
		info, err := os.Stat(target)
		if err != nil {
			return err
		}
		const byOthers = 0o005
		if _, of := ownerOf(info); of != 0 || info.Mode().Perm()&byOthers == mode&0o050>>3 {
			continue // another group's, or everybody may use it
		}
		if err := errors.Join(os.Lchown(target, -1, group), os.Chmod(target, mode)); err != nil {
			return err
		}
	}
	return nil
}
