package config

import (
	"bytes"
	"regexp"
	"strings"
)

// closedByOpening handles a start tag within an element of the same name where the slash of the closing tag was forgotten or
// misplaced: <Port>995<Port>, <Port>995<Port/>. It reports one mistake and closes the element, so that nothing else in the
// file seems wrong. handled is false for any other start tag.
func (w *walker) closedByOpening(name string) (handled bool) {
	top := w.top()
	if top.implied || !strings.EqualFold(top.name, name) {
		return false
	}
	rest := skipBlank(w.text[w.dec.InputOffset():])
	switch {
	case bytes.HasSuffix(w.text[:w.dec.InputOffset()], []byte("/>")):
		w.skipsEnd = true
	case top.shape == container:
		if !w.endsContainer(rest, name) {
			return false
		}
	case endsWith(rest, name):
		w.doubled(top, "contains a second "+shown("<"+top.name+">")+" (remove it)")
		return true
	case len(rest) > 0 && rest[0] != '<': // a value: the tag is given twice
		return false
	}
	w.doubled(top, "is closed by a second "+shown("<"+top.name+">")+" (write "+closingTag(top.name)+")")
	w.pop()
	return true
}

// doubled reports a second start tag within f. A mistake in an unknown tag was reported when it began.
func (w *walker) doubled(f *frame, text string) {
	w.quiet = w.quiet || f.secret
	if f.shape != unknown {
		w.mistake(w.at, canonical(f.tag, f.name), text)
	}
	f.bad = true
}

// endsContainer reports whether a start tag before rest ends the container of that name: another end tag follows, or the next
// container of the name, or the file has no end tag for it.
func (w *walker) endsContainer(rest []byte, name string) bool {
	if bytes.HasPrefix(rest, []byte("</")) {
		return !endsWith(rest, name)
	}
	return beginsWith(rest, name) || !hasEnd(rest, name)
}

// skipBlank returns text without white space and comments at its beginning.
func skipBlank(text []byte) []byte {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		_, after, found := bytes.Cut(text, []byte("-->"))
		if !found || !bytes.HasPrefix(text, []byte("<!--")) {
			return text
		}
		text = after
	}
}

// beginsWith reports whether text begins with a start tag of that name.
func beginsWith(text []byte, name string) bool { return hasTag(text, "<"+name) }

// endsWith reports whether text begins with an end tag of that name.
func endsWith(text []byte, name string) bool { return hasTag(text, "</"+name) }

// hasTag reports whether text begins with the beginning of a tag, in upper or lower case, and the name ends there.
func hasTag(text []byte, beginning string) bool {
	n := len(beginning)
	return len(text) > n && strings.EqualFold(string(text[:n]), beginning) && bytes.IndexByte([]byte(" \t\r\n/>"), text[n]) >= 0
}

// comments matches the comments of a file.
var comments = regexp.MustCompile(`(?s)<!--.*?-->`)

// hasEnd reports whether an end tag of that name stands in text, outside comments.
func hasEnd(text []byte, name string) bool {
	text = comments.ReplaceAll(text, nil)
	for {
		at := bytes.Index(text, []byte("</"))
		if at < 0 {
			return false
		}
		if text = text[at:]; endsWith(text, name) {
			return true
		}
		text = text[2:]
	}
}
