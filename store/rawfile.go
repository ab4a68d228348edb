package store

import (
	"crypto/sha256"
	"io"
	"os"
)

// RawFile is a message in a file and implements Raw. Its octets are taken as they are: it counts as the same delivery as a
// message from a mailbox only when every octet is the same.
type RawFile struct {
	*os.File
	size   int64
	digest [sha256.Size]byte
}

// OpenRaw opens a file and reads it once to compute its digest.
func OpenRaw(name string) (*RawFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &RawFile{File: f, size: size, digest: [sha256.Size]byte(hash.Sum(nil))}, nil
}

// Size implements Raw.
func (f *RawFile) Size() int64 { return f.size }

// Digest implements Raw.
func (f *RawFile) Digest() [sha256.Size]byte { return f.digest }
