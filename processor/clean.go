package processor

import (
	"bytes"
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
	for len(s) > 0 {
		n := plainPrefix(s)
		b.WriteString(s[:n])
		if s = s[n:]; s == "" {
			break
		}
		n = 1
		switch c := s[0]; {
		case c >= utf8.RuneSelf:
			var r rune
			if r, n = utf8.DecodeRuneInString(s); r != '\ufeff' {
				b.WriteRune(r) // utf8.RuneError for an octet that is none
			}
		case c == '\r' && (len(s) == 1 || s[1] != '\n'):
			b.WriteByte('\n')
		}
		s = s[n:]
	}
	return b.String()
}

// cleanASCII is clean for octets that are ASCII, which it overwrites.
func cleanASCII(octets []byte) string {
	cleaned := octets[:0]
	for len(octets) > 0 {
		n := bytes.IndexByte(octets, '\r')
		if n < 0 {
			n = len(octets)
		}
		cleaned = append(cleaned, octets[:n]...)
		if n == len(octets) {
			break
		}
		if n+1 == len(octets) || octets[n+1] != '\n' {
			cleaned = append(cleaned, '\n')
		}
		octets = octets[n+1:]
	}
	if text := string(cleaned); isClean(text) {
		return text
	}
	return clean(string(cleaned))
}

// plainPrefix is how many octets at the beginning of s are plain ASCII text.
func plainPrefix(s string) int {
	for i := range len(s) {
		if !plainOctet[s[i]] {
			return i
		}
	}
	return len(s)
}

// plainOctet says of each octet whether it is plain ASCII text.
var plainOctet = func() (plain [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		plain[c] = true
	}
	plain['\n'], plain['\t'] = true, true
	return plain
}()

// isClean says whether clean has nothing to do.
func isClean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf {
			return isCleanText(s[i:])
		} else if !plainOctet[c] {
			return false
		}
	}
	return true
}

// isCleanText is isClean for text that is not all ASCII.
func isCleanText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && !plainOctet[c] {
			return false
		}
	}
	return utf8.ValidString(s) && !strings.Contains(s, "\ufeff")
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
