package processor

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"mailintegration/processor/language"
)

// quoteBegins reports whether line i begins mail that is quoted without ">", up to the end of the text: by a header as
// Outlook shows it, or by an attribution with an address and a time. at is the line where to cut; it includes a separator
// above.
func (r *reply) quoteBegins(i int) (at int, ok bool) {
	if r.isHeaderBlock(i) {
		if above := r.lastText(i); above >= 0 && isSeparator(r.lines[above]) {
			return above, true
		}
		return i, true
	}
	n := r.attribution(i)
	if n == 0 {
		return 0, false
	}
	joined := strings.Join(r.lines[i:i+n], " ")
	if !attributionOpener().MatchString(joined) || !strings.Contains(joined, "@") || !saidVerb().MatchString(joined) {
		return 0, false
	}
	next := r.nextText(i + n)
	return i, next < r.end && !isQuoted(r.lines[next]) // a quote with ">" is cut from its end
}

// attribution returns how many lines from i on are the sentence before quoted mail ("On … wrote:"), 0 if there is none.
// The sentence has a date or a time, ends with a colon, and has an address or a verb such as "wrote".
func (r *reply) attribution(i int) int {
	const mostLines, longest = 4, 500
	octets := 0
	for n := 1; n <= mostLines && i+n <= r.end; n++ {
		ln := strings.TrimSpace(r.lines[i+n-1])
		octets += len(ln)
		if ln == "" || isQuoted(ln) || octets > longest {
			return 0
		}
		if !strings.HasSuffix(ln, ":") && !strings.HasSuffix(ln, "：") {
			continue
		}
		if !r.spend() {
			return 0
		}
		text := strings.Join(r.lines[i:i+n], " ")
		hasDate := dateOrTime.MatchString(text)
		if hasDate && (strings.Contains(text, "@") || saidVerb().MatchString(text)) && !r.beginsLater(i, n) {
			return n
		}
		return 0
	}
	return 0
}

// beginsLater reports whether a sentence of n lines from i on really begins in a later line, as after "Hi,".
func (r *reply) beginsLater(i, n int) bool {
	if !strings.ContainsAny(r.lines[i], "0123456789") {
		return n > 1
	}
	for k := i + 1; k < i+n; k++ {
		if attributionOpener().MatchString(r.lines[k]) && dateOrTime.MatchString(strings.Join(r.lines[k:i+n], " ")) {
			return true
		}
	}
	return false
}

var (
	attributionOpener = sync.OnceValue(func() *regexp.Regexp {
		openers := language.Set(func(l language.Language) []string { return l.Openers })
		return regexp.MustCompile(`(?i)^[\s*]*(?:(?:` + anyOf(openers) + `)\s|\d{1,4}[./-]\d{1,2}|\pL{2,4}\.?, \d{1,2}[. ])`)
	})
	saidVerb = sync.OnceValue(func() *regexp.Regexp {
		verbs := language.Set(func(l language.Language) []string { return l.Wrote })
		return regexp.MustCompile(`(?i)(?:^|[\s>*])(?:` + anyOf(verbs) + `)[\s*:：]`)
	})
	dateOrTime = regexp.MustCompile(`\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{1,2}[:h]\d{2}|\b(?:19|20)\d\d\b`)
)

// anyOf returns the alternatives of a regular expression that matches one of the words.
func anyOf(words map[string]bool) string {
	var quoted []string
	for _, word := range slices.Sorted(maps.Keys(words)) {
		quoted = append(quoted, regexp.QuoteMeta(word))
	}
	return strings.Join(quoted, "|")
}
