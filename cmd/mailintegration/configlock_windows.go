package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/windows"
)

// tryLock locks a folder, or returns a *lockedError at once: who has the file mailintegration.lock open lets others only read it,
// which shows them the number of the process. A file that is left behind locks nothing.
func tryLock(folder string) (unlock func(), err error) {
	path := filepath.Join(folder, "mailintegration.lock")
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_SHARE_READ, nil,
		windows.CREATE_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		octets, _ := os.ReadFile(path)
		process, _ := strconv.Atoi(string(bytes.TrimSpace(octets)))
		return nil, &lockedError{process}
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(h), path)
	_, _ = f.WriteString(strconv.Itoa(os.Getpid()) + "\r\n") // the number helps a person; the open file is the lock
	return func() { _ = f.Close() }, nil
}
