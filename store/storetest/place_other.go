//go:build !linux

package storetest

import "os"

// place is where the server's directory goes.
func place() string { return os.TempDir() }
