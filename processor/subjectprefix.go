package processor

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// automaticPrefixes holds the prefixes of automatic answers.
var automaticPrefixes = []string{
	"automatic reply", "out of office", "out of office autoreply", "auto reply", "réponse automatique", "absence du bureau",
	"automatische antwort", "abwesend", "abwesenheitsnotiz", "abwesenheitsnachricht", "respuesta automática", "risposta automatica",
	"automatisch antwoord", "resposta automática", "autosvar", "not read", "non lu", "message d'absence",
}

// notesPrefix is the prefix of Notes: "AUTO: Ann Lee is out of the office (returning 11/12/2026)". Alerts have it too, and
// taken for an absence note nobody would read them.
const notesPrefix = "auto"

// notesAbsence holds the words by which Notes says that somebody is away, in lower case.
var notesAbsence = []string{
	"out of the office", "du bureau", "abwesend", "außer haus", "nicht im büro", "fuori ufficio", "fuera de la oficina",
	"niet op kantoor",
}

// returnedPrefixes holds the prefixes that mail systems put before the subject of a returned message, where they are
// longer than a reply prefix or have several words.
var returnedPrefixes = []string{
	"undeliverable", "undeliverable mail", "undeliverable message", "undelivered mail", "delivery failure",
	"delivery failed", "returned mail",
	"non remis", "message non remis", "nicht zustellbar", "no se puede entregar", "non recapitabile",
}

// skipPrefix skips one reply prefix in any language.
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

// skipAutomaticPrefix skips the prefix that a program puts before a subject that it answers or returns.
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

// hasAutomaticPrefix reports whether the subject of a message that is marked as automatic begins like that of an
// automatic answer.
func hasAutomaticPrefix(subject string) bool {
	s := skipGatewayTags(subject)
	if _, ok := cutPrefixOf(s, automaticPrefixes); ok {
		return true
	}
	said, ok := cutPrefixOf(s, []string{notesPrefix})
	said = normalised(said)
	return ok && slices.ContainsFunc(notesAbsence, func(words string) bool { return strings.Contains(said, words) })
}

// forwardPrefixes holds the prefixes that programs put before the subject of a forward.
var forwardPrefixes = map[string]bool{
	"fw": true, "fwd": true, "tr": true, "wg": true, "rv": true, "i": true, "enc": true, "doorst": true, "vb": true,
	"pd": true, "vl": true, "ilt": true, "forward": true, "forwarded": true, "weitergeleitet": true, "transféré": true,
	"réacheminé": true, "inoltra": true, "reenviado": true,
}

// isForward reports whether the first prefix of a subject, after those of gateways, is that of a forward: "TR: RE: x"
// forwards an answer, "RE: TR: x" answers a forward.
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

// cutColon cuts white space and a colon, also the wide one of Chinese and Japanese, off the beginning of s.
func cutColon(s string) (after string, ok bool) {
	s = trimSpace(s)
	if after, ok := strings.CutPrefix(s, ":"); ok {
		return after, true
	}
	return strings.CutPrefix(s, "：")
}

// prefixWord returns the word of a prefix: "re" of "RE[2] :".
func prefixWord(prefix string) string {
	return strings.ToLower(strings.TrimRight(prefix, ":：0123456789[](^). \t\u00a0\u202f"))
}
