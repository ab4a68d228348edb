package processor

import (
	"regexp"
	"slices"
	"strings"
)

// replyText returns what the author of an answer wrote: the text without the mail quoted at its end or before its
// beginning, and without the signature. It is made for mistakes that do no harm: when in doubt nothing is cut, what
// is quoted between answers stays, a forward is left whole, and so is a text of which nothing would be left.
func replyText(m *Message) string {
	if isForward(m.Subject) {
		return m.Text // what is quoted is what was to be said
	}
	r := reply{lines: strings.Split(m.Text, "\n"), budget: 500}
	r.end = len(r.lines)
	r.trim()
	for i := r.begin; i < r.end; i++ {
		if at, ok := r.quoteBegins(i); ok && at > r.begin {
			r.end = at
			break
		}
	}
	r.budget += 100
	// Under a quote there may be a signature, and above it another one.
	const rounds = 4
	for range rounds {
		before := r.end
		r.trim()
		r.cutListFooter()
		r.cutSignature()
		r.cutQuoteAtEnd()
		if r.trim(); r.end == before {
			break
		}
	}
	r.cutQuoteAtBegin()
	if text := r.part(m.Text); strings.TrimSpace(text) != "" {
		return strings.TrimRight(text, " \t\n")
	}
	return m.Text
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
	ln = strings.TrimLeft(ln, " \t")
	return strings.HasPrefix(ln, ">") && !strings.HasPrefix(ln, ">From ")
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
	for i--; i >= r.begin; i-- {
		if !isBlankLine(r.lines[i]) {
			return i
		}
	}
	return -1
}

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
		if octets += len(ln); ln == "" || isQuoted(ln) || octets > longest {
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
	saidVerb          = regexp.MustCompile(`(?i)(?:^|[\s>*])(?:wrote|writes|a écrit|écrivait|schrieb|geschrieben|escribió|escribio|ha scritto|scritto|schreef|geschreven|escreveu|написал|пишет|skrev|napisał)(?:[\s*]|.{0,200}?:)`)
	dateOrTime        = regexp.MustCompile(`\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{1,2}[:h]\d{2}|\b(?:19|20)\d\d\b`)
)

// isHeaderBlock says whether the header of a mail begins in line i as programs show it: lines like "From: …",
// "Sent: …", "To: …", "Subject: …", together.
func (r *reply) isHeaderBlock(i int) bool {
	const mostLines = 30
	seen := labelOf(r.lines[i])
	if seen == noLabel || i > r.begin && labelOf(r.lines[i-1]) != noLabel || !r.spend() {
		return false // none, or judged with its first line
	}
	last := seen
	for j := i + 1; j < min(r.end, i+mostLines); j++ {
		switch label := labelOf(r.lines[j]); {
		case label != noLabel:
			seen, last = seen|label, label
		case isBlankLine(r.lines[j]):
			if j+1 >= r.end || labelOf(r.lines[j+1]) == noLabel {
				return isMailHeader(seen)
			}
		case last != toLabel: // a list of recipients goes on
			return isMailHeader(seen)
		}
	}
	return isMailHeader(seen)
}

// label is what a line of a shown header says, in one of the languages of mail programs.
type label uint8

const (
	noLabel   label = 0
	fromLabel label = 1 << iota
	sentLabel
	dateLabel
	toLabel
	subjectLabel
	otherLabel
)

// isMailHeader tells the header of a mail from a form that somebody filled in, which may have "From:" and "To:" too.
func isMailHeader(seen label) bool {
	if seen&fromLabel == 0 {
		return false
	}
	return seen&subjectLabel != 0 && seen&(sentLabel|dateLabel|toLabel) != 0 || seen&sentLabel != 0 && seen&toLabel != 0
}

// labelOf returns what a line of a shown header says.
func labelOf(ln string) label {
	const longest = 40
	colon := strings.IndexByte(ln[:min(len(ln), longest)], ':')
	if colon <= 0 {
		return noLabel
	}
	return headerLabels[strings.ToLower(strings.Trim(ln[:colon], " \t*\u00a0\u202f"))]
}

var headerLabels = map[string]label{
	"from": fromLabel, "de": fromLabel, "von": fromLabel, "da": fromLabel, "van": fromLabel, "expéditeur": fromLabel, "от": fromLabel, "från": fromLabel, "fra": fromLabel, "od": fromLabel,
	"sent": sentLabel, "envoyé": sentLabel, "envoyé le": sentLabel, "gesendet": sentLabel, "enviado": sentLabel, "enviado el": sentLabel, "enviado em": sentLabel,
	"enviada": sentLabel, "enviada em": sentLabel, "inviato": sentLabel, "verzonden": sentLabel, "отправлено": sentLabel, "skickat": sentLabel, "sendt": sentLabel, "wysłano": sentLabel,
	"date": dateLabel, "datum": dateLabel, "data": dateLabel, "fecha": dateLabel, "дата": dateLabel,
	"to": toLabel, "à": toLabel, "a": toLabel, "an": toLabel, "para": toLabel, "aan": toLabel, "pour": toLabel, "кому": toLabel, "till": toLabel, "til": toLabel, "do": toLabel,
	"cc": toLabel, "копия": toLabel, "kopie": toLabel,
	"subject": subjectLabel, "objet": subjectLabel, "sujet": subjectLabel, "betreff": subjectLabel, "asunto": subjectLabel, "oggetto": subjectLabel,
	"assunto": subjectLabel, "onderwerp": subjectLabel, "тема": subjectLabel, "ämne": subjectLabel, "emne": subjectLabel, "temat": subjectLabel,
	"importance": otherLabel, "wichtigkeit": otherLabel, "priority": otherLabel, "attachments": otherLabel, "pièces jointes": otherLabel, "anlagen": otherLabel, "reply-to": otherLabel,
}

