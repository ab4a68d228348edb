package config

import (
	"fmt"
	"io"
)

// redacted is what a Secret shows of itself.
const redacted = "REDACTED"

// Secret is a text that is never printed: every way to format it says REDACTED. The zero Secret is empty.
type Secret struct {
	// A pointer, because fmt prints the content of a string that lies in somebody's unexported field
	// without asking its methods.
	text *string
}

// NewSecret returns text as a Secret.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsEmpty says whether there is no text.
func (s Secret) IsEmpty() bool { return s.Reveal() == "" }

// Equal says whether both hold the same text.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns REDACTED.
func (s Secret) String() string { return redacted }

// GoString returns REDACTED.
func (s Secret) GoString() string { return redacted }

// Format writes REDACTED, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns REDACTED, so JSON, XML and structured logs show that.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
