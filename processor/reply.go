package processor

import (
	"slices"
	"strings"
)

// replyText returns what the author of an answer wrote: the text without the mail quoted at its end or before its
// beginning, and without the signature. It is made for mistakes that do no harm: when in doubt nothing is cut, what
// is quoted between answers stays, a forward is left whole, and so are a text of which nothing would be left and mail
// that somebody shows who answers none.
func replyText(m *Message) string {
	if isForward(m.Subject) {
		return m.Text // what is quoted is what was to be said
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

// cutUnmarkedQuote cuts off mail that is quoted without ">", down to the end. It is false when the text is to be left
// whole: what looks so in new mail is what was to be said, and answers may stand within the mail that is quoted.
func (r *reply) cutUnmarkedQuote() bool {
	for i := r.begin; i < r.end; i++ {
		at, ok := r.quoteBegins(i)
		if ok && !r.isAnswer {
			return false
		}
		if ok && at > r.begin {
			if r.announcesBelow(at) {
				return false
			}
			r.end = at
		}
	}
	return true
}

// cutEnd cuts signatures and a quote off the end. Under a quote there may be a signature, and above it another one.
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

// part is what has not been cut of the text that was divided into the lines.
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
	budget     int // candidates for the beginning of a quote that are still looked at: no mail of a person has as many
}

// spend takes one from the budget; false when nothing is left.
func (r *reply) spend() bool {
	r.budget--
	return r.budget >= 0
}

// trim leaves out blank lines at both ends.
func (r *reply) trim() {
	for r.begin < r.end && isBlankLine(r.lines[r.begin]) {
		r.begin++
	}
	for r.begin < r.end && isBlankLine(r.lines[r.end-1]) {
		r.end--
	}
}

func isBlankLine(ln string) bool { return strings.TrimSpace(ln) == "" }

// isQuoted says whether a line is quoted with ">". ">From" at the beginning of a line is the work of a mailbox file.
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

// nextText is the first line from i on that is not blank, end when there is none.
func (r *reply) nextText(i int) int {
	for i < r.end && isBlankLine(r.lines[i]) {
		i++
	}
	return i
}

// lastText is the last line before i that is not blank, -1 when there is none.
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
	for i := r.end - 1; i >= r.begin && (isQuoted(r.lines[i]) || isBlankLine(r.lines[i])); i-- {
		if isQuoted(r.lines[i]) {
			begin = i
			quoted++
		}
	}
	if quoted == 0 {
		return
	}
	above, isNamed := r.aboveQuote(begin)
	isMeant := quoted == 1 && !isNamed // one line alone may be meant as it stands
	if !isMeant && !r.announcesBelow(above) {
		r.end = above
	}
}

// aboveQuote finds the attribution or the line drawn above a quote that begins at begin.
func (r *reply) aboveQuote(begin int) (at int, found bool) {
	last := r.lastText(begin)
	if last < 0 {
		return begin, false
	}
	if isSeparator(r.lines[last]) {
		return last, true
	}
	const mostLines = 4
	at = begin
	for i := last; i >= max(r.begin, last-mostLines+1) && !isBlankLine(r.lines[i]); i-- {
		if n := r.attribution(i); n > 0 && i+n == last+1 {
			// The shortest one that is a sentence, unless it goes on above: a line may break within it.
			at, found = i, true
			if attributionOpener.MatchString(r.lines[i]) {
				break
			}
		}
	}
	return at, found
}

// cutQuoteAtBegin cuts a quote with ">" and its attribution off the beginning, when all that follows was written
// below it.
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
