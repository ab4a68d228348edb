package htmltext

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailintegration/processor/charset"
)

// textWriter turns a stream of HTML tokens into text that reads well without the HTML. It works on tokens, not on a
// tree: mail is nested more deeply than a tree parser allows, and is closed in no order.
type textWriter struct {
	b      strings.Builder
	limit  int
	breaks int  // line breaks owed before the next text
	ended  int  // line breaks that the output ends with
	marked bool // an item's mark was written: its text stands beside it, whatever blocks it is in
	space  bool // a space is owed
	cell   bool // a tab is owed, before a table's cell
	row    int  // line on which the last cell of the row began; see beforeRow
	fresh  bool // nothing stands in the cell yet
	line   int  // line breaks written
	column int  // octets on the line

	pre    int      // depth of pre elements
	quote  int      // depth of blockquotes
	lists  []int    // number of the next item of each list, 0 where items have dots
	skip   string   // element whose content is no text
	href   string   // of the link that is open
	linked int      // length of the text before the link
	words  []string // in angle brackets that were text
}

// deepest is how many lists or quotes are kept apart.
const deepest = 20

// Text returns HTML as text of at most limit octets.
func Text(source string, limit int) string {
	w := textWriter{limit: limit, row: beforeRow}
	z := html.NewTokenizer(strings.NewReader(source))
	for w.b.Len() < limit {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			// Only the end of the input is an error here; were it another, the text so far is the best there is.
			if z.Err() != io.EOF {
				w.text(string(z.Raw()))
			}
			return w.result()
		case html.TextToken:
			if w.skip == "" {
				w.text(charset.Clean(string(z.Text()))) // a character reference may stand for anything
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			if raw := z.Raw(); w.isWord(raw) {
				w.text(string(raw))
			} else if kind == html.EndTagToken {
				name, _ := z.TagName()
				w.end(atom.Lookup(name), string(name))
			} else {
				w.start(z)
			}
			if kind == html.SelfClosingTagToken { // XML's way to write an element that is empty
				z.NextIsNotRawText()
				w.skip = ""
			}
		}
	}
	return w.result()
}

func (w *textWriter) result() string {
	text, _ := charset.CutOctets(w.b.String(), w.limit)
	return strings.TrimSpace(text)
}

// start takes in a start tag.
func (w *textWriter) start(z *html.Tokenizer) {
	name, hasAttr := z.TagName()
	tag := atom.Lookup(name)
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Noframes, atom.Iframe:
		w.skip = string(name)
		return
	}
	if w.skip != "" {
		return
	}
	w.breaks = max(w.breaks, breaksAround(tag))
	switch tag {
	case atom.Br:
		w.br()
	case atom.Hr:
		w.text("----------")
		w.breaks = 1
	case atom.Table:
		w.cell = false // a table in a cell stands below what is before it
	case atom.Tr:
		w.row = beforeRow
	case atom.Td, atom.Th:
		w.openCell()
	case atom.Pre:
		w.pre++
	case atom.Blockquote:
		w.breaks = max(w.breaks, 1)
		w.flushBreaks()
		w.quote++
	case atom.Ul:
		w.openList(0)
	case atom.Ol:
		w.openList(1)
	case atom.Li:
		w.item()
	case atom.A:
		w.closeLink()
		w.href, w.linked = attribute(z, hasAttr, "href"), w.b.Len()
	case atom.Img:
		if alt := strings.TrimSpace(attribute(z, hasAttr, "alt")); alt != "" {
			w.text("[" + alt + "]")
		}
	}
}

// end takes in an end tag.
func (w *textWriter) end(tag atom.Atom, name string) {
	if w.skip != "" {
		if w.skip == name {
			w.skip = ""
		}
		return
	}
	w.breaks = max(w.breaks, breaksAround(tag))
	switch tag {
	case atom.Pre:
		w.pre = max(w.pre-1, 0)
	case atom.Blockquote:
		w.breaks = max(w.breaks, 1)
		w.flushBreaks()
		w.quote = max(w.quote-1, 0)
	case atom.Ul, atom.Ol:
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
	case atom.A:
		w.closeLink()
	case atom.Td, atom.Th:
		w.breaks = min(w.breaks, 1)
	case atom.Table:
		w.row = afterTable
	}
}

// breaksAround is how many line breaks stand at both ends of an element: two make an empty line.
func breaksAround(tag atom.Atom) int {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl:
		return 2
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside, atom.Nav, atom.Address, atom.Center,
		atom.Table, atom.Tr, atom.Caption, atom.Ul, atom.Ol, atom.Li, atom.Dt, atom.Dd, atom.Pre, atom.Hr, atom.Form,
		atom.Fieldset, atom.Figure, atom.Figcaption, atom.Body:
		return 1
	}
	return 0
}

