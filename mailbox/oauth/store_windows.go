package oauth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/windows"
)

// whyUnsafe says why a file or directory of the store cannot be trusted, "" when it can. It does not check who may read
// it: protect has written the directory's access control list.
func whyUnsafe(info fs.FileInfo, _ int) string {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return "is neither a file nor a directory"
	}
	return ""
}

// ownerOnly gives access to the system, administrators and the owner only; the files in the directory inherit it.
const ownerOnly = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"

// serviceEntry matches an entry of an access control list that lets the account of a service in.
var serviceEntry = regexp.MustCompile(`\(A;[^;)]*;[^;)]*;;;(S-1-5-80(?:-\d+)+)\)`)

// restricted returns the access control list of a directory whose parent has the given one. A service that may use the parent
// keeps that right: an administrator authorizes a mailbox, and the account of the service refreshes its token.
func restricted(parent string) string {
	list := ownerOnly
	for _, m := range serviceEntry.FindAllStringSubmatch(parent, -1) {
		if entry := "(A;OICI;0x1301bf;;;" + m[1] + ")"; !strings.Contains(list, entry) { // read, write and delete
			list += entry
		}
	}
	return list
}

// nonBlocking has no use on Windows, where opening a file does not block.
const nonBlocking = 0

// trustedOwner returns a placeholder: on Windows whyUnsafe does not check the owner.
func trustedOwner(*os.Root) int { return 0 }

// protect restricts a new directory to its owner and to the service, whoever else the parent lets in.
func protect(root *os.Root, name string) error {
	path := filepath.Join(root.Name(), name)
	parent, err := windows.GetNamedSecurityInfo(root.Name(), windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	descriptor, err := windows.SecurityDescriptorFromString(restricted(parent.String()))
	if err != nil {
		return err
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

// inheritOwner does nothing: the system's account can read an administrator's files.
func inheritOwner(*os.Root, string) error { return nil }

// lockFile locks the file, or returns errLocked at once.
func lockFile(f *os.File) error {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// syncDirectory does nothing: NTFS has a journal of its own.
func syncDirectory(string) error { return nil }
