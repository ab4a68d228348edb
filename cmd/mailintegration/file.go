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
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // reading a pipe may never end, and cannot be done twice
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err)
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

func unreadable(err error) error {
	return &failure{code: exitFailed, err: err, hint: "name a file that holds one message and can be read"}
}

// Size implements store.Raw.
func (f *messageFile) Size() int64 { return f.size }

// Digest implements store.Raw.
func (f *messageFile) Digest() [sha256.Size]byte { return f.digest }
