package config

import (
	"encoding/xml"
	"errors"
	"strings"
)

// close handles an end tag. An end tag that differs from its start tag only in case closes it, with a warning: the
// original's samples have such tags.
func (w *walker) close(name string) {
	top := w.top()
	switch {
	case top == nil:
		w.stray(name)
	case top.name == name:
		w.pop()
	case strings.EqualFold(top.name, name):
		if !w.quiet {
			w.warn(w.at, canonical(top.tag, top.name), "is closed by </"+name+"> (write </"+top.name+">)")
		}
		w.pop()
	case w.isOpen(name):
		w.popTo(name)
	case top.shape == container:
		w.stray(name)
	default:
		w.misclosed(top, name)
		w.pop()
	}
}

// popTo closes elements up to the element called name. Each of them but the last is a mistake.
func (w *walker) popTo(name string) {
	for !strings.EqualFold(w.top().name, name) {
		w.quiet = w.quiet || w.top().secret
		before := shown("</" + name + ">")
		if w.quiet && w.setHere().lookup(name) == nil && !w.set.encloses(name) {
			before = "another closing tag"
		}
		w.unclosed(w.top(), before)
		w.pop()
	}
	w.pop()
}

// isOpen reports whether an element called name is open.
func (w *walker) isOpen(name string) bool {
	for _, f := range w.stack {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// stray reports an end tag that closes nothing.
func (w *walker) stray(name string) {
	if w.quiet {
		name = ""
	}
	w.mistake(w.at, shownTag(name), "closing tag without an opening tag (remove it)")
}

// unclosed reports that f is still open at before, a tag or place that must not be part of a secret.
func (w *walker) unclosed(f *frame, before string) {
	if f.secret {
		w.quiet = true
	}
	name := canonical(f.tag, f.name)
	if w.quiet && f.shape == unknown {
		name = ""
	}
	f.bad = true
	w.mistake(f.at, shownTag(name), "is not closed before "+before+" (add "+closingTag(name)+")")
}

// misclosed reports that an end tag with another name, which is not open, closes f.
func (w *walker) misclosed(f *frame, name string) {
	if f.secret {
		w.quiet = true
	}
	if w.quiet {
		w.mistake(w.at, canonical(f.tag, ""), "is closed by another tag (write "+closingTag(canonical(f.tag, ""))+")")
		return
	}
	w.mistake(w.at, canonical(f.tag, f.name), "is closed by "+shown("</"+name+">")+" (write </"+f.name+">)")
}

// shownTag returns the name of a tag for a message, "" when it may be part of a secret.
func shownTag(name string) string {
	if name == "" {
		return ""
	}
	return shown(name)
}

// closingTag returns the end tag to write, or words in its place when the name may be part of a secret.
func closingTag(name string) string {
	if name == "" {
		return "its closing tag"
	}
	return shown("</" + name + ">")
}

// pop closes the innermost element, and keeps its text when it is a value.
func (w *walker) pop() {
	f := w.top()
	w.stack = w.stack[:len(w.stack)-1]
	f.end = w.now
	d := w.here()
	switch {
	case f.shape == leaf:
		d.elements = append(d.elements, element{tag: f.tag, text: f.text.String(), at: f.at, quiet: w.quiet, bad: f.bad, extent: f.extent})
	case f.inner != nil:
		f.inner.place = f.extent
	case len(w.stack) == 0:
		d.place = f.extent
	case w.set.isServer(f.name) && d.server == nil:
		d.server = &f.extent
	}
}

// malformed reports a text that is not XML. It does not repeat the decoder's message, which may quote a secret.
func (w *walker) malformed(err error) {
	at, text := w.cursor.to(int(w.dec.InputOffset())), "is not well-formed XML here (check the tags and characters before this place)"
	if e := (*xml.SyntaxError)(nil); errors.As(err, &e) {
		for _, f := range syntaxFaults {
			if strings.HasPrefix(e.Msg, f.prefix) {
				text = f.text
				break
			}
		}
		if strings.HasPrefix(e.Msg, "unexpected EOF") {
			at = w.at
		}
	} else if strings.HasPrefix(err.Error(), "xml: unsupported version") {
		text = "this version of XML is not supported (write version=\"1.0\")"
	}
	name := ""
	if top := w.top(); top != nil && top.tag != nil {
		name = top.tag.Name
	}
	w.mistake(at, name, text)
}

const unfinishedTag = "a < that begins no tag, or an unfinished tag (write < as &lt;)"

// syntaxFaults maps the beginnings of the decoder's messages to ours.
var syntaxFaults = []struct{ prefix, text string }{
	{"unexpected EOF", "the file ends within this tag or comment (close it)"},
	{"invalid character entity", "a bare & or an unknown entity (write & as &amp;)"},
	{"illegal character code", "a character that XML does not allow (remove it)"},
	{"unescaped ]]>", "]]> within a text (write > as &gt;)"},
	{"invalid sequence \"--\"", "-- within a comment (remove it)"},
	{"expected", unfinishedTag},
	{"attribute name", unfinishedTag},
	{"unquoted or missing attribute", unfinishedTag},
	{"invalid XML name", unfinishedTag},
	{"invalid characters between", unfinishedTag},
	{"unescaped < inside", "a < within an attribute (write < as &lt;)"},
}
