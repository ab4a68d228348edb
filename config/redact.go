package config

import (
	"regexp"
	"slices"
	"strings"
)

// Passwords that users write into a tag for a name: "pop3://user:password@host", "user:password@host", "host=db
// password=…".
var (
	userInfo      = regexp.MustCompile(`(?s)(^|://)([^\s:@/]*:).*@`)
	passwordValue = regexp.MustCompile(`(?i)(\b(?:ssl)?password\s*=\s*)(?:'[^']*'?|\S+)`)
)

// withoutCredentials returns text without passwords that can be recognised by their form.
func withoutCredentials(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}${2}"+redacted+"@")
	return passwordValue.ReplaceAllString(text, "${1}"+redacted)
}

// shortestSecret is the length of the shortest secret that redact removes. A shorter one is in any text by chance.
const shortestSecret = 4

// noteSecrets remembers the secrets of a file, so that no message about another tag shows one.
func (d *document) noteSecrets() {
	for _, inner := range d.smtp {
		inner.noteSecrets()
		d.secrets = append(d.secrets, inner.secrets...)
	}
	for _, e := range d.elements {
		value, _, _ := e.tag.kind.parse(e.text)
		secret, isSecret := value.(Secret)
		if text := strings.TrimSpace(secret.Reveal()); isSecret && len(text) >= shortestSecret && !slices.Contains(d.secrets, text) {
			d.secrets = append(d.secrets, text)
		}
	}
}

// redact returns text without the secrets of the file. Callers shorten or quote a text only afterwards: before, a part
// of a secret could remain.
func (d *document) redact(text string) string {
	for _, secret := range d.secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}
