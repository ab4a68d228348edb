package processor

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// automaticPrefixes are the prefixes that programs write when they answer by themselves.
var automaticPrefixes = []string{
	"automatic reply", "out of office", "out of office autoreply", "auto reply", "réponse automatique", "absence du bureau",
	"automatische antwort", "abwesend", "abwesenheitsnotiz", "abwesenheitsnachricht", "respuesta automática", "risposta automatica",
	"automatisch antwoord", "resposta automática", "autosvar", "not read", "non lu", "message d'absence",
}

// notesPrefix is the prefix of Notes: "AUTO: Ann Lee is out of the office (returning 11/12/2026)". Alerts have it too,
// which nobody would read if they were taken for an absence note.
const notesPrefix = "auto"

// notesAbsence are the words in which Notes says that somebody is away, in lower case.
var notesAbsence = []string{
	"out of the office", "du bureau", "abwesend", "außer haus", "nicht im büro", "fuori ufficio", "fuera de la oficina", "niet op kantoor",
}

// returnedPrefixes are what mail systems put before the subject of a message that they return, where it is longer than
// a reply prefix or has more words.
var returnedPrefixes = []string{
	"undeliverable", "undeliverable mail", "undeliverable message", "undelivered mail", "delivery failure", "delivery failed", "returned mail",
	"non remis", "message non remis", "nicht zustellbar", "no se puede entregar", "non recapitabile",
}

// skipPrefix skips one reply prefix, in whatever language.
func skipPrefix(s string) (after string, ok bool) {
	if after, ok := skipAutomaticPrefix(s); ok {
		return after, true
	}
	const longest = 14 // letters of "Weitergeleitet"
	n, end := 0, 0
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !(r == '.' && n > 0) {
			break
		}
		n++
		if n > longest {
			return "", false
		}
		end = i + utf8.RuneLen(r)
	}
	if n == 0 {
		return "", false
	}
	return cutColon(skipCounter(s[end:]))
}

// skipAutomaticPrefix skips what a program puts before the subject that it answers or returns.
func skipAutomaticPrefix(s string) (after string, ok bool) {
	if after, ok := cutPrefixOf(s, automaticPrefixes); ok {
		return after, true
	}
	return cutPrefixOf(s, returnedPrefixes)
}

// cutPrefixOf cuts one of the prefixes and the colon after it off the beginning of s.
func cutPrefixOf(s string, prefixes []string) (after string, ok bool) {
	for _, prefix := range prefixes {
		if rest, found := cutNormalised(s, prefix); found {
			if after, ok := cutColon(rest); ok {
				return after, true
			}
		}
	}
	return "", false
}

// hasAutomaticPrefix says whether the subject of a message that is marked as automatic begins as those of automatic
// answers do.
func hasAutomaticPrefix(subject string) bool {
	s := skipGatewayTags(subject)
	if _, ok := cutPrefixOf(s, automaticPrefixes); ok {
		return true
	}
	said, ok := cutPrefixOf(s, []string{notesPrefix})
	said = normalised(said)
	return ok && slices.ContainsFunc(notesAbsence, func(words string) bool { return strings.Contains(said, words) })
}

// forwardPrefixes are what programs put before the subject of a message that is passed on.
var forwardPrefixes = map[string]bool{
	"fw": true, "fwd": true, "tr": true, "wg": true, "rv": true, "i": true, "enc": true, "doorst": true, "vb": true, "pd": true, "vl": true, "ilt": true,
	"forward": true, "forwarded": true, "weitergeleitet": true, "transféré": true, "réacheminé": true, "inoltra": true, "reenviado": true,
}

// isForward says whether a subject says first of all, after what gateways put there, that the message is passed on:
// "TR: RE: x" passes an answer on, "RE: TR: x" answers.
func isForward(subject string) bool {
	s := skipGatewayTags(subject)
	after, ok := skipPrefix(s)
	if !ok {
		return false
	}
	return forwardPrefixes[prefixWord(s[:len(s)-len(after)])]
}

// skipCounter skips "[2]", "(2)", "^2" or "2".
func skipCounter(s string) string {
	t := trimSpace(s)
	closing := byte(0)
	switch {
	case strings.HasPrefix(t, "["):
		closing = ']'
	case strings.HasPrefix(t, "("):
		closing = ')'
	case !strings.HasPrefix(t, "^") && (t == "" || !isDigit(t[0])):
		return s
	}
	digits := strings.TrimLeft(t, "[(^")
	rest := strings.TrimLeft(digits, "0123456789")
	if n := len(digits) - len(rest); n == 0 || n > 4 {
		return s
	}
	if closing != 0 {
		if rest == "" || rest[0] != closing {
			return s
		}
		rest = rest[1:]
	}
	return rest
}

// cutColon skips white space and a colon, also the wide one of Chinese and Japanese.
func cutColon(s string) (after string, ok bool) {
	s = trimSpace(s)
	if after, ok := strings.CutPrefix(s, ":"); ok {
		return after, true
	}
	return strings.CutPrefix(s, "：")
}

// prefixWord is the word of a prefix: "re" of "RE[2] :".
func prefixWord(prefix string) string {
	return strings.ToLower(strings.TrimRight(prefix, ":：0123456789[](^). \t\u00a0\u202f"))
}
