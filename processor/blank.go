package processor

import (
	"unicode"

	"mailintegration/processor/language"
)

// isBlank reports whether a text has no character that can be seen.
func isBlank(text string) bool {
	for _, r := range text {
		if !unicode.IsSpace(r) && !language.IsInvisible(r) {
			return false
		}
	}
	return true
}
