//go:build unix

package main

import (
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
