package htmltext

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// deepestOpen is the number of open elements that hiding tells apart.
const deepestOpen = 2000

// hiding follows the elements of HTML whose content nobody sees, from the start tag that hides to where the element ends
// according to the HTML Standard §13.2.6. It costs nothing before the first start tag that hides.
type hiding struct {
	source  string
	watches bool // a start tag that hides has been met
	open    openElements
	hidden  int // how many elements are open down to the hidden one, 0 when nothing is hidden
	deeper  int // open elements that are not in open: they are too deep
}

// isOn reports whether text at this place is hidden.
func (h *hiding) isOn() bool { return h.hidden > 0 }

// isHidden reports whether nobody sees the tag at an offset of the source, and takes note of it. hides says whether its
// attributes hide the element.
func (h *hiding) isHidden(kind html.TokenType, e element, hides bool, offset int) bool {
	if !h.watches {
		if !hides {
			return false
		}
		h.catchUp(offset)
	}
	if kind == html.EndTagToken {
		return h.end(e)
	}
	return h.start(e, hides, kind == html.SelfClosingTagToken)
}

// catchUp takes note of all tags before an offset.
func (h *hiding) catchUp(offset int) {
	h.watches = true
	h.open.ofTag = map[atom.Atom]int{}
	z := html.NewTokenizer(strings.NewReader(h.source[:offset]))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken: // the end: a reader of a string fails only there
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			h.start(elementNamed(name), false, false)
		case html.EndTagToken:
			name, _ := z.TagName()
			h.end(elementNamed(name))
		case html.SelfClosingTagToken:
			z.NextIsNotRawText()
		}
	}
}

// start takes note of a start tag, and reports whether nobody sees the element. isEmpty says that the tag is an element of
// its own, as XML writes it.
func (h *hiding) start(e element, hides, isEmpty bool) bool {
	h.impliedEnds(e)
	isSeen := h.hidden == 0
	switch {
	case e.class&void != 0 || isEmpty || h.isIgnored(e):
		return hides || !isSeen
	case len(h.open.all) == deepestOpen:
		h.deeper++
		return !isSeen
	}
	h.open.push(e)
	if hides && isSeen {
		h.hidden = len(h.open.all)
	}
	return h.hidden > 0
}

// isIgnored reports whether a start tag opens nothing at this place.
func (h *hiding) isIgnored(e element) bool {
	switch {
	case e.tag == atom.Html || e.tag == atom.Head:
		return true
	case e.tag == atom.Body:
		return h.open.find(0, atom.Body, 0) >= 0
	}
	return e.class&inTable != 0 && h.open.find(isTable|isTemplate, 0, 0) < 0
}

// impliedEnds closes the elements that end where another one begins (§13.2.6.4.7, §13.2.6.4.9 and the following).
func (h *hiding) impliedEnds(e element) {
	switch {
	case e.class&inTable != 0:
		h.closeTableParts(e)
		return
	case e.class&isTable != 0 && h.open.topIs(isTable|row|group):
		h.closeTo(h.open.find(isTable, 0, 0))
	case e.tag == atom.Li:
		h.closeTo(h.open.find(0, atom.Li, nests))
	case e.class&definition != 0:
		h.closeTo(h.open.find(definition, 0, nests))
	case e.tag == atom.A || e.tag == atom.Nobr:
		h.endFormatting(e)
	case e.tag == atom.Button:
		h.closeTo(h.open.find(0, atom.Button, scopes))
	}
	if e.class&endsP != 0 {
		h.closeTo(h.open.find(0, atom.P, scopes|isButton))
	}
	isOption := e.tag == atom.Option || e.tag == atom.Optgroup
	if h.open.topIs(e.class&(heading|ruby)) || isOption && h.open.find(0, e.tag, 0) == len(h.open.all)-1 {
		h.closeTo(len(h.open.all) - 1)
	}
}

// closeTableParts closes the parts of the innermost table that end where e begins: those of its own rank and of lower ones.
func (h *hiding) closeTableParts(e element) {
	ended := cell
	if e.class&(row|group) != 0 {
		ended |= row
	}
	if e.class&group != 0 {
		ended |= group
	}
	for i := h.open.find(ended, 0, isTable); i >= 0; i = h.open.find(ended, 0, isTable) {
		h.closeTo(i)
	}
}

