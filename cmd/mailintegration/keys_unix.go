//go:build unix

package main

import (
	"errors"
	"os"
)

// letDaemonAloneRead gives a file that root has made to the account that owns the data directory. If root owns it too, the daemon
// reads the file as its group, see letDaemonRead.
func letDaemonAloneRead(path, dataDirectory string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := directoryOwner(dataDirectory)
	if err != nil || uid == 0 {
		return nil // check says what is wrong with the directory
	}
	return errors.Join(os.Chmod(path, 0o600), os.Lchown(path, uid, gid))
}
