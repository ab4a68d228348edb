package main

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"

	"mailintegration/cmd/mailintegration/service"
)

// letDaemonAloneRead lets the system, administrators and the account of the service read a file, whoever else may read its folder.
func letDaemonAloneRead(path, _ string) error { return service.Restrict(path) }

// hasNoLinks reports whether the error of a link may mean that the file system has none: FAT names several.
func hasNoLinks(err error) bool { return !errors.Is(err, fs.ErrExist) }

// renameNew renames a file, unless one has the new name.
func renameNew(from, to string) error {
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(old, name, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
