package processor

import (
	"strings"
	"unicode"

	"mailintegration/processor/charset"
)

// languageWords holds words that a text in the language has and a text in most other languages has not, in lower case.
var languageWords = map[string]map[string]bool{
	"en": wordSet("the and you with my this that have has are not please thanks thank hello regards would could cannot does when from but our your been they there what which", ""),
	"fr": wordSet("je vous nous une dans pour pas avec mon sur sont cette être suis depuis votre notre bonjour merci cordialement mais lorsque aux leur leurs fait peut pouvez chez et est qui bonsoir salutations ça été", ""),
}

// greetings holds the words that tell the language of a very short text alone.
var greetings = wordSet("hello please thanks thank regards bonjour bonsoir merci cordialement salutations", "")

// Language returns the language of the message: en or fr where its text shows it, else what Content-Language says, and ""
// if that is unclear. Programs often write the language of their own menus into Content-Language, so the text comes first, and
// a long text that has no word of that language contradicts it.
func (m *Message) Language() string {
	words, hits := languageHits(m.ReplyText)
	for language := range languageWords {
		if isWrittenIn(language, words, hits) {
			return language
		}
	}
	const shortText = 10 // words
	said := contentLanguage(m.Header.Get("Content-Language"))
	if _, isTold := languageWords[said]; isTold && words >= shortText && hits[said].all == 0 {
		return ""
	}
	return said
}

// hitCount counts the words of a text that belong to a language.
type hitCount struct{ all, distinct, greetings int }

// languageHits counts the words at the beginning of a text, and those that belong to each language.
func languageHits(text string) (words int, hits map[string]hitCount) {
	const longest = 4000 // octets
	text, _ = charset.CutOctets(text, longest)
	hits = map[string]hitCount{}
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		words++
		w = strings.ToLower(w)
		for language, known := range languageWords {
			if !known[w] {
				continue
			}
			h := hits[language]
			h.all++
			if !seen[w] {
				h.distinct++
			}
			if greetings[w] {
				h.greetings++
			}
			hits[language] = h
		}
		seen[w] = true
	}
	return words, hits
}

// isWrittenIn reports whether so many of the words belong to a language, and so few to any other, that the text is in it.
func isWrittenIn(language string, words int, hits map[string]hitCount) bool {
	const (
		greetingOnly = 6  // words of a text that one greeting tells
		share        = 12 // one word in so many must belong to the language
		lead         = 3  // times as many as of any other language
	)
	own := hits[language]
	for other, h := range hits {
		if other != language && own.all < lead*h.all {
			return false
		}
	}
	isGreeting := own.greetings > 0 && words <= greetingOnly
	return own.all*share >= words && (own.distinct >= 2 || isGreeting)
}

// contentLanguage returns the primary subtag (RFC 5646 §2.2.1) of a Content-Language field (RFC 3282), "" if it names
// several languages or none.
func contentLanguage(value string) string {
	var language string
	for tag := range strings.SplitSeq(keyword(value), ",") {
		primary, _, _ := strings.Cut(strings.TrimSpace(tag), "-")
		isOdd := strings.ContainsFunc(primary, func(r rune) bool { return r < 'a' || r > 'z' })
		if n := len(primary); n < 2 || n > 3 || isOdd || language != "" && primary != language {
			return ""
		}
		language = primary
	}
	return language
}
