package logfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// canBeMoved says that nobody can move or remove a file while it is open.
const canBeMoved = false

// lock does nothing: the system keeps others from removing an open file.
func lock(*os.File) {}

// unlock does nothing, as lock does.
func unlock(*os.File) {}

// isLocked reports whether a process has a file open, and whether that is known. It asks for the file alone.
func isLocked(path string) (used, known bool) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return false, false
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION):
		return true, true
	case err != nil:
		return false, os.IsNotExist(err)
	}
	return false, windows.CloseHandle(h) == nil
}
