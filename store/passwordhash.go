package store

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// passwordHash is the argon2id hash (RFC 9106) of a password with everything that is needed to compute it again.
type passwordHash struct {
	salt, key   []byte
	memory      uint32 // KiB
	passes      uint32
	parallelism uint8
}

// The parameters of new hashes: the second recommended option of RFC 9106 §4, for memory-constrained environments.
const (
	hashMemory      = 64 << 10 // KiB
	hashPasses      = 3
	hashParallelism = 4
	hashSaltOctets  = 16
	hashKeyOctets   = 32
)

// newPasswordHash returns the hash of a password with a new salt.
func newPasswordHash(password string) passwordHash {
	h := passwordHash{salt: make([]byte, hashSaltOctets), memory: hashMemory, passes: hashPasses, parallelism: hashParallelism}
	rand.Read(h.salt) // never fails
	h.key = h.compute(password, hashKeyOctets)
	return h
}

// compute returns the hash of a password with the salt and the parameters of h.
func (h passwordHash) compute(password string, octets uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.parallelism, octets)
}

// isOf reports whether h is the hash of a password, in a time that does not depend on where they differ.
func (h passwordHash) isOf(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password, uint32(len(h.key))), h.key) == 1
}

// phc is the form in which a hash is kept, that of the Password Hashing Competition.
const phc = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"

// String returns the hash as the database keeps it.
func (h passwordHash) String() string {
	return fmt.Sprintf(phc, argon2.Version, h.memory, h.passes, h.parallelism, phcText(h.salt), phcText(h.key))
}

// phcText returns octets in base64 without padding.
func phcText(octets []byte) string { return base64.RawStdEncoding.EncodeToString(octets) }

// errHash says that a row does not hold a hash that this program can compute.
var errHash = errors.New("the database holds a hash that this version cannot read (set the password again)")

// maxHashMemory limits, in KiB, what a hash of the database can make this program allocate.
const maxHashMemory = 1 << 20

// parsePasswordHash returns the hash that String has written.
func parsePasswordHash(text string) (passwordHash, error) {
	var h passwordHash
	fields := strings.Split(text, "$")
	if len(fields) != strings.Count(phc, "$")+1 {
		return h, errHash
	}
	version := 0
	_, err := fmt.Sscanf(strings.Join(fields[:4], "$"), "$argon2id$v=%d$m=%d,t=%d,p=%d", &version, &h.memory, &h.passes, &h.parallelism)
	if err == nil {
		h.salt, err = base64.RawStdEncoding.DecodeString(fields[4])
	}
	if err == nil {
		h.key, err = base64.RawStdEncoding.DecodeString(fields[5])
	}
	if err != nil || version != argon2.Version || h.memory > maxHashMemory || h.passes == 0 || h.parallelism == 0 || len(h.key) == 0 {
		return h, errHash
	}
	return h, nil
}

// preparePassword returns a password in the form that is hashed: NFC, as RFC 8265 §4.2.2 wants it, because one system writes é
// as one character and another as two.
func preparePassword(password string) string { return norm.NFC.String(password) }
