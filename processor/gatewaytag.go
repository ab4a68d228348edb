package processor

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mailintegration/processor/language"
)

// Gateways and lists put marks before a subject, before or after the prefix of an answer:
//
//	[EXTERNAL]  (Extern)  {SPAM 6.2}  <list>  【外部】   anything in brackets
//	*EXT*  ***SPAM***  == EXTERN ==                     their own words between two runs of a sign
//	EXTERNAL EMAIL:  SPAM - Re:                         their own words before a colon, a dash or a prefix
//	⚠                                                   signs that are neither letters nor punctuation

// skipMarks skips the marks at the beginning of a subject.
func skipMarks(subject string) string {
	s := skipDecoration(norm.NFC.String(subject))
	for range mostPrefixes {
		if _, _, ok := cutPrefix(s); ok {
			return s
		}
		_, after, ok := cutMark(s)
		if !ok {
			return s
		}
		s = skipDecoration(after)
	}
	return s
}

// cutMark cuts one mark off the beginning of s, and the punctuation between it and what follows. It also returns the words of
// the mark.
func cutMark(s string) (inner, after string, ok bool) {
	inner, after, ok = cutMarkInBrackets(s)
	if !ok {
		inner, after, ok = cutFencedMark(s)
	}
	if !ok {
		return cutBareMark(s)
	}
	return inner, strings.TrimLeftFunc(after, isSeparating), true
}

// isSeparating reports whether a character may stand between a mark and what follows it.
func isSeparating(r rune) bool {
	return unicode.IsSpace(r) || language.IsInvisible(r) || strings.ContainsRune(":：-–—|!·•/~>*", r)
}

// closingBrackets holds the brackets that end other ones, where Unicode does not have them side by side, or in two widths.
var closingBrackets = map[rune]string{
	'[': "]］", '(': ")）", '{': "}｝", '<': ">＞", '［': "]］", '（': ")）", '｛': "}｝", '＜': ">＞", '«': "»", '‹': "›", '≪': "≫", '“': "”",
}

// cutMarkInBrackets cuts brackets and what they hold off the beginning of s, unless they are not closed, or hold more than
// any mark. They may hold brackets of the same kind.
func cutMarkInBrackets(s string) (inner, after string, ok bool) {
	const longest = 300 // octets
	opening, n := utf8.DecodeRuneInString(s)
	closing, ok := closingBrackets[opening]
	if !ok && !unicode.Is(unicode.Ps, opening) {
		return "", s, false
	}
	if !ok {
		closing = string(opening + 1) // Unicode has the two side by side
	}
	depth := 1
	for i, r := range s[n:min(len(s), longest)] {
		switch {
		case r == opening:
			depth++
		case strings.ContainsRune(closing, r):
			depth--
		}
		if depth == 0 {
			return s[n : n+i], s[n+i+utf8.RuneLen(r):], true
		}
	}
	return "", s, false
}

// cutFencedMark cuts words of a gateway between two runs of the same sign off the beginning of s.
func cutFencedMark(s string) (inner, after string, ok bool) {
	const signs, longest = "*=#_|!+~-", 100
	if s == "" || strings.IndexByte(signs, s[0]) < 0 {
		return "", s, false
	}
	inner = strings.TrimLeft(s, s[:1])
	end := strings.IndexByte(inner[:min(len(inner), longest)], s[0])
	if end < 0 || !isOfGateway(inner[:end]) {
		return "", s, false
	}
	return inner[:end], strings.TrimLeft(inner[end:], s[:1]), true
}

// cutBareMark cuts words of a gateway off the beginning of s, where a colon, a dash, a sign or a prefix follows them. A
// person's sentence may begin with these words too.
func cutBareMark(s string) (inner, after string, ok bool) {
	const mostWords, longestPrefix = 6, 40 // octets
	rest := s
	for range mostWords {
		word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, isOfWord))]
		if isScore := inner != "" && strings.Trim(word, "0123456789") == ""; word == "" || !isScore && !knownWords().gateways[language.Fold(word)] {
			break
		}
		rest = skipBlank(rest[len(word):])
		inner = strings.TrimRightFunc(s[:len(s)-len(rest)], unicode.IsSpace)
		if prefix, _, ok := cutColon(rest[:min(len(rest), longestPrefix)]); ok {
			if kind, _ := kindOf(prefix); kind != 0 {
				return inner, rest, true
			}
		}
	}
	after = strings.TrimLeftFunc(rest, isSeparating)
	isSetOff := len(skipDecoration(rest)) < len(rest) || len(after) < len(rest) && !strings.HasPrefix(rest, "/")
	return inner, after, inner != "" && isSetOff
}

func isOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || r == '-' || unicode.IsDigit(r)
}

// isOfGateway reports whether all words are those of gateways, but for a score: "SPAM 6.2".
func isOfGateway(words string) bool {
	const most = 8
	found := strings.FieldsFunc(language.Fold(words), func(r rune) bool { return !isOfWord(r) })
	isAny := false
	for _, word := range found {
		if isKnown := knownWords().gateways[word]; isKnown {
			isAny = true
		} else if strings.Trim(word, "0123456789-") != "" {
			return false
		}
	}
	return isAny && len(found) <= most
}

// skipBlank skips white space and characters that cannot be seen.
func skipBlank(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || language.IsInvisible(r) })
}

// skipDecoration skips signs such as emoji, and what skipBlank skips.
func skipDecoration(s string) string { return strings.TrimLeftFunc(s, isDecoration) }

// isDecoration reports whether a character is a sign or cannot be seen. Some emoji are signs of mathematics, punctuation or
// letters by their category.
func isDecoration(r rune) bool {
	switch {
	case unicode.IsSpace(r), language.IsInvisible(r), r > 0x7f && unicode.In(r, unicode.So, unicode.Sk):
		return true
	case r >= 0x2190 && r <= 0x21ff, r >= 0x2900 && r <= 0x297f, r >= 0x2b00 && r <= 0x2bff: // arrows
		return true
	}
	return strings.ContainsRune("‼⁉ℹⓂ〰\u20e3", r)
}
