package config

import (
	"bytes"
	"slices"
	"strings"
)

// insert adds a tag that the document lacks.
func (r *rewriting) insert(tag *Tag, value string) {
	line := "<" + tag.Name + ">" + escaped(value) + "</" + tag.Name + ">"
	if shown, found := r.commentOf("<" + tag.Name + ">"); found {
		r.insertAfter(shown, line)
		return
	}
	if before, found := r.predecessor(tag); found {
		r.insertAfter(before, line)
		return
	}
	container := r.place
	if tag.InServer && r.server != nil {
		container = *r.server
	}
	r.insertFirst(container, line)
}

// commentOf returns the comment that shows a start tag: an optional tag with its explanation. The comments that show a whole
// <Smtp> or <Filter> are about other tags.
func (r *rewriting) commentOf(start string) (span, bool) {
	all := slices.Clone(r.place.comments)
	if r.server != nil {
		all = append(all, r.server.comments...)
	}
	has := func(text, start string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(start)) }
	for _, c := range all {
		text := r.raw(c)
		isOther := has(text, "<"+smtpName+">") || has(text, "<"+filterName)
		if has(text, start) && (!isOther || start == "<"+smtpName+">") {
			return c, true
		}
	}
	return span{}, false
}

// predecessor returns the place of the nearest tag of the document that stands before a tag in the reference. Tags of the server
// keep together.
func (r *rewriting) predecessor(tag *Tag) (span, bool) {
	rank := func(t *Tag) int {
		return slices.IndexFunc(r.set.tags, func(other Tag) bool { return other.Name == t.Name })
	}
	var best *element
	for i, e := range r.elements {
		isBefore := rank(e.tag) < rank(tag) && (e.tag.InServer == tag.InServer || tag.InServer && r.server == nil)
		if isBefore && (best == nil || rank(e.tag) >= rank(best.tag)) {
			best = &r.elements[i]
		}
	}
	if best == nil {
		return span{}, false
	}
	return best.whole(), true
}

// insertAfter adds a line behind an element or comment: on a line of its own if that has one too, and behind comments that end
// its line.
func (r *rewriting) insertAfter(s span, line string) {
	at := r.skipComments(s.to)
	if r.startsLine(s.from) && r.endsLine(at) {
		r.replace(span{at, at}, r.lineBreak()+r.indent(s.from)+line)
		return
	}
	r.replace(span{s.to, s.to}, line)
}

// insertFirst adds a line at the beginning of a container.
func (r *rewriting) insertFirst(container extent, line string) {
	if container.isEmptyTag() {
		start := r.raw(container.start)
		r.replace(container.start, strings.TrimRight(strings.TrimSuffix(start, "/>"), " \t\r\n")+">"+line+"</"+tagName(start)+">")
		return
	}
	at := r.skipComments(container.start.to)
	if !r.endsLine(at) {
		r.replace(span{container.start.to, container.start.to}, line)
		return
	}
	r.replace(span{at, at}, r.lineBreak()+r.indentWithin(container)+line)
}

// insertSmtp adds an <Smtp> with one tag, behind the comment that shows it or at the end of the root.
func (r *rewriting) insertSmtp(tag *Tag, value string) {
	line := "<" + tag.Name + ">" + escaped(value) + "</" + tag.Name + ">"
	inner := r.indentWithin(r.place)
	block := "<" + smtpName + ">" + r.lineBreak() + inner + inner + line + r.lineBreak() + inner + "</" + smtpName + ">"
	if shown, found := r.commentOf("<" + smtpName + ">"); found {
		r.insertAfter(shown, block)
		return
	}
	end := r.place.end.from
	switch {
	case r.place.isEmptyTag():
		r.insertFirst(r.place, block)
	case r.startsLine(end):
		at := r.endOfLineBefore(end)
		r.replace(span{at, at}, r.lineBreak()+inner+block)
	default:
		r.replace(span{end, end}, block)
	}
}

// skipComments returns the offset behind the comments that begin on the same line, separated by blanks only.
func (r *rewriting) skipComments(at int) int {
	for {
		rest := bytes.TrimLeft(r.text[at:], " \t")
		_, after, found := bytes.Cut(rest, []byte("-->"))
		if !found || !bytes.HasPrefix(rest, []byte("<!--")) {
			return at
		}
		at = len(r.text) - len(after)
	}
}

// startsLine reports whether only blanks stand before an offset on its line. It does not for the first line of a file.
func (r *rewriting) startsLine(at int) bool {
	before := bytes.TrimRight(r.text[:at], " \t")
	return bytes.HasSuffix(before, []byte("\n"))
}

// endsLine reports whether only blanks stand behind an offset on its line. It does not for the last line of a file.
func (r *rewriting) endsLine(at int) bool {
	after := bytes.TrimLeft(r.text[at:], " \t")
	return bytes.HasPrefix(after, []byte("\n")) || bytes.HasPrefix(after, []byte("\r\n"))
}

// endOfLineBefore returns where the line before that of an offset ends. The line of the offset is not the first.
func (r *rewriting) endOfLineBefore(at int) int {
	end := bytes.LastIndexByte(r.text[:at], '\n')
	if end > 0 && r.text[end-1] == '\r' {
		end--
	}
	return end
}

// indent returns the blanks at the beginning of the line of an offset, before which only blanks stand.
func (r *rewriting) indent(at int) string {
	return string(r.text[bytes.LastIndexByte(r.text[:at], '\n')+1 : at])
}

// indentWithin returns the blanks before the tags in a container: those of its first line with something on it, or two more than
// the container has.
func (r *rewriting) indentWithin(container extent) string {
	within := r.text[container.start.to:container.end.from]
	for line := range bytes.Lines(within[bytes.IndexByte(within, '\n')+1:]) {
		if rest := bytes.TrimLeft(line, " \t"); len(bytes.TrimSpace(rest)) > 0 && bytes.IndexByte(within, '\n') >= 0 {
			return string(line[:len(line)-len(rest)])
		}
	}
	if r.startsLine(container.start.from) {
		return r.indent(container.start.from) + "  "
	}
	return "  "
}

// lineBreak returns the end of a line as the file has it first.
func (r *rewriting) lineBreak() string {
	if found := lineEnd.Find(r.text); found != nil {
		return string(found)
	}
	return "\n"
}
