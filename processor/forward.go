package processor

import (
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/language"
)

// isForwarded reports whether a message passes another one on: its first prefix is that of a forward.
func isForwarded(m *Message) bool { return meaningOfPrefix(m) == forwardPrefix }

// mayBeForwarded reports whether a message passes another one on, or may do so: nothing tells which of its two meanings the
// prefix has.
func mayBeForwarded(m *Message) bool { return meaningOfPrefix(m)&forwardPrefix != 0 }

// meaningOfPrefix returns the kind of the first prefix of a subject. If it has two, the language of the mail that the message
// shows tells, as far as it can: below "VS:", "Fra:" is Danish or Norwegian, so that it is a forward, and "Lähettäjä:" Finnish.
func meaningOfPrefix(m *Message) prefixKind {
	kind, _, _ := firstPrefix(m.Subject)
	if kind &= forwardPrefix | replyPrefix; kind != forwardPrefix|replyPrefix {
		return kind
	}
	const most = 10_000 // octets
	prefix, _, _ := cutColon(skipMarks(m.Subject))
	word := strings.TrimRight(withoutCounter(language.Fold(prefix)), " .")
	text, _ := charset.CutOctets(m.Text, most)
	for ln := range strings.Lines(text) {
		label, _, ok := cutColon(strings.TrimLeft(ln, "> \t*"))
		if !ok {
			continue
		}
		label = language.Fold(strings.TrimRight(label, "*"))
		for _, l := range language.All() {
			switch isKnown := slices.Contains(l.From, label); {
			case isKnown && slices.Contains(l.Forwards, word):
				return forwardPrefix
			case isKnown && slices.Contains(l.Replies, word):
				return replyPrefix
			}
		}
	}
	return kind
}
