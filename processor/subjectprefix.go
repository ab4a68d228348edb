package processor

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mailintegration/processor/language"
)

// subjectWords holds the prefixes of subjects in all languages.
type subjectWords struct {
	automatic []string        // of absence notes and receipts
	returned  []string        // of returned mail
	absences  []string        // sentences of Notes
	replies   map[string]bool // of answers: not every word before a colon is one, "Printer: no paper" is new mail
	forwards  map[string]bool
}

var prefixes = sync.OnceValue(func() subjectWords {
	var w subjectWords
	for _, l := range language.All() {
		w.automatic = append(append(w.automatic, l.Absences...), l.Receipts...)
		w.returned = append(w.returned, l.Returned...)
		w.absences = append(w.absences, l.AbsenceSentences...)
	}
	w.replies = language.Set(func(l language.Language) []string { return l.Replies })
	w.forwards = language.Set(func(l language.Language) []string { return l.Forwards })
	return w
})

// notesPrefix is the prefix of Notes: "AUTO: Ann Lee is out of the office (returning 11/12/2026)". Alerts have it too, and
// taken for an absence note nobody would read them.
const notesPrefix = "auto"

// skipPrefix skips one reply prefix in any language.
func skipPrefix(s string) (after string, ok bool) {
	if after, ok := skipAutomaticPrefix(s); ok {
		return after, true
	}
	const longest = 14 // letters of "Weitergeleitet"
	n, end := 0, 0
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !(r == '.' && n > 0) {
			break
		}
		n++
		if n > longest {
			return "", false
		}
		end = i + utf8.RuneLen(r)
	}
	if n == 0 {
		return "", false
	}
	return cutColon(skipCounter(s[end:]))
}

// skipAutomaticPrefix skips the prefix that a program puts before a subject that it answers or returns.
func skipAutomaticPrefix(s string) (after string, ok bool) {
	if after, ok := cutPrefixOf(s, prefixes().automatic); ok {
		return after, true
	}
	return cutPrefixOf(s, prefixes().returned)
}

// cutPrefixOf cuts one of the prefixes and the colon after it off the beginning of s.
func cutPrefixOf(s string, prefixes []string) (after string, ok bool) {
	for _, prefix := range prefixes {
		if rest, found := cutNormalised(s, prefix); found {
			if after, ok := cutColon(rest); ok {
				return after, true
			}
		}
	}
	return "", false
}

// hasAutomaticPrefix reports whether the subject of a message that is marked as automatic begins like that of an
// automatic answer.
func hasAutomaticPrefix(subject string) bool {
	s := skipGatewayTags(subject)
	if _, ok := cutPrefixOf(s, prefixes().automatic); ok {
		return true
	}
	said, ok := cutPrefixOf(s, []string{notesPrefix})
	said = normalised(said)
	return ok && slices.ContainsFunc(prefixes().absences, func(words string) bool { return strings.Contains(said, words) })
}

// isForward reports whether the first prefix of a subject, after those of gateways, is that of a forward: "TR: RE: x"
// forwards an answer, "RE: TR: x" answers a forward.
func isForward(subject string) bool {
	s := skipGatewayTags(subject)
	after, ok := skipPrefix(s)
	if !ok {
		return false
	}
	return prefixes().forwards[prefixWord(s[:len(s)-len(after)])]
}

// skipCounter skips "[2]", "(2)", "^2" or "2".
func skipCounter(s string) string {
	t := trimSpace(s)
	closing := byte(0)
	switch {
	case strings.HasPrefix(t, "["):
		closing = ']'
	case strings.HasPrefix(t, "("):
		closing = ')'
	case !strings.HasPrefix(t, "^") && (t == "" || !isDigit(t[0])):
		return s
	}
	digits := strings.TrimLeft(t, "[(^")
	rest := strings.TrimLeft(digits, "0123456789")
	if n := len(digits) - len(rest); n == 0 || n > 4 {
		return s
	}
	if closing != 0 {
		if rest == "" || rest[0] != closing {
			return s
		}
		rest = rest[1:]
	}
	return rest
}

// cutColon cuts white space and a colon, also the wide one of Chinese and Japanese, off the beginning of s.
func cutColon(s string) (after string, ok bool) {
	s = trimSpace(s)
	if after, ok := strings.CutPrefix(s, ":"); ok {
		return after, true
	}
	return strings.CutPrefix(s, "：")
}

// prefixWord returns the word of a prefix: "re" of "RE[2] :".
func prefixWord(prefix string) string {
	return strings.ToLower(strings.TrimRight(prefix, ":：0123456789[](^). \t\u00a0\u202f"))
}
