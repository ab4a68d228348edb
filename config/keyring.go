package config

import (
	"errors"
	"fmt"
	"io/fs"

	"mailintegration/config/key"
)

// keyring opens the keys when the first encrypted value needs them, once for all files that are read together. Without such
// a value, there need be no key.
type keyring struct {
	source key.Source
	isOpen bool
	ring   *key.Ring // nil: no key can be read
	err    error     // why
	other  error     // why a place was left out although it has a key file
}

// newKeyring returns a keyring that has not been opened.
func newKeyring(source key.Source) *keyring { return &keyring{source: source} }

// open opens the keys for a value of a document. The key file belongs to the document's files, so that a watcher learns when it
// comes back. A credential does not: it stays as it is while the service runs. open warns if other accounts can read the key.
func (k *keyring) open(d *document) {
	if k.isOpen {
		return
	}
	k.isOpen = true
	ring, problem, err := k.source.Open(func(path string) ([]byte, error) {
		if path == k.source.File {
			return d.readNamed(path)
		}
		return readFile(path)
	})
	k.ring, k.err = ring, err
	if problem != nil {
		k.other = problem
	}
	if who, remedy := readers(k.source.File); who != "" {
		d.warnings = append(d.warnings, Warning{Mistake{
			File: k.source.File, Text: who + " can read the key of the encrypted passwords (" + remedy + " " + k.source.File +
				"; if somebody may have read it: mailintegration config encrypt --rotate)",
		}})
	}
}

// decrypt returns the text of an encrypted value. The error is a sentence without its subject.
func (k *keyring) decrypt(d *document, value string) (string, error) {
	id, err := key.IDOf(value)
	if err != nil {
		return "", err
	}
	if k == nil {
		k = newKeyring(key.Source{})
	}
	k.open(d)
	if k.ring == nil {
		return "", fmt.Errorf("is encrypted with key %s, and %w", id, k.err)
	}
	text, err := k.ring.Decrypt(value)
	if err != nil && k.other != nil && !errors.Is(err, key.ErrDamaged) {
		err = fmt.Errorf("%w, and %w", err, k.other)
	}
	return text, err
}

// What to do about a value that cannot be decrypted, in a tag and in the file that a tag names.
const (
	againHere  = "write the value itself here, then run mailintegration config encrypt"
	againThere = "write the value itself into that file"
)

// remedy says what to do about an error of decrypt; again says how to give the value again.
func (k *keyring) remedy(err error, again string) string {
	switch {
	case errors.Is(err, key.ErrDamaged):
		return "copy the whole value again, or " + again
	case errors.Is(err, fs.ErrPermission):
		return "let this account read the key file"
	case errors.As(err, new(*key.UnknownError)):
		return "the file comes from another machine, or the key was replaced: add that key to the key file, or " + again
	}
	return "restore the key file from your backup, or " + again
}

// decrypt replaces the encrypted values of a document by their texts. A value that cannot be decrypted is a mistake, and its
// tag counts as given.
func (d *document) decrypt() {
	for _, inner := range d.smtp {
		inner.keys = d.keys
		inner.decrypt()
	}
	for i := range d.elements {
		e := &d.elements[i]
		if e.encrypted || e.bad || !e.tag.Encryptable || !key.IsEncrypted(e.text) {
			continue
		}
		e.encrypted = true
		text, err := d.keys.decrypt(d, e.text)
		if err != nil {
			e.bad = true
			d.mistake(e.at, e.tag.Name, err.Error()+" ("+d.keys.remedy(err, againHere)+")")
			continue
		}
		e.keyID, _ = key.IDOf(e.text) // the value was decrypted, so it has one
		e.text = text
	}
}
