package processor

import "unicode"

// isBlank reports whether a text has no character that can be seen.
func isBlank(text string) bool {
	for _, r := range text {
		if !isInvisible(r) {
			return false
		}
	}
	return true
}

// isInvisible reports whether nobody sees a character: white space, control and format characters, and what Unicode calls
// ignorable by default.
func isInvisible(r rune) bool {
	switch {
	case r > ' ' && r < 0x7f:
		return false
	case unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	case r == '\u2800': // a Braille pattern without dots
		return true
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
