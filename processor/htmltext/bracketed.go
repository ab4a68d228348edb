package htmltext

import (
	"bytes"
	"slices"

	"golang.org/x/net/html/atom"
)

// isBracketedText reports whether a tag is in fact text: a word in angle brackets that names no element, such as an
// address or the token of a form that somebody put into HTML without escaping it. An end tag is text when its start tag
// was.
func (w *textWriter) isBracketedText(tag []byte) bool {
	const longest = 64
	name, isEnd := bytes.CutPrefix(tag[1:len(tag)-1], []byte("/"))
	if atom.Lookup(name) != 0 { // most tags: an element without attributes, in lower case
		return false
	}
	switch {
	case w.skip != "" || len(name) > longest || bytes.ContainsAny(name, " \t\n\f/=\"':"):
		return false
	case bytes.IndexByte(name, '@') > 0:
		return true
	case bytes.IndexByte(name, '-') >= 0: // a custom element
		return false
	}
	word := string(bytes.ToLower(name))
	if isEnd {
		return slices.Contains(w.tokens, word)
	}
	if atom.Lookup([]byte(word)) != 0 || otherElements[word] {
		return false
	}
	if !slices.Contains(w.tokens, word) {
		if len(w.tokens) == deepest {
			return false
		}
		w.tokens = append(w.tokens, word)
	}
	return true
}

// otherElements are the elements of XML, SVG and MathML, and obsolete ones, that mail uses without attributes.
var otherElements = map[string]bool{
	"xml": true, "g": true, "defs": true, "path": true, "use": true, "symbol": true, "mrow": true, "mfrac": true, "msup": true, "msub": true,
	"msqrt": true, "layer": true, "ilayer": true, "nolayer": true, "multicol": true, "nextid": true,
}
