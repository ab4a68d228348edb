package config

import (
	"encoding/xml"
	"errors"
	"strings"
)

// close takes up an end tag. One that differs from its start tag only in case closes it: the original's samples
// have such tags.
func (w *walker) close(name string) {
	top := w.top()
	switch {
	case top == nil:
		w.stray(name)
	case top.name == name:
		w.pop()
	case strings.EqualFold(top.name, name):
		if !w.quiet {
			w.warn(w.at, canonical(top.tag, top.name), "closed by </"+name+"> (write </"+top.name+">)")
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

// popTo closes elements until the one called name is closed, each but that one a mistake.
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

func (w *walker) isOpen(name string) bool {
	for _, f := range w.stack {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// stray tells of an end tag that closes nothing.
func (w *walker) stray(name string) {
	if w.quiet {
		name = ""
	}
	w.mistake(w.at, shownTag(name), "a closing tag without an opening one (remove it)")
}

// unclosed tells that f is still open at what follows, which must not be part of a secret.
func (w *walker) unclosed(f *frame, before string) {
	if f.secret {
		w.quiet = true
	}
	name := canonical(f.tag, f.name)
	if w.quiet && f.shape == unknown {
		name = ""
	}
	f.bad = true
	w.mistake(f.at, shownTag(name), "is not closed before "+before+" (write "+closingTag(name)+")")
}

// misclosed tells that f, whose name is nothing like it, is closed by name.
func (w *walker) misclosed(f *frame, name string) {
	if f.secret {
		w.quiet = true
	}
	if w.quiet {
		w.mistake(w.at, canonical(f.tag, ""), "is closed by another tag")
		return
	}
	w.mistake(w.at, canonical(f.tag, f.name), "is closed by "+shown("</"+name+">")+" (write </"+f.name+">)")
}

func shownTag(name string) string {
	if name == "" {
		return ""
	}
	return shown(name)
}

func closingTag(name string) string {
	if name == "" {
		return "its closing tag"
	}
	return shown("</" + name + ">")
}

// pop closes the innermost element.
func (w *walker) pop() {
	f := w.top()
	w.stack = w.stack[:len(w.stack)-1]
	if f.shape == leaf {
		d := w.here()
		d.elements = append(d.elements, element{tag: f.tag, text: f.text.String(), at: f.at, quiet: w.quiet, bad: f.bad})
	}
}

// malformed tells of what is not XML at all, in words of its own: those of the decoder may quote a secret.
func (w *walker) malformed(err error) {
	at, text := w.cursor.to(int(w.dec.InputOffset())), "is not well-formed XML here"
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
		text = "a version of XML that is not read (write version=\"1.0\")"
	}
	name := ""
	if top := w.top(); top != nil && top.tag != nil {
		name = top.tag.Name
	}
	w.mistake(at, name, text)
}

// syntaxFaults says in our words what the decoder found, by how its message begins.
var syntaxFaults = []struct{ prefix, text string }{
	{"unexpected EOF", "the file ends within this tag or comment"},
	{"invalid character entity", "a bare & or an unknown entity (write & as &amp;)"},
	{"illegal character code", "a character that XML does not allow"},
	{"unescaped ]]>", "]]> stands in a text (write > as &gt;)"},
	{"invalid sequence \"--\"", "-- stands within a comment (remove it)"},
	{"expected", "a < that begins no tag, or a tag that is not finished (write < as &lt;)"},
	{"attribute name", "a < that begins no tag, or a tag that is not finished (write < as &lt;)"},
	{"unquoted or missing attribute", "a < that begins no tag, or a tag that is not finished (write < as &lt;)"},
	{"invalid XML name", "a < that begins no tag, or a tag that is not finished (write < as &lt;)"},
	{"invalid characters between", "a < that begins no tag, or a tag that is not finished (write < as &lt;)"},
	{"unescaped < inside", "a < within an attribute (write < as &lt;)"},
}
