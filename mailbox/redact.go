package mailbox

import (
	"fmt"
	"strings"
	"unicode"
)

// maxShown is how many octets of a server's text are shown.
const maxShown = 400

// redact makes a text of the server fit for a log: it replaces secrets, should the server have repeated one.
func (c *connection) redact(text string) string {
	for _, secret := range c.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	return Presentable(text)
}

// quote quotes the beginning of a text of the server. It redacts first: a secret that was cut or quoted would no longer
// be recognised.
func (s *Session) quote(text string) string { return fmt.Sprintf("%.80q", s.conn.redact(text)) }

// Presentable truncates a text from outside and replaces its control characters.
func Presentable(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return clean(text)
}

// clean replaces characters that could deceive a terminal or the reader of a log: control characters, also of C1, and
// those with which Unicode reverses, joins and hides text (category Cf: overrides, isolates, zero-width marks) or
// separates lines.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// Printable replaces the control characters of a text that is part of an error, as clean does.
func Printable(text string) string { return clean(text) }
