package processor

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text that PostgreSQL stores: valid UTF-8 without U+0000, and without the other control characters,
// which terminals obey. Line ends become "\n". All text of a Message has passed through it.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			i += n
			if r != '\ufeff' {
				b.WriteRune(r) // utf8.RuneError for an octet that is none
			}
			continue
		}
		i++
		switch {
		case c == '\r':
			if i == len(s) || s[i] != '\n' {
				b.WriteByte('\n')
			}
		case c >= ' ' && c != 0x7f || c == '\n' || c == '\t':
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isClean says whether clean has nothing to do.
func isClean(s string) bool {
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(s) && !strings.Contains(s, "\ufeff")
}

// oneLine is clean for a value that has one line: line breaks, tabs and special spaces become plain spaces. Runs of
// spaces stay, as in a file's name.
func oneLine(s string) string {
	s = clean(s)
	if strings.IndexFunc(s, isOddSpace) >= 0 {
		s = strings.Map(func(r rune) rune {
			if isOddSpace(r) {
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

func isOddSpace(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// squeezed is s with each run of white space as one space.
func squeezed(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ") }

// cutRunes cuts s to at most n runes.
func cutRunes(s string, n int) (cut string, isCut bool) {
	if len(s) <= n {
		return s, false
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i], true
		}
		count++
	}
	return s, false
}

// cutOctets cuts s to at most n octets, between characters.
func cutOctets(s string, n int) (cut string, isCut bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
