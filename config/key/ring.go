package key

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
)

// Ring holds keys, at least one. The first one encrypts, each one decrypts. A Ring does not change.
type Ring struct{ keys []*age.X25519Identity }

// ErrNoKey says that a key file holds no key, or one that is not whole.
var ErrNoKey = errors.New("holds no key, or not a whole one")

// Generate returns a ring with one new key.
func Generate() (*Ring, error) {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return &Ring{[]*age.X25519Identity{k}}, nil
}

// Parse returns the ring of a key file: a line for each key, and lines that begin with # or are empty. It opens a sealed file.
func Parse(octets []byte) (*Ring, error) {
	octets, err := unseal(octets)
	if err != nil {
		return nil, err
	}
	identities, err := age.ParseIdentities(bytes.NewReader(octets))
	if err != nil {
		return nil, ErrNoKey // the cause may quote the key
	}
	r := &Ring{}
	for _, identity := range identities {
		k, is := identity.(*age.X25519Identity)
		if !is {
			return nil, ErrNoKey
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

// Plain returns the ring as a key file that any machine can read.
func (r *Ring) Plain() []byte {
	var b strings.Builder
	b.WriteString("# The keys of the encrypted passwords in the files of MailIntegration: the first one encrypts, all decrypt.\n" +
		"# Keep a copy in a safe place, apart from these files. Whoever has both can read the passwords.\n")
	for _, k := range r.keys {
		fmt.Fprintf(&b, "# key %s\n%s\n", idOf(k), k)
	}
	return []byte(b.String())
}

// Sealed returns the ring as the key file of this machine: on Windows, no other machine can open it.
func (r *Ring) Sealed() ([]byte, error) { return seal(r.Plain()) }

// IDs returns the identifiers of the keys, in their order.
func (r *Ring) IDs() []string {
	var all []string
	for _, k := range r.keys {
		all = append(all, idOf(k))
	}
	return all
}

// First returns the ring with its first key alone.
func (r *Ring) First() *Ring { return &Ring{r.keys[:1]} }

// Join returns the ring with the keys of another one behind its own. Either may be nil.
func (r *Ring) Join(other *Ring) *Ring {
	if r == nil {
		return other
	}
	joined := &Ring{slices.Clone(r.keys)}
	if other == nil {
		return joined
	}
	for _, k := range other.keys {
		if !slices.Contains(joined.IDs(), idOf(k)) {
			joined.keys = append(joined.keys, k)
		}
	}
	return joined
}

// idOf returns the identifier of a key.
func idOf(k *age.X25519Identity) string {
	digest := sha256.Sum256([]byte(k.Recipient().String()))
	return hex.EncodeToString(digest[:4])
}
