package processor

import (
	"strings"
	"sync"

	"mailintegration/processor/language"
)

// isHeaderBlock reports whether line i begins the header of a quoted mail as mail programs show it: lines like "From: …",
// "Sent: …", "To: …", "Subject: …", together.
func (r *reply) isHeaderBlock(i int) bool {
	const mostLines = 30
	seen := labelOf(r.lines[i])
	if seen == noLabel || i > r.begin && labelOf(r.lines[i-1]) != noLabel || !r.spend() {
		return false // no label, or a later line of a block that was examined at its first line
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
		case last != toLabel: // a list of recipients may span several lines
			return isMailHeader(seen)
		}
	}
	return isMailHeader(seen)
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

// labelOf returns the label that a line begins with.
func labelOf(ln string) label {
	const longest = 40
	colon := strings.IndexByte(ln[:min(len(ln), longest)], ':')
	if colon <= 0 {
		return noLabel
	}
	return headerLabels()[strings.ToLower(strings.Trim(ln[:colon], " \t*\u00a0\u202f"))]
}

// headerLabels holds the labels in all languages.
var headerLabels = sync.OnceValue(func() map[string]label {
	labels := make(map[string]label)
	for _, l := range language.All() {
		for _, known := range []struct {
			label label
			words []string
		}{
			{fromLabel, l.From}, {sentLabel, l.Sent}, {dateLabel, l.Date}, {toLabel, l.To}, {toLabel, l.Cc}, {subjectLabel, l.Subject},
			{otherLabel, l.Other},
		} {
			for _, word := range known.words {
				labels[word] = known.label
			}
		}
	}
	return labels
})

// isSeparator reports whether a line only separates what follows: "-----Original Message-----", "________".
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
