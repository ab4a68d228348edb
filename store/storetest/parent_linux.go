package storetest

import (
	"os"
	"syscall"
)

// memory is a file system in memory. A test binary never needs as much as enough.
const (
	memory = "/dev/shm"
	enough = 2 << 30 // octets
)

// parentDirectory returns the directory in which the server's directory is made: TMPDIR when it is set, otherwise a file
// system in memory when there is plenty. A clone of a database is some 300 files, which take 20 ms there and 400 ms on a
// disk with ext4.
func parentDirectory() string {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &fs) != nil {
		return os.TempDir()
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < enough || syscall.Access(memory, 2) != nil {
		return os.TempDir()
	}
	return memory
}
