package page

import (
	"html/template"
	"strings"
	"unicode"

	"mailintegration/processor/language"
)

const (
	// usualLine and usualText are how many characters of a line and of a text from mail a page shows.
	usualLine = 200
	usualText = 50_000
	// maxCharacterOctets is how many octets of mail are looked at for each character that is shown.
	maxCharacterOctets = 8
	// maxMarks is how many marks a character has at most: heaps of them cover the lines above.
	maxMarks = 4
)

// mailLine returns a line from mail for a page. Its direction cannot change that of the page around it, nothing in it is hidden,
// and it is cut where it is long.
func mailLine(text string, limit ...int) template.HTML {
	n := usualLine
	if len(limit) > 0 {
		n = limit[0]
	}
	return template.HTML(`<bdi>` + template.HTMLEscapeString(visible(text, n, false)) + `</bdi>`)
}

// mailText returns a text from mail for a page, like mailLine, with its lines.
func mailText(text string, limit ...int) template.HTML {
	n := usualText
	if len(limit) > 0 {
		n = limit[0]
	}
	return template.HTML(`<div class="mailtext" dir="auto">` + template.HTMLEscapeString(visible(text, n, true)) + `</div>`)
}

// visible returns the first characters of a text from mail, without those that a reader cannot see, and with a sign for each
// control character. What is cut leaves "…".
func visible(text string, limit int, keepsLines bool) string {
	whole := text
	text = text[:min(len(text), limit*maxCharacterOctets)]
	var b strings.Builder
	shown, marks := 0, 0
	var before rune
	for i, r := range text {
		if isLost := i >= len(text)-4 && len(text) < len(whole) && r == unicode.ReplacementChar; isLost {
			break // the text is cut within a character
		}
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		shows := sign(r, before, keepsLines)
		if shows == 0 || marks > maxMarks {
			continue
		}
		if shown == limit {
			return strings.TrimRight(b.String(), " ") + "…"
		}
		b.WriteRune(shows)
		shown++
		before = r
	}
	if len(text) < len(whole) {
		b.WriteString("…")
	}
	return b.String()
}

// sign returns the character that is shown for one of a text, 0 for none.
func sign(r, before rune, keepsLines bool) rune {
	switch {
	case r == '\n' && keepsLines, r == '\t' && keepsLines:
		return r
	case r == '\r':
		return 0
	case r == '\n', r == '\t', r == '\u2028', r == '\u2029', r == '\u0085':
		return ' '
	case r < ' ':
		return '\u2400' + r // the control pictures of Unicode
	case r == 0x7f:
		return '\u2421'
	case isJoiner(r, before):
		return r
	case language.IsInvisible(r):
		return 0
	}
	return r
}

// isJoiner reports whether a character joins or parts characters of a script that needs it, or of an emoji: after Latin letters it
// is only invisible.
func isJoiner(r, before rune) bool {
	const emojiStyle = 0xfe0f
	return (r == 0x200c || r == 0x200d || r == emojiStyle) && before > 0x300 && !unicode.In(before, unicode.Latin, unicode.Cyrillic, unicode.Greek)
}
