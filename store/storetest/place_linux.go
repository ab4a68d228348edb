package storetest

import (
	"os"
	"syscall"
)

// memory is a file system in memory, enough of it is what a test binary never comes near to.
const (
	memory = "/dev/shm"
	enough = 2 << 30 // octets
)

// place is where the server's directory goes: into memory when there is plenty, because a clone of a database is
// some 300 files, which take 20 ms there and 400 ms on a disk with ext4. A TMPDIR that is set is obeyed.
func place() string {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &fs) != nil {
		return os.TempDir()
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < enough || syscall.Access(memory, 2) != nil {
		return os.TempDir()
	}
	return memory
}
