package processor

import (
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/language"
)

// isForwarded reports whether a message passes another one on: its first prefix is that of a forward.
func isForwarded(m *Message) bool {
	kind, _, _ := firstPrefix(m.Subject)
	if kind&forwardPrefix == 0 || kind&replyPrefix == 0 {
		return kind&forwardPrefix != 0
	}
	return showsMailInALanguageThatForwards(m)
}

// showsMailInALanguageThatForwards reports whether the header of the mail that a message shows tells that its prefix, which has
// two meanings, is that of a forward: below "VS:", "Fra:" is Danish or Norwegian, and "Lähettäjä:" Finnish.
func showsMailInALanguageThatForwards(m *Message) bool {
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
			if slices.Contains(l.From, label) && (slices.Contains(l.Forwards, word) || slices.Contains(l.Replies, word)) {
				return slices.Contains(l.Forwards, word)
			}
		}
	}
	return false
}
