package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Hash returns a short text that is another one when the configuration is another one, so that a person sees whether two
// daemons have the same. Secrets do not enter it, because the hash of a short secret gives the secret away: a new password
// leaves it as it is.
func (s *Service) Hash() string {
	digest := sha256.New()
	writeTags(digest, ServiceTags(), reflect.ValueOf(s).Elem())
	if s.Smtp != nil {
		writeTags(digest, SmtpTags(), reflect.ValueOf(s.Smtp).Elem())
	}
	byName := slices.SortedFunc(slices.Values(s.Mailboxes), func(a, b *Mailbox) int { return strings.Compare(a.Name, b.Name) })
	for _, m := range byName { // one that is kept while its file has a mistake comes last in s
		fmt.Fprintf(digest, "%q\n", m.Name)
		_ = m.XML(digest) // a digest takes everything
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
}

// writeTags writes the tags of a struct with their values, and a word in the place of each secret.
func writeTags(w io.Writer, tags []Tag, fields reflect.Value) {
	for _, tag := range tags {
		value := redacted
		if !tag.Secret() {
			value = tag.kind.format(fields.FieldByIndex(tag.index).Interface())
		}
		fmt.Fprintf(w, "%s=%q\n", tag.Name, value)
	}
}
