package main

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// letDaemonRead does nothing: a file has the access rights of its folder, which service install sets.
func letDaemonRead(string, os.FileMode) error { return nil }

// keepAccess gives a new file the access control list of another one.
func keepAccess(from, to string) error {
	descriptor, err := windows.GetNamedSecurityInfo(from, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	control, _, err := descriptor.Control()
	if err != nil {
		return err
	}
	var which windows.SECURITY_INFORMATION = windows.DACL_SECURITY_INFORMATION | windows.UNPROTECTED_DACL_SECURITY_INFORMATION
	if control&windows.SE_DACL_PROTECTED != 0 {
		which = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	}
	return windows.SetNamedSecurityInfo(to, windows.SE_FILE_OBJECT, which, nil, nil, list, nil)
}

// mayWriteBelow does nothing: only the attempt shows what an access control list permits.
func mayWriteBelow(string) error { return nil }

// linksOf returns the number of names that a file has.
func linksOf(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var info windows.ByHandleFileInformation
	err = windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info)
	return int(info.NumberOfLinks), err
}

// showLinks returns the command that shows the names of a file.
func showLinks(path string) string { return "fsutil hardlink list " + path }

// rename puts a file in the place of another. While a program reads that one, such as the daemon or a virus scanner, Windows
// refuses; then rename tries again for a second.
func rename(from, to string) error {
	const tries, pause = 20, 50 * time.Millisecond
	for i := 1; ; i++ {
		err := os.Rename(from, to)
		isInUse := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !isInUse || i == tries {
			return err
		}
		<-time.After(pause)
	}
}

// letDaemonFind does nothing: a file has the access rights of its folder, which service install sets.
func letDaemonFind(_, _ string) error { return nil }
