package processor

import "strings"

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
	return headerLabels[strings.ToLower(strings.Trim(ln[:colon], " \t*\u00a0\u202f"))]
}

var headerLabels = map[string]label{
	"from": fromLabel, "de": fromLabel, "von": fromLabel, "da": fromLabel, "van": fromLabel, "expéditeur": fromLabel,
	"от": fromLabel, "från": fromLabel, "fra": fromLabel, "od": fromLabel,
	"sent": sentLabel, "envoyé": sentLabel, "envoyé le": sentLabel, "gesendet": sentLabel, "enviado": sentLabel,
	"enviado el": sentLabel, "enviado em": sentLabel, "enviada": sentLabel, "enviada em": sentLabel, "inviato": sentLabel,
	"verzonden": sentLabel, "отправлено": sentLabel, "skickat": sentLabel, "sendt": sentLabel, "wysłano": sentLabel,
	"date": dateLabel, "datum": dateLabel, "data": dateLabel, "fecha": dateLabel, "дата": dateLabel,
	"to": toLabel, "à": toLabel, "a": toLabel, "an": toLabel, "para": toLabel, "aan": toLabel, "pour": toLabel,
	"кому": toLabel, "till": toLabel, "til": toLabel, "do": toLabel, "cc": toLabel, "копия": toLabel, "kopie": toLabel,
	"subject": subjectLabel, "objet": subjectLabel, "sujet": subjectLabel, "betreff": subjectLabel, "asunto": subjectLabel,
	"oggetto": subjectLabel, "assunto": subjectLabel, "onderwerp": subjectLabel, "тема": subjectLabel,
	"ämne": subjectLabel, "emne": subjectLabel, "temat": subjectLabel,
	"importance": otherLabel, "wichtigkeit": otherLabel, "priority": otherLabel, "attachments": otherLabel,
	"pièces jointes": otherLabel, "anlagen": otherLabel, "reply-to": otherLabel,
}

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
