package oauth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// whyUnsafe says why a file or directory of the store cannot be trusted, "" when it can. Who may read it is in the
// directory's access control list, which protect wrote.
func whyUnsafe(info fs.FileInfo, _ int) string {
	if info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return "is neither a file nor a directory"
	}
	return ""
}

// ownerOnly lets the system, administrators and the owner in, and nobody else; what lies in the directory inherits it.
const ownerOnly = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"

// nonBlocking has no use on Windows, whose files do not block when they are opened.
const nonBlocking = 0

// trustedOwner is of no use on Windows, where whyUnsafe does not ask for the owner.
func trustedOwner(*os.Root) int { return 0 }

// protect makes a new directory its owner's alone, whatever the directory above it allows.
func protect(root *os.Root, name string) error {
	path := filepath.Join(root.Name(), name)
	descriptor, err := windows.SecurityDescriptorFromString(ownerOnly)
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

// inheritOwner has nothing to do: what an administrator made is open to the system's account.
func inheritOwner(*os.Root, string) error { return nil }

// lockFile locks the file at once or returns errLocked.
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

// syncDirectory has nothing to do: NTFS keeps its own journal.
func syncDirectory(string) error { return nil }
