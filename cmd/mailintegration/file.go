package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

// messageFile is a message in a file, its octets taken as they are: it is the same delivery as one from a mailbox only
// when every octet is the same.
type messageFile struct {
	*os.File
	size   int64
	digest [sha256.Size]byte
}

// openMessage opens a file and reads it once, for its digest.
func openMessage(name string) (*messageFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the message: %w", err)
	}
	m := &messageFile{File: f, size: size}
	hash.Sum(m.digest[:0])
	return m, nil
}

// Size implements store.Raw.
func (f *messageFile) Size() int64 { return f.size }

// Digest implements store.Raw.
func (f *messageFile) Digest() [sha256.Size]byte { return f.digest }
