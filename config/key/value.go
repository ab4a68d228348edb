package key

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"filippo.io/age"
)

// prefix begins every encrypted value.
const prefix = "encrypted:"

// value matches an encrypted value without white space: the identifier of its key, and its content.
var value = regexp.MustCompile(`^encrypted:([0-9a-f]{8}):([A-Za-z0-9+/]+)$`)

// maxPlain limits the octets of a decrypted value. No secret of a configuration file is that long.
const maxPlain = 1 << 20

// ErrDamaged says that an encrypted value was changed, or is not whole.
var ErrDamaged = errors.New("is an encrypted value that was changed or cut short")

// UnknownError says that a value is encrypted with a key that is not in the ring.
type UnknownError struct {
	ID  string   // of the value's key
	Has []string // the identifiers of the keys in the ring
}

// Error returns a sentence without its subject.
func (e *UnknownError) Error() string {
	noun := "key"
	if len(e.Has) > 1 {
		noun = "the keys"
	}
	return fmt.Sprintf("is encrypted with key %s; this installation has %s %s", e.ID, noun, strings.Join(e.Has, ", "))
}

// IsEncrypted reports whether a text is an encrypted value, whole or not. White space around it does not count.
func IsEncrypted(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), prefix) }

// IDOf returns the identifier of the key that a value is encrypted with, and ErrDamaged if the value names none.
func IDOf(text string) (string, error) {
	id, _, err := cut(text)
	return id, err
}

// cut returns the two parts of a value. White space in it comes from the layout of a file.
func cut(text string) (id string, content []byte, err error) {
	parts := value.FindStringSubmatch(strings.Join(strings.Fields(text), ""))
	if parts == nil {
		return "", nil, ErrDamaged
	}
	content, err = base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return "", nil, ErrDamaged
	}
	return parts[1], content, nil
}

// Encrypt returns a text as a value for the first key. Each call returns another value.
func (r *Ring) Encrypt(plain string) (string, error) {
	first := r.keys[0]
	var content bytes.Buffer
	w, err := age.Encrypt(&content, first.Recipient())
	if err == nil {
		_, err = io.WriteString(w, plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return prefix + idOf(first) + ":" + base64.RawStdEncoding.EncodeToString(content.Bytes()), nil
}

// Decrypt returns the text that a value stands for. The error is ErrDamaged or an *UnknownError.
func (r *Ring) Decrypt(text string) (string, error) {
	id, content, err := cut(text)
	if err != nil {
		return "", err
	}
	for _, k := range r.keys {
		if idOf(k) == id {
			return decrypt(k, content)
		}
	}
	return "", &UnknownError{ID: id, Has: r.IDs()}
}

// decrypt decrypts the content of a value.
func decrypt(k *age.X25519Identity, content []byte) (string, error) {
	reader, err := age.Decrypt(bytes.NewReader(content), k)
	if err != nil {
		return "", ErrDamaged
	}
	plain, err := io.ReadAll(io.LimitReader(reader, maxPlain+1))
	if err != nil || len(plain) > maxPlain {
		return "", ErrDamaged
	}
	return string(plain), nil
}
