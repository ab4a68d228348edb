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
// tree: mail nests elements more deeply than a tree parser allows, and closes them in any order.
type textWriter struct {
	b      strings.Builder
	limit  int
	breaks int  // pending line breaks, written before the next text
	ended  int  // line breaks at the end of the output
	marked bool // a list item's mark was written last: the item's text follows on the same line, whatever block holds it
	space  bool // a space is pending
	cell   bool // a tab is pending, before a table's cell
	row    int  // line on which the row's last cell began; see beforeRow
	fresh  bool // the cell is still empty
	line   int  // line breaks written
	column int  // octets on the line

	pre    int    // depth of pre elements
	quote  int    // depth of blockquotes
	lists  []int  // number of the next item of each open list, 0 for a list with dashes
	skip   string // the open element whose content is no text, "" for none
	href   string // of the open link
	linked int    // length of the output before the link
	hiding hiding
	tokens []string // words in angle brackets that were read as text, in lower case
}

// deepest is the number of levels at which nested lists and quotes are told apart.
const deepest = 20

// Text returns what HTML says as text of at most limit octets.
func Text(source string, limit int) string {
	w := textWriter{limit: limit, row: beforeRow, hiding: hiding{source: source}}
	z := html.NewTokenizer(strings.NewReader(source))
	offset := 0
	for w.b.Len() < limit {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			// A reader of a string fails only at its end. After another error the text so far is the best there is.
			if z.Err() != io.EOF {
				w.text(string(z.Raw()))
			}
			return w.result()
		case html.TextToken:
			if w.skip == "" && !w.hiding.isOn() {
				w.text(charset.Clean(string(z.Text()))) // a character reference may stand for anything
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			w.tag(kind, z, offset)
		}
		offset += len(z.Raw())
	}
	return w.result()
}

// tag handles the tag at an offset of the source.
func (w *textWriter) tag(kind html.TokenType, z *html.Tokenizer, offset int) {
	raw := z.Raw()
	if !w.hiding.isOn() && w.isBracketedText(raw) {
		w.text(string(raw))
		return
	}
	isWatched := w.hiding.watches || mayHide(raw)
	name, more := z.TagName()
	tag := atom.Lookup(name)
	var a attributes
	if isWatched || tag == atom.A || tag == atom.Img {
		a = attributesOf(z, more)
	}
	switch {
	case isWatched && w.hiding.isHidden(kind, elementNamed(name), a.hide(tag), offset):
	case kind == html.EndTagToken:
		w.end(tag, string(name))
	default:
		w.start(tag, string(name), a)
	}
	if kind == html.SelfClosingTagToken { // an empty element, as XML writes it
		z.NextIsNotRawText()
		w.skip = ""
	}
}

func (w *textWriter) result() string {
	text, _ := charset.CutOctets(w.b.String(), w.limit)
	return strings.TrimSpace(text)
}

// start handles a start tag.
func (w *textWriter) start(tag atom.Atom, name string, a attributes) {
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Noframes, atom.Iframe:
		w.skip = name
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
		w.cell = false // a table within a cell begins below the text before it
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
		w.href, w.linked = charset.Clean(a.href), w.b.Len()
	case atom.Img:
		if alt := strings.TrimSpace(charset.Clean(a.alt)); alt != "" {
			w.text("[" + alt + "]")
		}
	}
}

// end handles an end tag.
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

// breaksAround returns the number of line breaks before and after an element: two make an empty line.
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

// item begins an item of the innermost open list.
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

// text writes text. Outside of pre elements it writes a run of white space as one space.
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

// isCollapsed reports whether a character is white space, of which HTML shows a run as one space.
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

// word writes s after the pending line breaks, tab or space.
func (w *textWriter) word(s string) {
	s = strings.Map(visible, s)
	s = strings.TrimRight(s, "\u200c\u200d") // joiners mean something only within a word
	if s == "" {
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

// flushBreaks writes the pending line breaks. The output never begins with one.
func (w *textWriter) flushBreaks() {
	switch {
	case w.marked || w.fresh && w.cell:
		w.breaks = 0
	case w.fresh: // a block at the beginning of a cell needs no empty line above it
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

// prefix marks the line as quoted, as mail in plain text does.
func (w *textWriter) prefix() {
	if w.column == 0 && w.quote > 0 {
		w.write(strings.Repeat(">", min(w.quote, deepest)) + " ")
	}
}

// visible drops invisible characters, with which senders fill the preview line of mail programs.
func visible(r rune) rune {
	switch r {
	case '\u00ad', '\u034f', '\u200b', '\u2060', '\ufeff', utf8.RuneError:
		return -1
	}
	return r
}
