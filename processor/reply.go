package processor

import (
	"slices"
	"strings"
)

// replyText returns the part of a text that its author wrote, without mail quoted at the end or the beginning and without
// the signature. It errs on the side of keeping text. Quotes between answers stay, and a text stays whole if the message
// is a forward, if nothing would be left, or if it quotes mail but answers none.
func replyText(m *Message) string {
	if mayBeForwarded(m) {
		return m.Text // the quoted mail is the point of the message
	}
	r := reply{lines: strings.Split(m.Text, "\n"), isAnswer: isAnswer(m), budget: 500}
	r.author = strings.ToLower(m.From.Name + m.From.Addr)
	r.end = len(r.lines)
	r.trim()
	if !r.cutUnmarkedQuote() {
		return m.Text
	}
	r.budget += 100
	r.cutEnd()
	r.cutQuoteAtBegin()
	if text := r.part(m.Text); strings.TrimSpace(text) != "" {
		return strings.TrimRight(text, " \t\n")
	}
	return m.Text
}

// cutUnmarkedQuote cuts off mail that is quoted without ">", up to the end of the text, and reports whether the text may
// be cut at all. New mail shows the quoted mail on purpose, and answers may stand within the quoted mail.
func (r *reply) cutUnmarkedQuote() bool {
	for i := r.begin; i < r.end; i++ {
		if isTitleOf(r.lines[i], titles().forwarded) {
			return false // the author passes on what follows
		}
		at, ok := r.quoteBegins(i)
		if ok && !r.isAnswer {
			return false
		}
		if ok && at > r.begin {
			if r.announcesBelow(at) {
				return false
			}
			r.end = at
			r.hasCutQuote = true
		}
	}
	return true
}

// cutEnd cuts signatures and a quote off the end. There may be one signature below the quote and another above it.
func (r *reply) cutEnd() {
	const rounds = 4
	for range rounds {
		before := r.end
		r.trim()
		r.cutListFooter()
		r.cutSignature()
		r.cutQuoteAtEnd()
		r.trim()
		if r.end == before {
			return
		}
	}
}

// part returns what has not been cut of text, which is the text that the lines are from.
func (r *reply) part(text string) string {
	if r.begin >= r.end {
		return ""
	}
	begin, octets := 0, 0
	for i, ln := range r.lines[:r.end] {
		if i < r.begin {
			begin += len(ln) + 1
		} else {
			octets += len(ln) + 1
		}
	}
	return text[begin : begin+octets-1]
}

// reply is the part of a text that has not been cut: lines[begin:end].
type reply struct {
	lines      []string
	begin, end int
	author     string // name and address in lower case, "" when unknown
	isAnswer   bool
	labels     []label // of the lines, 0 for one that was not looked up
	// hasCutQuote reports that what stood below the end was quoted mail, and not the author's.
	hasCutQuote bool
	budget      int // how many more candidates for the beginning of a quote to examine; no mail of a person has as many
}

// spend takes one candidate from the budget and reports whether there was one left.
func (r *reply) spend() bool {
	r.budget--
	return r.budget >= 0
}

// trim cuts blank lines off both ends.
func (r *reply) trim() {
	for r.begin < r.end && isBlankLine(r.lines[r.begin]) {
		r.begin++
	}
	for r.begin < r.end && isBlankLine(r.lines[r.end-1]) {
		r.end--
	}
}

func isBlankLine(ln string) bool { return strings.TrimSpace(ln) == "" }

// isQuoted reports whether a line is quoted with ">". ">From " is not a quote: mailbox files escape such lines.
func isQuoted(ln string) bool {
	ln = trimBlanks(ln)
	return strings.HasPrefix(ln, ">") && !strings.HasPrefix(ln, ">From ")
}

// trimBlanks returns a line without the spaces and tabs at its beginning.
func trimBlanks(ln string) string {
	for ln != "" && (ln[0] == ' ' || ln[0] == '\t') {
		ln = ln[1:]
	}
	return ln
}

// nextText returns the first line from i on that is not blank, r.end if there is none.
func (r *reply) nextText(i int) int {
	for i < r.end && isBlankLine(r.lines[i]) {
		i++
	}
	return i
}

// lastText returns the last line before i that is not blank, -1 if there is none.
func (r *reply) lastText(i int) int {
	for i := i - 1; i >= r.begin; i-- {
		if !isBlankLine(r.lines[i]) {
			return i
		}
	}
	return -1
}

// cutQuoteAtEnd cuts a quote with ">" off the end, with the attribution above it.
func (r *reply) cutQuoteAtEnd() {
	if !r.isAnswer {
		return
	}
	begin, quoted := r.end, 0
	for i := r.end - 1; i >= r.begin && (r.isQuotedAt(i) || isBlankLine(r.lines[i])); i-- {
		if r.isQuotedAt(i) {
			begin = i
			quoted++
		}
	}
	if quoted == 0 {
		return
	}
	above, isNamed := r.aboveQuote(begin)
	isMeant := quoted == 1 && !isNamed // a single line may be the author's own use of ">"
	if !isMeant && !r.announcesBelow(above) {
		r.end = above
		r.hasCutQuote = true
	}
}

// aboveQuote finds the attribution or separator above a quote that begins at begin.
func (r *reply) aboveQuote(begin int) (at int, found bool) {
	last := r.lastText(begin)
	if last < 0 {
		return begin, false
	}
	if isSeparator(r.lines[last]) || r.isDashedAttribution(last) {
		return last, true
	}
	const mostLines = 6
	at = begin
	for i := last; i >= max(r.begin, last-mostLines+1) && !isBlankLine(r.lines[i]); i-- {
		if n := r.attribution(i); n > 0 && i+n == last+1 {
			// Take the shortest sentence, but go on upwards until its opening words: it may span several lines.
			at, found = i, true
			if startsWithOpener(r.lines[i]) && dateOrTime.MatchString(r.sentence(i, n)) {
				break
			}
		}
	}
	return at, found
}

// cutQuoteAtBegin cuts a quote with ">" and its attribution off the beginning, if everything below the quote is the
// author's own text.
func (r *reply) cutQuoteAtBegin() {
	i := r.begin
	if i >= r.end || !r.isAnswer {
		return
	}
	n := r.attribution(i)
	next := r.nextText(i + n)
	if n == 0 || next >= r.end || !isQuoted(r.lines[next]) {
		return
	}
	for next < r.end && (isQuoted(r.lines[next]) || isBlankLine(r.lines[next])) {
		next++
	}
	if next < r.end && !slices.ContainsFunc(r.lines[next:r.end], isQuoted) {
		r.begin = next
	}
}
