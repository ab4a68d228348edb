package service

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"golang.org/x/sys/windows"
)

// The rights that the account gets on files and directories, as the window Security names them.
const (
	readRights   = windows.FILE_GENERIC_READ | windows.FILE_GENERIC_EXECUTE
	modifyRights = readRights | windows.FILE_GENERIC_WRITE | windows.DELETE
)

// fresh is the access control list of a directory that Install makes: nobody else gets in, whatever its parent allows.
const fresh = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

// giveRights lets the account read the program and the configuration, and write in its directories, and no more.
func (w *windowsService) giveRights() error {
	account, err := accountSID(w.options.Account)
	if err != nil {
		return &Error{err, "there is no account " + w.options.Account + ": " + err.Error(), "create it, or leave --account out"}
	}
	if err := makeSaid(account); err != nil {
		return err
	}
	for _, path := range sorted(w.options.Writes) {
		if err := makeDirectory(path); err != nil {
			return err
		}
		for _, directory := range append(protectedBelow(path), path) {
			if err := allow(directory, account, modifyRights); err != nil {
				return err
			}
		}
	}
	for _, path := range sorted(append([]string{w.options.Executable, w.options.Config}, w.options.Reads...)) {
		if err := allow(path, account, readRights); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// protectedBelow returns the directories in a directory that inherit no rights, as that of the access tokens.
func protectedBelow(path string) (protected []string) {
	entries, _ := os.ReadDir(path) // an error tells itself when the rights are given
	for _, e := range entries {
		below := filepath.Join(path, e.Name())
		d, err := windows.GetNamedSecurityInfo(below, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil || !e.IsDir() {
			continue
		}
		if control, _, err := d.Control(); err == nil && control&windows.SE_DACL_PROTECTED != 0 {
			protected = append(protected, below)
		}
	}
	return protected
}

// accountSID returns the security identifier of an account. That of a virtual account follows from its name.
func accountSID(account string) (*windows.SID, error) {
	if name, is := strings.CutPrefix(strings.ToUpper(account), `NT SERVICE\`); is {
		return windows.StringToSid(serviceSID(name))
	}
	sid, _, _, err := windows.LookupSID("", account)
	return sid, err
}

// serviceSID returns the security identifier of a service: the SHA-1 of its name in upper case and UTF-16, as five numbers
// ([MS-DTYP] 2.4.2.4, SERVICE_SID).
func serviceSID(name string) string {
	var octets []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(name))) {
		octets = binary.LittleEndian.AppendUint16(octets, unit)
	}
	digest := sha1.Sum(octets)
	sid := "S-1-5-80"
	for part := digest[:]; len(part) > 0; part = part[4:] {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(part))
	}
	return sid
}

// makeDirectory makes a directory that is missing, with those above it.
func makeDirectory(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // an error tells itself when the rights are given
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return err
	}
	descriptor, err := windows.SecurityDescriptorFromString(fresh)
	if err != nil {
		return err
	}
	return protect(path, descriptor)
}

// allow gives the account rights on a file, or on a directory and everything in it. The rights on a share are the file server's:
// there the account is the computer's.
func allow(path string, account *windows.SID, rights windows.ACCESS_MASK) error {
	if strings.HasPrefix(path, `\\`) {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	if err := grant(path, windows.SE_FILE_OBJECT, account, rights); err != nil {
		return &Error{
			err, fmt.Sprintf("the account of the service cannot be given rights on %s: %v", path, err),
			"give them yourself, in the properties of the file or directory, under Security",
		}
	}
	return nil
}

// grant adds rights to the access control list of an object, which objects below it inherit.
func grant(name string, kind windows.SE_OBJECT_TYPE, account *windows.SID, rights windows.ACCESS_MASK) error {
	descriptor, err := windows.GetNamedSecurityInfo(name, kind, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	list, _, err := descriptor.DACL()
	if err != nil && !errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) { // everybody has all rights
		return err
	}
	list, err = windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: rights, AccessMode: windows.GRANT_ACCESS, Inheritance: windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee: windows.TRUSTEE{
			TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeType: windows.TRUSTEE_IS_UNKNOWN, TrusteeValue: windows.TrusteeValueFromSID(account),
		},
	}}, list)
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(name, kind, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

// Restrict lets the system, administrators, the owner and the account of the service into a file, and nobody else. The account
// may only read it. Install gives another account its rights.
func Restrict(path string) error {
	descriptor, err := windows.SecurityDescriptorFromString(fresh + "(A;;FA;;;OW)(A;;FR;;;" + serviceSID(Name) + ")")
	if err != nil {
		return err
	}
	return protect(path, descriptor)
}

// protect gives a file or directory the access control list of a descriptor, and takes from it the rights of its parent.
func protect(path string, descriptor *windows.SECURITY_DESCRIPTOR) error {
	list, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}
