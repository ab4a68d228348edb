package charset

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text that PostgreSQL stores: valid UTF-8 without U+0000, and without the other control characters,
// which terminals obey. Line ends become "\n". All text of a Message has passed through it.
func Clean(s string) string {
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

// cleanUTF8 is clean for octets, in one pass. ok is false when they are not UTF-8, or may not be meant as that: an
// escape begins a character of ISO-2022. isASCII says that ASCII is enough for them.
func cleanUTF8(octets []byte) (text string, isASCII, ok bool) {
	var b strings.Builder
	b.Grow(len(octets))
	isASCII = true
	for len(octets) > 0 {
		n := plainPrefix(octets)
		b.Write(octets[:n])
		if octets = octets[n:]; len(octets) == 0 {
			break
		}
		n = 1
		switch c := octets[0]; {
		case c == escape:
			return "", false, false
		case c >= utf8.RuneSelf:
			var r rune
			if r, n = utf8.DecodeRune(octets); r == utf8.RuneError && n == 1 {
				return "", false, false
			}
			if isASCII = false; r != '\ufeff' {
				b.Write(octets[:n])
			}
		case c == '\r' && (len(octets) == 1 || octets[1] != '\n'):
			b.WriteByte('\n')
		}
		octets = octets[n:]
	}
	return b.String(), isASCII, true
}

// IsPlain reports whether s is plain ASCII text.
func IsPlain(s string) bool { return plainPrefix(s) == len(s) }

// plainPrefix is how many octets at the beginning of s are plain ASCII text.
func plainPrefix[T string | []byte](s T) int {
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

// OneLine is clean for a value that has one line: line breaks, tabs and special spaces become plain spaces. Runs of
// spaces stay, as in a file's name.
func OneLine(s string) string {
	s = Clean(s)
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

// CollapseSpace is s with each run of white space as one space.
func CollapseSpace(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ") }

// RemoveSpace is s without its white space.
func RemoveSpace(s string) string {
	if strings.IndexFunc(s, unicode.IsSpace) < 0 {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

// CutRunes cuts s to at most n runes.
func CutRunes(s string, n int) (cut string, isCut bool) {
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

// CutOctets cuts s to at most n octets, between characters.
func CutOctets(s string, n int) (cut string, isCut bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