func (w *textWriter) br() {
	w.space, w.cell = false, false
	w.breaks = min(w.breaks+1, 3)
}

func (w *textWriter) openList(first int) {
	if len(w.lists) < deepest {
		w.lists = append(w.lists, first)
	}
}

// item begins an item of the innermost list.
func (w *textWriter) item() {
	n := len(w.lists)
	indent := strings.Repeat("  ", max(n-1, 0))
	if n == 0 || w.lists[n-1] == 0 {
		w.mark(indent + "- ")
		return
	}
	w.mark(indent + strconv.Itoa(w.lists[n-1]) + ". ")
	w.lists[n-1]++
}

// mark writes s at the beginning of a line.
func (w *textWriter) mark(s string) {
	w.marked = false
	w.breaks = max(w.breaks, 1)
	w.flushBreaks()
	w.prefix()
	w.write(s)
	w.space, w.cell, w.marked = false, false, true
}

// closeLink writes a link's address after its text, unless the text is the address.
func (w *textWriter) closeLink() {
	href := w.href
	w.href = ""
	scheme, target, _ := strings.Cut(strings.TrimSuffix(href, "/"), ":")
	switch strings.ToLower(scheme) {
	case "http", "https":
		target = strings.TrimPrefix(target, "//")
	case "mailto":
		target, _, _ = strings.Cut(target, "?")
		href = target
	default:
		return
	}
	if target == "" || len(href) > 500 || w.linked > w.b.Len() {
		return
	}
	if text := strings.TrimSpace(w.b.String()[w.linked:]); text == "" || strings.Contains(text, target) {
		return
	}
	w.space = true
	w.text("<" + href + ">")
}

// text writes text; outside of pre, runs of white space are one space.
func (w *textWriter) text(s string) {
	if w.pre > 0 {
		w.preformatted(s)
		return
	}
	for s != "" {
		i := strings.IndexFunc(s, isCollapsed)
		switch {
		case i == 0:
			w.space = w.space || w.column > 0
			s = strings.TrimLeftFunc(s, isCollapsed)
		case i < 0:
			w.word(s)
			return
		default:
			w.word(s[:i])
			s = s[i:]
		}
	}
}

// isCollapsed says whether a character is white space that HTML does not keep, or one that is not to be seen.
func isCollapsed(r rune) bool { return unicode.IsSpace(r) }

// preformatted writes text with its own line breaks.
func (w *textWriter) preformatted(s string) {
	for i, part := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if i > 0 {
			w.breaks = min(w.breaks+1, 3)
		}
		if part != "" {
			w.space = false
			w.word(part)
		}
	}
}

// word writes s after what is owed.
func (w *textWriter) word(s string) {
	s = strings.Map(visible, s)
	if s = strings.TrimRight(s, "\u200c\u200d"); s == "" { // joiners mean something only within a word
		return
	}
	w.flushBreaks()
	switch {
	case w.column == 0:
		w.prefix()
	case w.cell:
		w.b.WriteByte('\t')
	case w.space:
		w.b.WriteByte(' ')
	}
	w.space, w.cell, w.marked = false, false, false
	w.write(s)
}

func (w *textWriter) write(s string) {
	w.b.WriteString(s)
	w.column += len(s)
	w.ended = 0
	w.fresh = false
}

// flushBreaks writes the line breaks that are owed; none stand at the beginning.
func (w *textWriter) flushBreaks() {
	switch {
	case w.marked || w.fresh && w.cell:
		w.breaks = 0
	case w.fresh: // a block at the beginning of a cell needs no room above it
		w.breaks = min(w.breaks, 1)
	}
	if w.breaks > 0 {
		for w.b.Len() > 0 && w.ended < w.breaks {
			w.b.WriteByte('\n')
			w.ended++
			w.line++
		}
		w.column, w.space, w.cell = 0, false, false
	}
	w.breaks = 0
}

// prefix marks a line as quoted, as mail in plain text does.
func (w *textWriter) prefix() {
	if w.column == 0 && w.quote > 0 {
		w.write(strings.Repeat(">", min(w.quote, deepest)) + " ")
	}
}

// visible drops the characters that mail uses to fill a preview line and that nobody sees.
func visible(r rune) rune {
	switch r {
	case '\u00ad', '\u034f', '\u200b', '\u2060', '\ufeff', utf8.RuneError:
		return -1
	}
	return r
}

// attribute returns an attribute of the tag that was read last.
func attribute(z *html.Tokenizer, hasAttr bool, name string) string {
	for hasAttr {
		var key, value []byte
		key, value, hasAttr = z.TagAttr()
		if string(key) == name {
			return charset.Clean(string(value))
		}
	}
	return ""
}
