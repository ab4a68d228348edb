package processor

import (
	"strings"
	"sync"
	"unicode"

	"mailintegration/processor/charset"
	"mailintegration/processor/language"
)

// vocabulary holds the words that tell the language of a text, as sets.
type vocabulary struct {
	words     map[string]map[string]bool // by the code of their language
	greetings map[string]bool            // that tell the language of a very short text alone
}

var languageWords = sync.OnceValue(func() vocabulary {
	v := vocabulary{map[string]map[string]bool{}, language.Set(func(l language.Language) []string { return l.Greetings })}
	for _, l := range language.All() {
		if len(l.Words) == 0 {
			continue
		}
		v.words[l.Code] = make(map[string]bool)
		for _, word := range l.Words {
			v.words[l.Code][word] = true
		}
	}
	return v
})

// Language returns the language of the message: en or fr where its text shows it, else what Content-Language says, and ""
// if that is unclear. Programs often write the language of their own menus into Content-Language, so the text comes first, and
// a long text that has no word of that language contradicts it.
func (m *Message) Language() string {
	words, hits := languageHits(m.ReplyText)
	for code := range languageWords().words {
		if isWrittenIn(code, words, hits) {
			return code
		}
	}
	const shortText = 10 // words
	said := contentLanguage(m.Header.Get("Content-Language"))
	if _, isTold := languageWords().words[said]; isTold && words >= shortText && hits[said].all == 0 {
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
	vocabulary := languageWords()
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		words++
		w = strings.ToLower(w)
		for code, known := range vocabulary.words {
			if !known[w] {
				continue
			}
			h := hits[code]
			h.all++
			if !seen[w] {
				h.distinct++
			}
			if vocabulary.greetings[w] {
				h.greetings++
			}
			hits[code] = h
		}
		seen[w] = true
	}
	return words, hits
}

// isWrittenIn reports whether so many of the words belong to a language, and so few to any other, that the text is in it.
func isWrittenIn(code string, words int, hits map[string]hitCount) bool {
	const (
		greetingOnly = 6  // words of a text that one greeting tells
		share        = 12 // one word in so many must belong to the language
		lead         = 3  // times as many as of any other language
	)
	own := hits[code]
	for other, h := range hits {
		if other != code && own.all < lead*h.all {
			return false
		}
	}
	isGreeting := own.greetings > 0 && words <= greetingOnly
	return own.all*share >= words && (own.distinct >= 2 || isGreeting)
}

// contentLanguage returns the primary subtag (RFC 5646 §2.2.1) of a Content-Language field (RFC 3282), "" if it names
// several languages or none.
func contentLanguage(value string) string {
	var subtag string
	for tag := range strings.SplitSeq(keyword(value), ",") {
		primary, _, _ := strings.Cut(strings.TrimSpace(tag), "-")
		isOdd := strings.ContainsFunc(primary, func(r rune) bool { return r < 'a' || r > 'z' })
		if n := len(primary); n < 2 || n > 3 || isOdd || subtag != "" && primary != subtag {
			return ""
		}
		subtag = primary
	}
	return subtag
}
