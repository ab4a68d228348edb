package processor

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mailintegration/processor/language"
)

// prefixKind says what a prefix of a subject means. A word may have two meanings: "VS" answers in Finnish and forwards in
// Danish.
type prefixKind uint8

const (
	replyPrefix prefixKind = 1 << iota
	forwardPrefix
	absencePrefix  // of an automatic answer
	returnedPrefix // of a message that could not be delivered
	receiptPrefix
	calendarPrefix

	answerPrefixes = replyPrefix | absencePrefix | returnedPrefix | receiptPrefix
)

// subjectWords holds the words of subjects in all languages, in the form of language.Fold.
type subjectWords struct {
	kinds    map[string]prefixKind
	returned []string        // how the subjects of returned messages begin
	absences []string        // sentences by which Notes says that somebody is away
	gateways map[string]bool // words of the marks that gateways put before a subject

	calendar map[string]uint64 // the languages in which a word is one of the prefixes of calendars and receipts, a bit each
}

var knownWords = sync.OnceValue(func() subjectWords {
	w := subjectWords{kinds: map[string]prefixKind{}, gateways: map[string]bool{}, calendar: map[string]uint64{}}
	for i, l := range language.All() {
		for _, prefix := range slices.Concat(l.Invitations, l.Receipts) {
			for word := range strings.FieldsFuncSeq(language.Fold(prefix), isBetweenWords) {
				w.calendar[word] |= 1 << (i % 64)
			}
		}
		w.add(replyPrefix, l.Replies)
		w.add(forwardPrefix, l.Forwards)
		w.add(absencePrefix, l.Absences)
		w.add(returnedPrefix, l.Returned)
		w.add(receiptPrefix, l.Receipts)
		w.add(calendarPrefix, l.Invitations)
		for _, beginning := range l.Returned {
			w.returned = append(w.returned, language.Fold(beginning))
		}
		for _, sentence := range l.AbsenceSentences {
			w.absences = append(w.absences, language.Fold(sentence))
		}
		for _, word := range l.Gateways {
			w.gateways[language.Fold(word)] = true
		}
	}
	return w
})

// add adds the prefixes of a kind, the longer ones also without their accents.
func (w subjectWords) add(kind prefixKind, prefixes []string) {
	for _, prefix := range prefixes {
		prefix = language.Fold(prefix)
		w.kinds[prefix] |= kind
		if bare := language.WithoutAccents(prefix); bare != prefix && isLong(prefix) {
			w.kinds[bare] |= kind
		}
	}
}

// isLong reports whether a prefix means the same without its accents: "Réf" and "Ref" do not.
func isLong(prefix string) bool { return utf8.RuneCountInString(prefix) > 5 }

// kind returns the kind of a prefix in the form of language.Fold.
func (w subjectWords) kind(prefix string) (kind prefixKind, ok bool) {
	if kind, ok = w.kinds[prefix]; ok || !isLong(prefix) {
		return kind, ok
	}
	kind, ok = w.kinds[language.WithoutAccents(prefix)]
	return kind, ok
}

// cutPrefix cuts one prefix and its colon off the beginning of a subject: one that programs write, or any single word, whose
// kind is 0. Several words that no program writes are a person's.
func cutPrefix(s string) (kind prefixKind, after string, ok bool) {
	before, after, ok := cutColon(s)
	if !ok {
		return 0, s, false
	}
	if kind, ok := kindOf(before); ok {
		return kind, after, true
	}
	switch {
	case isOneWord(before):
		return 0, after, true
	case isOfCalendar(before):
		return calendarPrefix, after, true
	}
	return 0, s, false
}

// isOfCalendar reports whether a prefix consists of the words of calendars and receipts in one language, one of which is a
// prefix alone. Programs combine and inflect them in more ways than a list has: "Notification of a forwarded meeting".
func isOfCalendar(prefix string) bool {
	known := knownWords()
	languages, hasPrefix := ^uint64(0), false
	for word := range strings.FieldsFuncSeq(language.Fold(prefix), isBetweenWords) {
		languages &= known.calendar[word]
		kind, _ := known.kind(word)
		hasPrefix = hasPrefix || kind&(calendarPrefix|receiptPrefix) != 0
	}
	return languages != 0 && hasPrefix
}

func isBetweenWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '-'
}

// cutColon cuts s at its first colon, unless it is farther off than any prefix is long.
func cutColon(s string) (before, after string, ok bool) {
	const longest = 200 // octets
	for i := range min(len(s), longest) {
		if s[i] == ':' {
			return s[:i], s[i+1:], true
		}
		if s[i] < 0x80 {
			continue
		}
		for _, colon := range []string{"：", "﹕", "∶"} { // of Chinese and Japanese
			if after, ok := strings.CutPrefix(s[i:], colon); ok {
				return s[:i], after, true
			}
		}
	}
	return "", s, false
}

// kindOf returns the kind of a prefix that programs write, given without its colon. It may have a counter, and another one
// may follow it: "Out of office Re:".
func kindOf(prefix string) (kind prefixKind, ok bool) {
	known := knownWords()
	words := language.Fold(prefix)
	if kind, ok = known.kind(words); ok {
		return kind, true
	}
	words = strings.TrimRight(withoutCounter(words), " .")
	if kind, ok = known.kind(words); ok {
		return kind, true
	}
	last := strings.LastIndexByte(words, ' ')
	if last < 0 {
		return 0, false
	}
	second, _ := known.kind(words[last+1:])
	kind, ok = known.kind(strings.TrimRight(words[:last], " -"))
	return kind, ok && second&(replyPrefix|forwardPrefix) != 0
}

// withoutCounter cuts "[2]", "(2)", "^2" or "2" off the end of a prefix.
func withoutCounter(s string) string {
	const mostDigits = 4
	s = strings.TrimRight(s, " ")
	digits, closing := s, byte(0)
	if n := len(s); n > 0 && (s[n-1] == ']' || s[n-1] == ')') {
		digits, closing = s[:n-1], s[n-1]
	}
	word := strings.TrimRight(digits, "0123456789")
	if n := len(digits) - len(word); n == 0 || n > mostDigits {
		return s
	}
	switch {
	case closing == ']' && strings.HasSuffix(word, "["), closing == ')' && strings.HasSuffix(word, "("), strings.HasSuffix(word, "^"):
		word = word[:len(word)-1]
	case closing != 0:
		return s
	}
	return strings.TrimRight(word, " ")
}

// isOneWord reports whether a prefix is a word with at most a counter: programs have more prefixes than any list.
func isOneWord(prefix string) bool {
	const longest = 14 // letters of "Weitergeleitet"
	n := 0
	for _, r := range withoutCounter(strings.TrimSpace(prefix)) {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !(r == '.' && n > 0) {
			return false
		}
		n++
	}
	return n > 0 && n <= longest
}

// firstPrefix returns the kind of the first prefix of a subject, behind the marks of gateways, and what follows it.
func firstPrefix(subject string) (kind prefixKind, after string, ok bool) {
	return cutPrefix(skipMarks(subject))
}

// isForward reports whether the first prefix of a subject, after those of gateways, is that of a forward: "TR: RE: x"
// forwards an answer, "RE: TR: x" answers a forward.
func isForward(subject string) bool {
	kind, _, _ := firstPrefix(subject)
	return kind&forwardPrefix != 0 && kind&replyPrefix == 0
}
