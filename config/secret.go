package config

import (
	"fmt"
	"io"
)

// redacted replaces a secret wherever it would be printed.
const redacted = "REDACTED"

// Secret is a text that is never printed: every way to format it yields REDACTED. The zero Secret is empty.
type Secret struct {
	// A pointer, because fmt prints a string in an unexported field without calling its methods.
	text      *string
	encrypted bool // the file that it comes from has it encrypted
}

// NewSecret returns text as a Secret.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsEmpty reports whether there is no text.
func (s Secret) IsEmpty() bool { return s.Reveal() == "" }

// IsEncrypted reports whether the file that the secret comes from has it encrypted.
func (s Secret) IsEncrypted() bool { return s.encrypted }

// Equal reports whether both secrets have the same text.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns REDACTED.
func (s Secret) String() string { return redacted }

// GoString returns REDACTED.
func (s Secret) GoString() string { return redacted }

// Format writes REDACTED, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns REDACTED, for JSON, XML and structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
