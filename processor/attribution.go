package processor

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mailintegration/processor/language"
)

// quoteBegins reports whether line i begins mail that is quoted without ">", up to the end of the text: by a header as
// Outlook shows it, by a line such as "---- Original message ----", or by an attribution with an address and a time. at is the
// line where to cut; it includes a separator above.
func (r *reply) quoteBegins(i int) (at int, ok bool) {
	if r.isHeaderBlock(i) {
		if r.isSeparated(i) {
			return r.lastText(i), true
		}
		return i, true
	}
	n := 1
	if !isTitleOf(r.lines[i], titles().original) && !r.isDashedAttribution(i) {
		if n = r.attribution(i); n == 0 || !isCertain(r.sentence(i, n)) {
			return 0, false
		}
	}
	next := r.nextText(i + n)
	return i, next < r.end && !r.isQuotedAt(next) // a quote with ">" is cut from its end
}

// isCertain reports whether a sentence surely stands before quoted mail, also without ">" below: it has an address, and a verb after
// the opening words of such a sentence or after a name and an address; or it is only a time and an address in brackets.
func isCertain(sentence string) bool {
	if !strings.Contains(sentence, "@") {
		return false
	}
	isBracketed := strings.Contains(sentence, "<") && timeOfDay.MatchString(sentence)
	return saysWrote(sentence) && (opensAttribution(sentence) || isBracketed) ||
		isBracketed && strings.HasSuffix(strings.TrimRight(sentence, ":： "), ">")
}

// attribution returns how many lines from i on are the sentence before quoted mail ("On … wrote:"), 0 if there is none.
// The sentence ends with a colon. It has a date or a time, and an address or a verb such as "wrote"; or it names the author.
func (r *reply) attribution(i int) int {
	const mostLines, longest = 6, 500
	octets := 0
	for n := 1; n <= mostLines && i+n <= r.end; n++ {
		ln := trimUnseen(r.lines[i+n-1])
		octets += len(ln)
		if ln == "" || octets > longest || r.isQuotedAt(i+n-1) {
			return 0
		}
		if !strings.HasSuffix(ln, ":") && !strings.HasSuffix(ln, "：") {
			continue
		}
		if !r.spend() {
			return 0
		}
		text := r.sentence(i, n)
		hasDate := dateOrTime.MatchString(text)
		isNamed := hasDate && (strings.Contains(text, "@") || saysWrote(text)) || namesAuthor(text)
		if isNamed && !r.beginsLater(i, n) {
			return n
		}
		return 0
	}
	return 0
}

// namesAuthor reports whether a sentence without a date has an address in brackets with a verb ("Ann <ann@example.com> writes:")
// or after an opening word ("Quoting Ann <ann@example.com>:").
func namesAuthor(sentence string) bool {
	open := strings.IndexByte(sentence, '<')
	if open < 0 || !strings.Contains(sentence[open:], "@") {
		return false
	}
	return saysWrote(sentence) || startsWithOpener(sentence) && strings.HasSuffix(strings.TrimRight(sentence, ":： "), ">")
}

// sentence returns n lines from i on as one, without characters that cannot be seen at its ends.
func (r *reply) sentence(i, n int) string {
	return trimUnseen(strings.Join(r.lines[i:i+n], " "))
}

// trimUnseen returns a line without white space, marks of bold text and characters that cannot be seen at its ends. Gmail
// encloses an attribution in Arabic or Hebrew in marks of direction.
func trimUnseen(ln string) string {
	isAround := func(c byte) bool { return c <= ' ' || c == '*' }
	for ln != "" && isAround(ln[0]) {
		ln = ln[1:]
	}
	for ln != "" && isAround(ln[len(ln)-1]) {
		ln = ln[:len(ln)-1]
	}
	if ln == "" || ln[0] < utf8.RuneSelf && ln[len(ln)-1] < utf8.RuneSelf {
		return ln
	}
	return strings.TrimFunc(ln, func(r rune) bool {
		return r == '*' || unicode.IsSpace(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r)
	})
}