// end takes note of an end tag, and reports whether nobody sees it: that of a hidden element is hidden, that of an element
// around it is not.
func (h *hiding) end(e element) bool {
	wasHidden := h.hidden
	if h.deeper > 0 && e.class&void == 0 {
		h.deeper--
		return wasHidden > 0
	}
	closed := -1
	switch {
	case e.tag == atom.Body || e.tag == atom.Html:
		h.closeTo(0) // what follows is text that a gateway has appended
	case e.class&formatting != 0:
		closed = h.endFormatting(e)
	default:
		closed = h.ended(e)
		h.closeTo(closed)
	}
	return wasHidden > 0 && (h.hidden > 0 || closed == wasHidden-1)
}

// ended returns which element an end tag closes, -1 for none.
func (h *hiding) ended(e element) int {
	switch {
	case e.tag == atom.P:
		return h.open.find(0, atom.P, scopes|isButton)
	case e.tag == atom.Li:
		return h.open.find(0, atom.Li, scopes|isList)
	case e.class&heading != 0:
		return h.open.find(heading, 0, scopes)
	case e.class&isTemplate != 0:
		return h.open.find(isTemplate, 0, 0)
	case e.class&(inTable|isTable) != 0:
		return h.open.find(0, e.tag, isTable)
	case e.class&special != 0:
		return h.open.find(0, e.tag, scopes)
	}
	return h.open.find(0, e.tag, special)
}

// endFormatting closes an element of formatting, and returns which one, -1 for none. Where a block has begun within it, the
// block stays open (the "adoption agency algorithm").
func (h *hiding) endFormatting(e element) int {
	i := h.open.find(0, e.tag, scopes)
	if i < 0 {
		return -1
	}
	if !h.open.hasWithin(i, special) {
		h.closeTo(i)
		return i
	}
	h.open.takeOut(i)
	if h.hidden == i+1 {
		h.hidden = 0
	}
	return i
}

// closeTo closes an element and those within it. It does nothing for -1.
func (h *hiding) closeTo(i int) {
	if i < 0 {
		return
	}
	h.deeper = 0
	h.open.closeTo(i)
	if h.hidden > i {
		h.hidden = 0
	}
}

// mayHide reports whether a tag has to be looked at more closely.
func mayHide(raw []byte) bool {
	return containsFold(raw, "style") || containsFold(raw, "hidden") || containsFold(raw, "<template")
}

// containsFold reports whether a tag contains a word in ASCII, which is in lower case.
func containsFold(tag []byte, word string) bool {
	for i := 0; i+len(word) <= len(tag); i++ {
		if tag[i]|0x20 == word[0]|0x20 && bytes.EqualFold(tag[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// isHiding reports whether an element is hidden by its name, its hidden attribute or its style. What a style says of
// display holds in spite of the attribute (HTML Standard §15.3.1).
func isHiding(tag atom.Atom, style string, hasHidden bool) bool {
	switch tag {
	case atom.Template:
		return true
	case atom.Html, atom.Head: // what is to be seen is never within
		return false
	}
	if value := displayIn(style); value != "" {
		return value == "none"
	}
	return hasHidden
}

// displayIn returns the value of display in a style attribute, in lower case, "" if it has none that CSS knows. The last
// declaration counts, and an important one more than others.
func displayIn(style string) string {
	value, isFixed := "", false
	for _, declaration := range strings.Split(withoutComments(style), ";") {
		name, v, _ := strings.Cut(strings.ToLower(declaration), ":")
		v, isImportant := strings.CutSuffix(strings.TrimSpace(v), "important")
		if isImportant {
			v, isImportant = strings.CutSuffix(strings.TrimSpace(v), "!")
		}
		v = strings.Join(strings.Fields(v), " ")
		if strings.TrimSpace(name) != "display" || isFixed && !isImportant || !isDisplay(v) {
			continue
		}
		value, isFixed = v, isImportant
	}
	return value
}

// isDisplay reports whether CSS knows a value of display (CSS Display Module Level 3). Another value changes nothing.
func isDisplay(value string) bool {
	for word := range strings.FieldsSeq(value) {
		if !slices.Contains(displays, strings.TrimPrefix(word, "inline-")) && !strings.HasPrefix(word, "table-") &&
			!strings.HasPrefix(word, "-webkit-") && !strings.HasPrefix(word, "-ms-") {
			return false
		}
	}
	return value != ""
}

var displays = []string{
	"none", "block", "inline", "flow", "flow-root", "table", "flex", "grid", "ruby", "contents", "list-item", "run-in", "math",
	"initial", "inherit", "unset", "revert", "revert-layer",
}

// withoutComments returns a style without its comments. One that is not closed lasts to the end.
func withoutComments(style string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(style, "/*")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, style, _ = strings.Cut(rest, "*/")
	}
}
