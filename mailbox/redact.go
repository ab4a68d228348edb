package mailbox

import (
	"fmt"
	"strings"
	"unicode"
)

// maxShown is how much of what a server said is shown, in octets.
const maxShown = 400

// redact makes what the server said fit for a log: without what is secret, should the server have repeated it.
func (w *connection) redact(text string) string {
	for _, secret := range w.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	return presentable(text)
}

// quote quotes the beginning of what the server said. Secrets go before the text is cut or quoted: what is left of one
// would not be known any more.
func (s *Session) quote(text string) string { return fmt.Sprintf("%.80q", s.conn.redact(text)) }

// presentable cuts a text from outside to a bearable length and replaces what a terminal would obey.
func presentable(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return clean(text)
}

// clean replaces what a terminal or a reader of a log would be deceived by: control characters, C1 among them, and what
// Unicode has to turn, join and hide text (category Cf: overrides, isolates, marks of no width), and to separate lines.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
