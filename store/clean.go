package store

import "strings"

// clean makes text from outside fit for PostgreSQL, whose text is valid UTF-8 without U+0000. What is not becomes
// U+FFFD, the replacement character, so that one sees that something was there.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
