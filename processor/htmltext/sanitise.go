package htmltext

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"mailintegration/processor/charset"
)

// Sanitise returns HTML that is clean and safe to show. It drops scripts, forms, styles, what the sender has hidden, and
// remote images, which tell the sender when the mail is read. Images of the message itself (cid:, RFC 2392) and images within the HTML stay.
//
// bluemonday judges every tag, but each tag only once: mail repeats a few tags all the time, and judging a tag costs a
// hundred times as much as remembering the verdict. Sanitise writes only these verdicts and, between them, escaped
// text. Where mail never repeats a tag, the tags beyond
// mostJudged lose their attributes, except plain links.
func Sanitise(source string) string {
	s := sanitiser{z: html.NewTokenizer(strings.NewReader(source)), hiding: hiding{source: source}}
	s.b.Grow(len(source))
	for offset := 0; ; offset += len(s.z.Raw()) {
		switch kind := s.z.Next(); kind {
		case html.ErrorToken: // the end: a reader of a string fails only there
			return strings.TrimSpace(s.b.String())
		case html.TextToken:
			s.text()
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if v := s.verdict(kind); !s.isHidden(kind, v, offset) {
				s.tag(kind, v)
			}
			if kind == html.SelfClosingTagToken { // an empty element, as XML writes it
				s.z.NextIsNotRawText()
			}
		}
	}
}

// sanitiser holds the state of one Sanitise call.
type sanitiser struct {
	z       *html.Tokenizer
	b       strings.Builder
	dropped []string // open elements whose start tags were dropped: their end tags are dropped, too
	skipped string   // the element whose content is dropped, "" for none
	depth   int      // how many elements of the skipped one's name are open
	hiding  hiding
	judged  int // how many tags of this HTML bluemonday has judged
}

// isHidden reports whether the sender has hidden the tag at an offset of the source.
func (s *sanitiser) isHidden(kind html.TokenType, v verdict, offset int) bool {
	return (v.hides || s.hiding.watches) && s.hiding.isHidden(kind, elementNamed([]byte(v.name)), v.hides, offset)
}

// text writes the text that z has read. Only character references can make clean HTML unclean: text without "&" and "<"
// is written as it is.
func (s *sanitiser) text() {
	if s.skipped != "" || s.hiding.isOn() {
		return
	}
	if raw := s.z.Raw(); bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '<') < 0 {
		s.b.Write(raw)
		return
	}
	s.b.WriteString(html.EscapeString(charset.Clean(string(s.z.Text()))))
}

// tag writes what the verdict leaves of a tag.
func (s *sanitiser) tag(kind html.TokenType, v verdict) {
	if s.skipped != "" {
		s.within(kind, v.name)
		return
	}
	n := len(s.dropped)
	switch {
	case kind == html.StartTagToken && v.skips:
		s.skipped, s.depth = v.name, 1
	case kind == html.StartTagToken && v.drops:
		s.dropped = append(s.dropped, v.name)
	case kind == html.EndTagToken && n > 0 && s.dropped[n-1] == v.name:
		s.dropped = s.dropped[:n-1]
	default:
		s.b.WriteString(v.html)
	}
}

// within handles a tag in the content of a skipped element.
func (s *sanitiser) within(kind html.TokenType, name string) {
	switch {
	case name != s.skipped:
	case kind == html.StartTagToken:
		s.depth++
	case kind == html.EndTagToken:
		s.depth--
		if s.depth == 0 {
			s.skipped = ""
		}
	}
}

// htmlPolicy returns what Sanitise lets through. Building the policy compiles a dozen expressions, so it is built once.
var htmlPolicy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
		"col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4",
		"h5", "h6", "header", "hr", "i", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small",
		"span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
	)
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowDataURIImages()
	p.RequireParseableURLs(true)
	p.AllowAttrs("href").OnElements("a")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AllowAttrs("title", "lang", "dir").Matching(plainWords).Globally()
	p.AllowAttrs("color").Matching(colour).OnElements("font")
	p.AllowAttrs("bgcolor").Matching(colour).OnElements("table", "tr", "td", "th")
	p.AllowAttrs("align", "valign").Matching(bluemonday.CellAlign).OnElements("table", "tr", "td", "th", "p", "div")
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing").Matching(bluemonday.NumberOrPercent).
		OnElements("table", "td", "th", "img")
	p.AllowAttrs("colspan", "rowspan", "start").Matching(bluemonday.Integer).OnElements("td", "th", "ol")
	p.AllowAttrs("src").Matching(ownImage).OnElements("img")
	p.AllowAttrs("alt").Matching(plainWords).OnElements("img")
	return p
})

// plainWords has no bound on its length: with a counted repetition, so large a class would cost 8 MB and about 10 ms of
// every start of the program.
var (
	plainWords = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{P}\s]*$`)
	colour     = regexp.MustCompile(`^(?i:#[0-9a-f]{3,8}|[a-z]{3,20})$`)
	ownImage   = regexp.MustCompile(`^(?i:cid:|data:image/(?:png|gif|jpeg|webp);base64,)`)
)
