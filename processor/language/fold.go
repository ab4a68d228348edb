package language

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns a text in the form in which words are compared: in lower case, without characters that cannot be seen, in
// letters and punctuation of the usual width, its words joined by one space.
func Fold(s string) string {
	if isASCII(s) {
		return foldASCII(s)
	}
	var b strings.Builder
	last := ' ' // white space at the beginning is left out
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.IsSpace(r):
			if last == ' ' {
				continue
			}
			r = ' '
		case IsInvisible(r), r == 0x307 && last == 'i': // "İ" in lower case
			continue
		default:
			r = foldRune(r)
		}
		b.WriteRune(r)
		last = r
	}
	return norm.NFC.String(strings.TrimRight(b.String(), " "))
}

// foldASCII folds a text in ASCII. Most subjects are, and most of their words need no change but that of the case.
func foldASCII(s string) string {
	s = strings.Trim(s, " \t")
	if strings.Contains(s, "  ") || strings.IndexByte(s, '\t') >= 0 {
		s = strings.Join(strings.Fields(s), " ")
	}
	return strings.ToLower(s)
}

// WithoutAccents returns a text without the accents of its letters, as programs write words that have lost them on their
// way, and Greek in capitals.
func WithoutAccents(s string) string {
	if isASCII(s) {
		return s
	}
	drop := func(r rune) rune {
		if isAccent(r) {
			return -1
		}
		return r
	}
	return norm.NFC.String(strings.Map(drop, norm.NFD.String(s)))
}

// foldRune returns a character in lower case, with one form for each of the characters that stand for the same.
func foldRune(r rune) rune {
	switch r = unicode.ToLower(r); r {
	case '‘', '’', 'ʼ', '`', '´':
		return '\''
	case '‐', '‑', '–', '—', '−':
		return '-'
	case 'ı':
		return 'i' // Turkish I in lower case
	case 'ς':
		return 'σ'
	}
	return r
}

// isAccent reports whether a character is a combining accent of Latin, Greek or Cyrillic letters. The vowels of other
// scripts are letters in their own right.
func isAccent(r rune) bool { return r >= 0x300 && r <= 0x36f }

// IsInvisible reports whether nobody sees a character that is no white space: control and format characters, and what Unicode
// calls ignorable by default.
func IsInvisible(r rune) bool {
	if r < 0xa0 {
		return unicode.IsControl(r) && !unicode.IsSpace(r)
	}
	return r == 0x2800 || // a Braille pattern without dots
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) // which are signs of numbers
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] < ' ' && s[i] != '\t' {
			return false
		}
	}
	return true
}
