package config

import (
	"regexp"
	"slices"
	"strings"
)

// Passwords that somebody writes into a tag for a name: "pop3://user:password@host", "user:password@host", "host=db password=…".
var (
	userInfo      = regexp.MustCompile(`(?s)(^|://)([^\s:@/]*:).*@`)
	passwordValue = regexp.MustCompile(`(?i)(\b(?:ssl)?password\s*=\s*)(?:'[^']*'?|\S+)`)
)

// withoutCredentials returns text without the passwords that its form gives away.
func withoutCredentials(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}${2}"+redacted+"@")
	return passwordValue.ReplaceAllString(text, "${1}"+redacted)
}

// shortestSecret is the length from which a secret is looked for in other texts: a shorter one is in any text by chance.
const shortestSecret = 4

// noteSecrets remembers the secrets of a file, so that no message about another tag shows them.
func (d *document) noteSecrets() {
	for _, e := range d.elements {
		value, _, _ := e.tag.kind.parse(e.text)
		secret, isSecret := value.(Secret)
		if text := strings.TrimSpace(secret.Reveal()); isSecret && len(text) >= shortestSecret && !slices.Contains(d.secrets, text) {
			d.secrets = append(d.secrets, text)
		}
	}
}

// redact returns text without the secrets of the file. It comes before text is cut or put into quotation marks, which would
// leave parts of them.
func (d *document) redact(text string) string {
	for _, secret := range d.secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}