// beginsLater reports whether a sentence of n lines from i on really begins in a later line, as after "Hi,". It begins in this
// one with its opening word, with the address, or before the bracket of the address; a program may break it anywhere.
func (r *reply) beginsLater(i, n int) bool {
	if n == 1 || startsWithOpener(r.lines[i]) || strings.Contains(r.lines[i], "<") && strings.Contains(r.lines[i], "@") {
		return false
	}
	for k := i + 1; k < i+n; k++ {
		rest := r.sentence(k, i+n-k)
		if opensAttribution(r.lines[k]) && (dateOrTime.MatchString(rest) || namesAuthor(rest)) {
			return true
		}
	}
	return !strings.ContainsFunc(r.lines[i], unicode.IsDigit) && !strings.HasPrefix(trimBlanks(r.lines[i+1]), "<")
}

// isQuotedAt reports whether line i is quoted with ">". The bracket of an address in the line above may stand there, too: an
// attribution is broken anywhere.
func (r *reply) isQuotedAt(i int) bool {
	if !isQuoted(r.lines[i]) {
		return false
	}
	const longest = 200
	ln := trimUnseen(r.lines[i])
	endsAddress := ln == ">" || strings.HasSuffix(ln, ":") || strings.HasSuffix(ln, "：")
	if i == r.begin || len(ln) > longest || !endsAddress {
		return true
	}
	above := r.lines[i-1]
	open := strings.LastIndexByte(above, '<')
	return open < 0 || strings.LastIndexByte(above, '>') > open || !strings.Contains(above[open:], "@")
}

// opensAttribution reports whether a text begins as the sentence before quoted mail does: with its opening word in some
// language, with a date, or with the day of the week before a date.
func opensAttribution(text string) bool {
	return startsWithOpener(text) || dateOpener.MatchString(text)
}

// startsWithOpener reports whether a text begins with the word that opens the sentence before quoted mail: "On", "Le", "Am".
func startsWithOpener(text string) bool {
	const longest = 100
	text = trimUnseen(text)
	text = strings.ToLower(strings.ToValidUTF8(text[:min(len(text), longest)], ""))
	for _, opener := range attributionWords().openers[firstRune(text)] {
		if rest, ok := strings.CutPrefix(text, opener); ok && (rest == "" || !startsWithLetter(rest) || isUnspaced(rest)) {
			return true
		}
	}
	return false
}

// saysWrote reports whether a text has the verb of the sentence before quoted mail: "wrote", "a écrit", "schrieb".
func saysWrote(text string) bool {
	text = plainSpaces.Replace(strings.ToLower(text))
	for _, verb := range attributionWords().verbs {
		if strings.Contains(text, verb) && hasWord(text, verb) {
			return true
		}
	}
	return false
}

// hasWord reports whether a text has words that are not part of longer ones. Scripts without spaces have no such bounds.
func hasWord(text, words string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], words)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		isBegin := at == 0 || !unicode.IsLetter(before) || isUnspaced(words)
		if after := text[at+len(words):]; isBegin && (!startsWithLetter(after) || isUnspaced(words)) {
			return true
		}
		from = at + len(words)
	}
}

func startsWithLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsMark(r)
}

// isUnspaced reports whether a text begins with a letter of a script that is written without spaces between words.
func isUnspaced(s string) bool { return unicode.In(firstRune(s), unspacedScripts...) }

var unspacedScripts = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// attributionTable holds the words of sentences before quoted mail in all languages.
type attributionTable struct {
	openers map[rune][]string // by their first letter
	verbs   []string
}

var attributionWords = sync.OnceValue(func() attributionTable {
	t := attributionTable{openers: make(map[rune][]string)}
	for opener := range language.Set(func(l language.Language) []string { return l.Openers }) {
		t.openers[firstRune(opener)] = append(t.openers[firstRune(opener)], opener)
	}
	for verb := range language.Set(func(l language.Language) []string { return l.Wrote }) {
		t.verbs = append(t.verbs, verb)
	}
	return t
})

var (
	dateOpener = regexp.MustCompile(`^[\s*]*(?:\d{1,4}[./-]\s?\d{1,2}|(?:19|20)\d\d\pL|` +
		`\pL{1,12}\.?,? \d{1,4}[./-] ?\d{1,2}[./-]|\pL{2,4}\.?, \d{1,2}[. ])`)
	dateOrTime = regexp.MustCompile(`\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}|\b\d{1,2}[:h]\d{2}|\b(?:19|20|25)\d\d\b|[٠-٩۰-۹०-९๐-๙]{4}`)
	timeOfDay  = regexp.MustCompile(`\b\d{1,2}[.:h]\d{2}|[٠-٩۰-۹०-९๐-๙]{1,2}[.:٫][٠-٩۰-۹०-९๐-๙]{2}`)
)
