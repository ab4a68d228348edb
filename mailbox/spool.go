package mailbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
)

// leastMemory is how many octets of a message a spool may hold in memory, whatever LIST says.
const leastMemory = 64 << 10

// Spool holds the octets of one message as the server sent them: in memory, or, when there are many, in a file that
// only this account can read. ReadAt may be called concurrently.
type Spool struct {
	account  Account
	memory   []byte
	file     *os.File // nil while memory suffices
	expected int64    // octets, as LIST says
	most     int64    // octets to keep, 0 for all
	size     int64    // octets kept so far
	received int64    // octets received so far
	hash     hash.Hash
	digest   [sha256.Size]byte
	closed   bool
	dropped  bool // the octets are not needed: Write counts them only
}

// newSpool returns a spool for a message of about that many octets. It takes memory only when octets arrive, and at
// most twice as many as announced (or leastMemory): a hundred large messages that LIST calls small must not be held in
// memory.
func newSpool(a Account, octets int64) *Spool {
	a.SpoolMemory = min(a.SpoolMemory, max(leastMemory, 2*octets))
	return &Spool{account: a, expected: max(0, min(octets, a.SpoolMemory))}
}

// newTopSpool returns a spool for a header. It keeps the first maxTop octets of an answer.
func newTopSpool(a Account) *Spool {
	a.MaxOctets = maxTopRead
	return &Spool{account: a, most: maxTop}
}

// drop has the spool keep nothing; it must be called before the first Write.
func (s *Spool) drop() { s.dropped = true }

// Write adds octets. Its errors are ErrTooLarge and ErrSpool.
func (s *Spool) Write(p []byte) (int, error) {
	s.received += int64(len(p))
	if limit := s.account.MaxOctets; limit > 0 && s.received > limit {
		return 0, fmt.Errorf("%w: more than %d octets", ErrTooLarge, limit)
	}
	kept := p
	if s.most > 0 {
		kept = p[:min(int64(len(p)), s.most-s.size)]
	}
	if s.dropped || len(kept) == 0 {
		return len(p), nil
	}
	if err := s.keep(kept); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSpool, err)
	}
	return len(p), nil
}

// keep adds octets to the memory or the file.
func (s *Spool) keep(p []byte) error {
	s.size += int64(len(p))
	if s.hash == nil {
		s.hash = sha256.New()
		s.memory = make([]byte, 0, s.expected)
	}
	s.hash.Write(p)
	if s.file == nil && s.size <= s.account.SpoolMemory {
		s.memory = append(s.memory, p...)
		return nil
	}
	return s.writeFile(p)
}

// writeFile adds octets to the file. It creates the file first, with the octets that were in memory.
func (s *Spool) writeFile(p []byte) error {
	if s.file == nil {
		file, err := createSpoolFile(s.account.SpoolDirectory)
		if err != nil {
			return err
		}
		s.file = file
		if _, err := file.Write(s.memory); err != nil {
			return err
		}
		s.memory = nil
	}
	_, err := s.file.Write(p)
	return err
}

// firstOctet returns the first octet, 0 when there is none or it cannot be read.
func (s *Spool) firstOctet() byte {
	if s.file == nil && len(s.memory) > 0 {
		return s.memory[0]
	}
	var b [1]byte
	_, _ = s.ReadAt(b[:], 0) // the reader of the message gets the same error
	return b[0]
}

// finish ends the writing and computes the digest.
func (s *Spool) finish() {
	if s.hash == nil { // no octets were written
		s.hash = sha256.New()
	}
	s.hash.Sum(s.digest[:0])
	s.hash = nil
	if int64(cap(s.memory)) > 2*s.size+leastMemory { // LIST announced far more
		s.memory = slices.Clip(slices.Clone(s.memory))
	}
}

// Size returns the number of octets of the message.
func (s *Spool) Size() int64 { return s.size }

// Digest returns the SHA-256 of the message's octets.
func (s *Spool) Digest() [sha256.Size]byte { return s.digest }

// ReadAt implements io.ReaderAt over the message's octets.
func (s *Spool) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case s.closed:
		return 0, os.ErrClosed
	case s.file != nil:
		return s.file.ReadAt(p, off)
	case off < 0:
		return 0, errors.New("read a spool at a negative offset")
	case len(p) > 0 && off >= int64(len(s.memory)):
		return 0, io.EOF
	}
	n := copy(p, s.memory[min(off, int64(len(s.memory))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close frees the memory or removes the file. It may be called twice.
func (s *Spool) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.memory = nil
	if s.file == nil {
		return nil
	}
	return s.file.Close() // the name was removed when the file was created, or Windows removes it with the handle
}
