//go:build !linux

package storetest

import "os"

// parentDirectory returns the directory in which the server's directory is made.
func parentDirectory() string { return os.TempDir() }
