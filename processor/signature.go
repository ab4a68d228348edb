package processor

import (
	"regexp"
	"slices"
	"strings"
)

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
	const longest = 200
	ln := strings.TrimSpace(r.lines[last])
	switch {
	case len(ln) > longest:
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

func isListItem(ln string) bool { return strings.HasPrefix(trimLeft(ln), "-") }

var (
	deviceSignature = regexp.MustCompile(`(?i)^(?:sent from my|sent from mail for|envoyé de(?:puis)? mon|envoyé à partir de mon|von meine[mnr]|gesendet von meine[mr]|` +
		`enviado desde mi|enviado do meu|enviado a partir do meu|inviato dal? mio|inviato da|verstuurd vanaf mijn|verzonden vanaf mijn)(?:\s[^\s,;.!?]+){1,5}$`)
	outlookSignature = regexp.MustCompile(`(?i)^(?:(?:get|obtenez|téléchargez|télécharger|obtener|scarica|ottieni|download|obter) outlook (?:for|pour|para|per|voor) (?:ios|android)|outlook für (?:ios|android) beziehen)\s*(?:<[^<>\s]*>)?$`)
	dashedName       = regexp.MustCompile(`^[-–—]\p{Lu}[\pL'’-]+(?: \p{Lu}[\pL'’.-]*){1,2}$`)
)
