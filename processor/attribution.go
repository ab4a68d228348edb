package processor

import (
	"regexp"
	"strings"
)

// quoteBegins says whether line i begins a mail quoted without ">", down to the end: the header of a mail as Outlook
// shows it, or an attribution that names an address and a time. at is where to cut, with the line drawn above it.
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
	if !attributionOpener.MatchString(joined) || !strings.Contains(joined, "@") || !saidVerb.MatchString(joined) {
		return 0, false
	}
	next := r.nextText(i + n)
	return i, next < r.end && !isQuoted(r.lines[next]) // quoted with ">", it is cut where it ends
}

// attribution returns how many lines, from i on, are the sentence before quoted mail ("On … wrote:"), 0 for none.
// It has a date or a time, ends with a colon, and names an address or says that somebody wrote.
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
		if dateOrTime.MatchString(text) && (strings.Contains(text, "@") || saidVerb.MatchString(text)) && !r.beginsLater(i, n) {
			return n
		}
		return 0
	}
	return 0
}

// beginsLater says whether a sentence of n lines from i on begins in fact in a later line: "Hi," stands before it.
func (r *reply) beginsLater(i, n int) bool {
	if !strings.ContainsAny(r.lines[i], "0123456789") {
		return n > 1
	}
	for k := i + 1; k < i+n; k++ {
		if attributionOpener.MatchString(r.lines[k]) && dateOrTime.MatchString(strings.Join(r.lines[k:i+n], " ")) {
			return true
		}
	}
	return false
}

var (
	attributionOpener = regexp.MustCompile(`(?i)^[\s*]*(?:(?:on|le|am|el|il|op|em|den|dnia)\s|\d{1,4}[./-]\d{1,2}|\pL{2,4}\.?, \d{1,2}[. ])`)
	saidVerb          = regexp.MustCompile(`(?i)(?:^|[\s>*])(?:wrote|writes|a écrit|écrivait|schrieb|geschrieben|escribió|escribio|ha scritto|scritto|schreef|geschreven|escreveu|написал|пишет|skrev|napisał)[\s*:：]`)
	dateOrTime        = regexp.MustCompile(`\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{1,2}[:h]\d{2}|\b(?:19|20)\d\d\b`)
)
