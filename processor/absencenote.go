package processor

import (
	"slices"
	"strings"

	"mailintegration/processor/language"
)

// isAbsenceNote reports whether a program that answers messages wrote a message which it marked only as generated.
// Exchange does so. Its prefix is believed where the message answers another one, because a program that writes on its own
// may also tell who is away.
func isAbsenceNote(m *Message) bool {
	if !beginsAsAbsenceNote(m.Subject) {
		return isAnswerOfRule(m)
	}
	isGenerated := isNotice(m.Header)
	isSuppressing := m.Header.Has("X-Auto-Response-Suppress") // as Exchange writes its absence notes
	switch {
	case isGenerated && isSuppressing, isGenerated && isSentenceOfNotes(m.Subject):
		return true
	case isGenerated, isSuppressing, isSentInBulk(m.Header), isNullPath(m):
		return refersToAMessage(m.Header)
	}
	return isAnswerOfRule(m)
}

// refersToAMessage reports whether a message answers another one by its fields (RFC 5322 §3.6.4).
func refersToAMessage(h Header) bool {
	return strings.TrimSpace(h.Get("In-Reply-To")+h.Get("References")) != ""
}

// beginsAsAbsenceNote reports whether a subject begins as those of absence notes do: with a prefix, a mark or a whole
// phrase of one. The marks of gateways may stand before it.
func beginsAsAbsenceNote(subject string) bool {
	s := skipDecoration(subject)
	for range mostPrefixes {
		if kind, _, ok := cutPrefix(s); ok {
			return kind&absencePrefix != 0 || saysThatSomebodyIsAway(s)
		}
		inner, after, ok := cutMark(s)
		if !ok {
			break
		}
		if kind, _ := kindOf(inner); kind&absencePrefix != 0 {
			return true
		}
		s = skipDecoration(after)
	}
	for _, dash := range []string{" - ", " – ", " — "} {
		s, _, _ = strings.Cut(s, dash)
	}
	kind, _ := kindOf(s)
	return kind&absencePrefix != 0
}

// notesPrefix is the prefix of Notes: "AUTO: Ann Lee is out of the office (returning 11/12/2026)". Alerts have it too, and
// taken for an absence note nobody would read them.
const notesPrefix = "auto"

// saysThatSomebodyIsAway reports whether a subject has the prefix of Notes and the words by which it says that somebody is
// away.
func saysThatSomebodyIsAway(subject string) bool {
	prefix, said, ok := cutColon(subject)
	if !ok || language.Fold(prefix) != notesPrefix {
		return false
	}
	said = language.Fold(said)
	return slices.ContainsFunc(knownWords().absences, func(words string) bool { return strings.Contains(said, words) })
}

// isSentenceOfNotes reports whether a subject is the whole sentence of Notes, with the day of the return in parentheses at
// its end.
func isSentenceOfNotes(subject string) bool {
	s := skipMarks(subject)
	end := strings.TrimRight(s, " .")
	begin := strings.LastIndexAny(end, "(（")
	return begin >= 0 && (strings.HasSuffix(end, ")") || strings.HasSuffix(end, "）")) &&
		strings.ContainsAny(end[begin:], "0123456789") && saysThatSomebodyIsAway(s)
}
