package key

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// aboutSealed explains a sealed key file to whoever opens it.
const aboutSealed = "# The keys of the encrypted passwords in the files of MailIntegration, sealed for this machine: no other one can open them.\n" +
	"# mailintegration config encrypt --save-key FILE writes a copy to keep in a safe place.\n"

// seal returns a key file that only this machine can open: DPAPI encrypts it with a key of the machine, since a service and
// an administrator, two accounts, have to open it. The access control list says which accounts may read the file.
func seal(plain []byte) ([]byte, error) {
	octets, err := protect(plain)
	if err != nil {
		return nil, fmt.Errorf("seal the key file: %w", err)
	}
	return []byte(aboutSealed + sealed + base64.StdEncoding.EncodeToString(octets) + "\n"), nil
}

// NeedsSeal reports whether a key file is not sealed, such as a saved copy that was put back.
func NeedsSeal(octets []byte) bool { return len(octets) > 0 && !bytes.Contains(octets, []byte(sealed)) }

// unseal returns the content of a key file. A file that is not sealed, such as a saved copy, is returned as it is.
func unseal(octets []byte) ([]byte, error) {
	_, after, is := bytes.Cut(octets, []byte(sealed))
	if !is {
		return octets, nil
	}
	blob, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(after)))
	if err != nil || len(blob) == 0 {
		return nil, ErrNoKey
	}
	plain, err := unprotect(blob)
	if err != nil {
		return nil, errSealedElsewhere
	}
	return plain, nil
}

// protect calls CryptProtectData for the machine, without a window.
func protect(plain []byte) ([]byte, error) {
	in, out := blobOf(plain), windows.DataBlob{}
	const flags = windows.CRYPTPROTECT_LOCAL_MACHINE | windows.CRYPTPROTECT_UI_FORBIDDEN
	err := windows.CryptProtectData(&in, nil, nil, 0, nil, flags, &out)
	runtime.KeepAlive(plain)
	return taken(out, err)
}

// unprotect calls CryptUnprotectData, without a window.
func unprotect(octets []byte) ([]byte, error) {
	in, out := blobOf(octets), windows.DataBlob{}
	err := windows.CryptUnprotectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	runtime.KeepAlive(octets)
	return taken(out, err)
}

// blobOf returns octets, at least one, as Windows takes them.
func blobOf(octets []byte) windows.DataBlob {
	return windows.DataBlob{Size: uint32(len(octets)), Data: unsafe.SliceData(octets)}
}

// taken returns a copy of what Windows has returned, and frees that.
func taken(out windows.DataBlob, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _, _ = windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data))) }() // an error leaves nothing to do
	return bytes.Clone(unsafe.Slice(out.Data, out.Size)), nil
}
