package processor

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutNumber cuts a request's number off the beginning of s.
func cutNumber(s string) (number int64, after string, ok bool) {
	const mostDigits = 18 // what fits into 63 bits
	i := 0
	for i < len(s) && isDigit(s[i]) {
		if i == mostDigits {
			return 0, s, false
		}
		number = number*10 + int64(s[i]-'0')
		i++
	}
	return number, s[i:], number > 0 && endsNumber(s[i:])
}

// endsNumber reports whether a number may end before s. It goes on in "3rd", "2.5", "90%", "20€" and "3×".
func endsNumber(s string) bool {
	if s == "" {
		return true
	}
	if startsWord(s) || startsUnit(s) {
		return false
	}
	return !(len(s) > 1 && strings.IndexByte(".,-/:", s[0]) >= 0 && isDigit(s[1]))
}

// startsWord reports whether s begins with a letter, a digit or an underscore.
func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == '_'
}

// startsUnit reports whether s begins with a sign that makes a quantity of the number before it.
func startsUnit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.Sc, r) || strings.ContainsRune("%‰°×″′", r)
}

// mayCount reports whether a number counts or dates what follows it: it has one or two digits or is a year, and white space
// and a word, or a unit, follow at once. "3 printers", "2025 annual meeting".
func mayCount(number int64, after string) bool {
	isSmall := number < 100
	isYear := number >= 1900 && number < 2100
	rest := skipBlank(after)
	if !isSmall && !isYear || len(rest) == len(after) {
		return false
	}
	if startsUnit(rest) {
		return true
	}
	word := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); end >= 0 {
		word = rest[:end]
	}
	return strings.ContainsFunc(word, unicode.IsLetter) // "4K screens" too
}