// isSeparator says whether a line only sets off what follows: "-----Original Message-----", "________".
func isSeparator(ln string) bool {
	ln = strings.TrimSpace(ln)
	const longest = 100
	if len(ln) < 5 || len(ln) > longest {
		return false
	}
	if strings.Trim(ln, "_") == "" || strings.Trim(ln, "-—–") == "" {
		return true
	}
	inner := strings.Trim(ln, "-—– ")
	return strings.HasPrefix(ln, "--") && strings.HasSuffix(ln, "--") && !strings.ContainsAny(inner, ".,;?!")
}

// cutQuoteAtEnd cuts a quote with ">" off the end, with the attribution above it.
func (r *reply) cutQuoteAtEnd() {
	begin, quoted := r.end, 0
	for i := r.end - 1; i >= r.begin; i-- {
		switch {
		case isQuoted(r.lines[i]):
			begin = i
			quoted++
		case !isBlankLine(r.lines[i]):
			i = r.begin // ends the search
		}
	}
	if quoted == 0 {
		return
	}
	above, isNamed := r.aboveQuote(begin)
	if isNamed || quoted > 1 { // one line alone may be meant as it stands
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
	if i >= r.end {
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

// cutListFooter cuts off what a mailing list adds: a long line, the name of the list, its addresses.
func (r *reply) cutListFooter() {
	const mostLines = 5
	for i := r.end - 1; i > r.begin && i >= r.end-mostLines; i-- {
		ln := strings.TrimSpace(r.lines[i])
		if len(ln) >= 20 && strings.Trim(ln, "_") == "" {
			if i+1 < r.end && strings.HasSuffix(strings.TrimSpace(r.lines[i+1]), "mailing list") {
				r.end = i
			}
			return
		}
	}
}

// cutSignature cuts a signature off the end: after "-- " (RFC 3676 §4.3), a line that a telephone adds, or a name
// after a dash.
func (r *reply) cutSignature() {
	if at, ok := r.dashedSignature(); ok {
		r.end = at
		r.trim()
	}
	last := r.end - 1
	if last <= r.begin || !isBlankLine(r.lines[last-1]) {
		return
	}
	ln := strings.TrimSpace(r.lines[last])
	switch {
	case deviceSignature.MatchString(ln), outlookSignature.MatchString(ln):
		r.end = last
	case dashedName.MatchString(ln) && !slices.ContainsFunc(r.lines[r.begin:last], isListItem):
		r.end = last
	}
}

// dashedSignature finds "-- " near the end. Without its space it must be followed by a few short lines, as it may be
// meant as a line.
func (r *reply) dashedSignature() (at int, ok bool) {
	const mostLines, mostLinesInDoubt, longestInDoubt = 15, 6, 80
	for i, after, longest := r.end-1, 0, 0; i > r.begin && after <= mostLines; i-- {
		ln := strings.TrimRight(r.lines[i], "\r\t\u00a0")
		if ln == "-- " || strings.TrimSpace(ln) == "--" && after <= mostLinesInDoubt && longest <= longestInDoubt && !strings.HasPrefix(ln, " ") {
			return i, true
		}
		if isQuoted(ln) {
			return 0, false
		}
		if !isBlankLine(ln) {
			after++
			longest = max(longest, len(ln))
		}
	}
	return 0, false
}

func isListItem(ln string) bool { return strings.HasPrefix(strings.TrimLeft(ln, " \t"), "-") }

var (
	deviceSignature = regexp.MustCompile(`(?i)^(?:sent from my|sent from mail for|envoyé de(?:puis)? mon|envoyé à partir de mon|von meine[mnr]|gesendet von meine[mr]|` +
		`enviado desde mi|enviado do meu|enviado a partir do meu|inviato dal? mio|inviato da|verstuurd vanaf mijn|verzonden vanaf mijn)(?:\s[^\s,;.!?]+){1,5}$`)
	outlookSignature = regexp.MustCompile(`(?i)^(?:(?:get|obtenez|téléchargez|télécharger|obtener|scarica|ottieni|download|obter) outlook (?:for|pour|para|per|voor) (?:ios|android)|outlook für (?:ios|android) beziehen)\s*(?:<[^<>\s]*>)?$`)
	dashedName       = regexp.MustCompile(`^[-–—]\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’.-]*){1,2}$`)
)
