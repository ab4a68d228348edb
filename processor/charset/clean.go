package charset

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean returns s as text that PostgreSQL can store and a terminal can show: valid UTF-8 without U+0000, other control
// characters and byte order marks. Line ends become "\n".
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		n := plainPrefix(s)
		b.WriteString(s[:n])
		s = s[n:]
		if s == "" {
			return b.String()
		}
		n = 1
		switch c := s[0]; {
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s)
			if r != '\ufeff' {
				b.WriteRune(r) // utf8.RuneError for an invalid octet
			}
		case c == '\r' && !isInCRLF(s):
			b.WriteByte('\n')
		}
		s = s[n:]
	}
}

// cleanUTF8 does in one pass over octets what Clean does. ok is false when the octets are not UTF-8, or contain an
// escape: then they may be ISO-2022. isASCII reports whether the text is all ASCII.
func cleanUTF8(octets []byte) (text string, isASCII, ok bool) {
	var b strings.Builder
	b.Grow(len(octets))
	isASCII = true
	for {
		n := plainPrefix(octets)
		b.Write(octets[:n])
		octets = octets[n:]
		if len(octets) == 0 {
			return b.String(), isASCII, true
		}
		n = 1
		switch c := octets[0]; {
		case c == escape:
			return "", false, false
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRune(octets)
			if r == utf8.RuneError && n == 1 {
				return "", false, false
			}
			isASCII = false
			if r != '\ufeff' {
				b.Write(octets[:n])
			}
		case c == '\r' && !isInCRLF(octets):
			b.WriteByte('\n')
		}
		octets = octets[n:]
	}
}

// isInCRLF reports whether the CR that s begins with belongs to a line ending of CRLF or CR CR LF, which gateways make
// of CRLF.
func isInCRLF[T string | []byte](s T) bool {
	const most = 3 // CRs before an LF
	n := 1
	for n < most && n < len(s) && s[n] == '\r' {
		n++
	}
	return n < len(s) && s[n] == '\n'
}

// IsPlain reports whether s is plain ASCII text: printable characters, "\n" and tabs.
func IsPlain(s string) bool { return plainPrefix(s) == len(s) }

// plainPrefix returns the number of octets at the beginning of s that are plain ASCII text.
func plainPrefix[T string | []byte](s T) int {
	for i := range len(s) {
		if !plainOctet[s[i]] {
			return i
		}
	}
	return len(s)
}

// plainOctet holds for each octet whether it is plain ASCII text.
var plainOctet = func() (plain [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		plain[c] = true
	}
	plain['\n'], plain['\t'] = true, true
	return plain
}()

// isClean reports whether Clean has nothing to do.
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

// isCleanText reports whether text that is not all ASCII is clean, as isClean does for any text.
func isCleanText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && !plainOctet[c] {
			return false
		}
	}
	return utf8.ValidString(s) && !strings.Contains(s, "\ufeff")
}

// OneLine returns s as one clean line: line breaks, tabs and special spaces become plain spaces, and s is trimmed. Runs
// of spaces stay, because a file's name may contain them.
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

// WithoutOverrides returns a name without the characters that embed, override or isolate a direction (Unicode UAX #9
// §2.1 to §2.4): they make a name look like another one. Letters of right-to-left scripts need none of them.
func WithoutOverrides(name string) string {
	if strings.IndexByte(name, "\u202a"[0]) < 0 { // all of them begin with the same octet
		return name
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, name)
}

func isOddSpace(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// CollapseSpace returns s with each run of white space as one space, and none at its ends.
func CollapseSpace(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ") }

// RemoveSpace returns s without its white space.
func RemoveSpace(s string) string {
	if strings.IndexFunc(s, unicode.IsSpace) < 0 {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

// CutRunes returns the first n runes of s. isCut reports whether s has more.
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

// CutOctets returns at most the first n octets of s, cut between characters. isCut reports whether s has more.
func CutOctets(s string, n int) (cut string, isCut bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
