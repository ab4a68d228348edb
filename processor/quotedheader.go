package processor

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"mailintegration/processor/language"
)

// isHeaderBlock reports whether line i begins the header of a quoted mail as mail programs show it: lines like "From: …",
// "Sent: …", "To: …", "Subject: …", together.
func (r *reply) isHeaderBlock(i int) bool {
	if r.labelAt(i) == noLabel || i > r.begin && r.labelAt(i-1) != noLabel || !r.spend() {
		return false // no label, or a later line of a block that was examined at its first line
	}
	seen, end := r.blockLabels(i)
	return isMailHeader(seen) && (!r.isAnswer || seen&sentLabel != 0 || r.isSeparated(i) || r.isAboutMail(i, end))
}

// blockLabels returns the labels of the lines from i on that belong together, and the line after them. A field may go on in
// the next lines: recipients in many, the others in two.
func (r *reply) blockLabels(i int) (seen label, end int) {
	const mostLines, mostFolded = 30, 2
	folded := 0
	for end = i; end < min(r.end, i+mostLines); end++ {
		found, last := noLabel, noLabel
		if r.labelAt(end) != noLabel {
			found, last = labelsOf(r.lines[end])
		}
		switch {
		case found != noLabel:
			seen |= found
			folded = 0
			if last == toLabel {
				folded = -mostLines
			}
		case isBlankLine(r.lines[end]):
			if end+1 >= r.end || r.labelAt(end+1) == noLabel {
				return seen, end
			}
		case seen&subjectLabel != 0 && isMailHeader(seen):
			return seen, end // the quoted text, without a blank line above it
		default:
			if folded++; folded > mostFolded {
				return seen, end
			}
		}
	}
	return seen, end
}

// isSeparated reports whether a line that only separates stands above line i.
func (r *reply) isSeparated(i int) bool {
	above := r.lastText(i)
	return above >= 0 && isSeparator(r.lines[above])
}

// isAboutMail reports whether the lines up to end have an address or a time. A form that somebody filled in may have the
// labels of a mail, but has neither.
func (r *reply) isAboutMail(i, end int) bool {
	for _, ln := range r.lines[i:end] {
		if strings.Contains(ln, "@") || dateOrTime.MatchString(ln) {
			return true
		}
	}
	return false
}

// label is the meaning of a line of such a header, in any language of mail programs.
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

// isMailHeader reports whether labels are those of a mail's header. A form that somebody filled in may have "From:" and
// "To:" too.
func isMailHeader(seen label) bool {
	if seen&fromLabel == 0 {
		return false
	}
	return seen&subjectLabel != 0 && seen&(sentLabel|dateLabel|toLabel) != 0 || seen&sentLabel != 0 && seen&toLabel != 0
}

// labelAt returns the label that line i begins with. It looks each up once.
func (r *reply) labelAt(i int) label {
	const known = 1 // no label has this bit
	if r.labels == nil {
		r.labels = make([]label, len(r.lines))
	}
	if r.labels[i] == 0 {
		found, _ := cutLabel(r.lines[i])
		r.labels[i] = found | known
	}
	return r.labels[i] &^ known
}

// cutLabel returns the label that a line begins with, and the text after its colon.
func cutLabel(ln string) (found label, value string) {
	const longest = 60
	colon, width := colonIn(ln[:min(len(ln), longest)])
	if colon <= 0 {
		return noLabel, ""
	}
	return headerLabels()[labelWords(ln[:colon])], ln[colon+width:]
}

// labelsOf returns all labels of a line that begins with one, and the last of them. Telephones and webmails show several
// fields on one line: "To: ann@example.com Subject: printer".
func labelsOf(ln string) (all, last label) {
	const most = 8
	last, value := cutLabel(ln)
	all = last
	for n := 0; all != noLabel && n < most; n++ {
		colon, width := colonIn(value)
		if colon < 0 {
			break
		}
		if found := labelBefore(value[:colon]); found != noLabel {
			all, last = all|found, found
		}
		value = value[colon+width:]
	}
	return all, last
}

// labelBefore returns the label that the last words of a text are, before a colon within a line.
func labelBefore(text string) label {
	const longest, mostWords = 60, 3
	words := strings.Fields(text[max(0, len(text)-longest):])
	for n := 1; n <= min(mostWords, len(words)); n++ {
		found := headerLabels()[labelWords(strings.Join(words[len(words)-n:], " "))]
		if found != noLabel && found != otherLabel {
			return found
		}
	}
	return noLabel
}

// colonIn returns the place and the width of the first colon, also the wide one of Chinese and Japanese; -1 for none.
func colonIn(s string) (at, width int) {
	const wide = "："
	at = strings.IndexByte(s, ':')
	if at >= 0 {
		s = s[:at]
	}
	if strings.IndexByte(s, wide[0]) >= 0 {
		if other := strings.Index(s, wide); other >= 0 {
			return other, len(wide)
		}
	}
	return at, 1
}

// labelWords returns words as the language tables have them: in NFC and lower case, with a plain apostrophe, and without white
// space, marks of bold text and characters that cannot be seen around them.
func labelWords(s string) string {
	s = strings.Trim(s, " \t\r*_")
	if isASCII(s) {
		return strings.ToLower(s)
	}
	isAround := func(r rune) bool { return r == '*' || r == '_' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
	s = strings.ToLower(strings.TrimFunc(s, isAround))
	if strings.IndexByte(s, '\xe2') >= 0 || strings.IndexByte(s, '\xc2') >= 0 { // the first octets of what is replaced
		s = plainSpaces.Replace(s)
	}
	return norm.NFC.String(s)
}

// plainSpaces replaces spaces that do not break, and curved apostrophes.
var plainSpaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "’", "'", "\u200e", "", "\u200f", "")

// headerLabels holds the labels in all languages.
var headerLabels = sync.OnceValue(func() map[string]label {
	labels := make(map[string]label)
	for _, l := range language.All() {
		for _, known := range []struct {
			label label
			words []string
		}{
			{otherLabel, l.Other}, {fromLabel, l.From}, {dateLabel, l.Date}, {sentLabel, l.Sent}, {toLabel, l.To}, {toLabel, l.Cc},
			{subjectLabel, l.Subject},
		} {
			for _, word := range known.words {
				labels[word] = known.label
			}
		}
	}
	return labels
})
