package config

import (
	"slices"
	"strings"

	"mailintegration/config/key"
)

// SecretValue is a secret that a file holds itself.
type SecretValue struct {
	Tag   string // as Edit names it: "Password", "Smtp/Password"
	Value Secret
	KeyID string // of the key that it is encrypted with, "" for none
}

// SecretsIn returns the secrets that a mailbox file or a service file holds, without a Database that has no password. The path
// is for messages. The error is an *Error: either the tags of the file are unclear, then there are no secrets, or some secrets
// cannot be read, then the others are returned.
func SecretsIn(path string, octets []byte, keys key.Source) ([]SecretValue, error) {
	return secretsIn(path, octets, newKeyring(keys))
}

// secretsIn does the same as SecretsIn, with keys that may have been opened.
func secretsIn(path string, octets []byte, keys *keyring) ([]SecretValue, error) {
	file, err := decodeWhole(octets)
	if err != nil {
		return nil, &Error{[]Mistake{{File: path, Text: err.Error()}}}
	}
	d, err := parseWhole(path, file.text)
	if err != nil {
		return nil, err
	}
	d.keys = keys
	d.decrypt()
	secrets := d.secretValues("")
	for i, inner := range d.smtp {
		if i > 0 {
			inner.mistake(inner.rootAt, smtpName, "is given twice (remove one)")
		}
		secrets = append(secrets, inner.secretValues(smtpName+"/")...)
		d.mistakes = append(d.mistakes, inner.mistakes...)
	}
	return secrets, asError(sorted(d.mistakes))
}

// secretValues returns the secrets that could be read among the elements of a document, with their tags behind a prefix. It notes
// those that are given twice, or that are no secret.
func (d *document) secretValues(prefix string) []SecretValue {
	var found []SecretValue
	for _, e := range d.elements {
		if !e.tag.Encryptable || e.bad {
			continue
		}
		value, detail, ok := e.tag.kind.parse(e.text)
		secret, _ := value.(Secret)
		name := prefix + e.tag.Name
		switch {
		case strings.TrimSpace(e.text) == "":
		case !ok:
			d.mistake(e.at, e.tag.Name, e.tag.kind.wrong("", detail, false))
		case slices.ContainsFunc(found, func(other SecretValue) bool { return other.Tag == name }):
			d.mistake(e.at, e.tag.Name, "is given twice (remove one)")
		case e.tag.Name == "Database" && !e.encrypted && !hasPassword(secret.Reveal()): // whoever looks for the server can read it
		default:
			found = append(found, SecretValue{name, secret, e.keyID})
		}
	}
	return found
}

// Encrypt returns the octets of a mailbox file or a service file with each secret encrypted for the first key of a ring, and
// the tags whose values have changed. Nothing else of the file changes. Values of the first key stay as they are, the ring
// decrypts those of its other keys. The error is that of SecretsIn: the secrets that can be read are encrypted nevertheless.
func Encrypt(path string, octets []byte, ring *key.Ring) (encrypted []byte, changed []string, err error) {
	keys := &keyring{isOpen: true, ring: ring}
	secrets, mistakes := secretsIn(path, octets, keys)
	var edits []Edit
	for _, s := range secrets {
		if s.KeyID == ring.IDs()[0] {
			continue
		}
		value, err := ring.Encrypt(s.Value.Reveal())
		if err != nil {
			return octets, nil, err
		}
		edits = append(edits, Edit{s.Tag, value})
		changed = append(changed, s.Tag)
	}
	encrypted, err = Rewrite(path, octets, edits...)
	if err != nil {
		return octets, nil, err
	}
	after, _ := secretsIn(path, encrypted, keys)
	if !slices.EqualFunc(secrets, after, func(a, b SecretValue) bool { return a.Tag == b.Tag && a.Value.Equal(b.Value) }) {
		return octets, nil, &Error{[]Mistake{{File: path, Text: "would be read otherwise afterwards (encrypt a value yourself: mailintegration config encrypt --value)"}}}
	}
	return encrypted, changed, mistakes
}
