package htmltext

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailintegration/processor/charset"
)

// Sanitise returns HTML that is clean and safe to show. It drops scripts, forms, styles, and remote images, which tell
// the sender when the mail is read. Images of the message itself (cid:, RFC 2392) and images within the HTML stay.
//
// bluemonday judges every tag, but each tag only once: mail repeats a few tags all the time, and judging a tag costs a
// hundred times as much as remembering the verdict. Sanitise writes only these verdicts and, between them, escaped
// text.
func Sanitise(source string) string {
	s := sanitiser{z: html.NewTokenizer(strings.NewReader(source))}
	s.b.Grow(len(source))
	for {
		switch kind := s.z.Next(); kind {
		case html.ErrorToken: // the end: a reader of a string fails only there
			return strings.TrimSpace(s.b.String())
		case html.TextToken:
			s.text()
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			s.tag(kind, verdicts.of(kind, s.z))
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
	hidden  string   // the element whose content is dropped, "" for none
	depth   int      // how many elements of the hidden one's name are open
}

// text writes the text that z has read. Only character references can make clean HTML unclean: text without "&" and "<"
// is written as it is.
func (s *sanitiser) text() {
	if s.hidden != "" {
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
	if s.hidden != "" {
		s.within(kind, v.name)
		return
	}
	n := len(s.dropped)
	switch {
	case kind == html.StartTagToken && v.hides:
		s.hidden, s.depth = v.name, 1
	case kind == html.StartTagToken && v.drops:
		s.dropped = append(s.dropped, v.name)
	case kind == html.EndTagToken && n > 0 && s.dropped[n-1] == v.name:
		s.dropped = s.dropped[:n-1]
	default:
		s.b.WriteString(v.html)
	}
}

// within handles a tag in the content of a hidden element.
func (s *sanitiser) within(kind html.TokenType, name string) {
	switch {
	case name != s.hidden:
	case kind == html.StartTagToken:
		s.depth++
	case kind == html.EndTagToken:
		s.depth--
		if s.depth == 0 {
			s.hidden = ""
		}
	}
}

// verdict says what becomes of a tag.
type verdict struct {
	name  string // of the element
	html  string // the tag as it is written, "" for a tag that is dropped
	drops bool   // this start tag is dropped although the element is allowed: the end tag must be dropped, too
	hides bool   // the content of the element is dropped, too
}

// judge asks bluemonday for the verdict on a tag of the named element.
func judge(kind html.TokenType, name, tag string) verdict {
	if atom.Lookup([]byte(name)) == 0 { // no element of HTML: bluemonday would drop it
		return verdict{name: name}
	}
	p := htmlPolicy()
	v := verdict{name: name, html: charset.Clean(p.Sanitize(tag))}
	if kind == html.StartTagToken && v.html == "" {
		v.drops = p.Sanitize("</"+name+">") != ""
		v.hides = p.Sanitize("<"+name+">x") == ""
	}
	return v
}

// verdicts holds the verdicts on the tags of recent messages.
var verdicts = memory{known: make(map[string]verdict)}

// memory remembers a bounded number of verdicts. Mail that never repeats a tag makes it forget all of them.
type memory struct {
	mu    sync.Mutex
	known map[string]verdict // by tag
}

// Bounds of a memory: it takes at most about 4 MB.
const (
	mostVerdicts = 4096
	longestTag   = 512 // octets
)

// of returns the verdict on the tag that z has read.
func (m *memory) of(kind html.TokenType, z *html.Tokenizer) verdict {
	raw := z.Raw()
	m.mu.Lock()
	v, ok := m.known[string(raw)]
	m.mu.Unlock()
	if ok {
		return v
	}
	tag := string(raw)
	name, _ := z.TagName()
	v = judge(kind, string(name), tag)
	if len(tag) <= longestTag {
		m.remember(tag, v)
	}
	return v
}

func (m *memory) remember(tag string, v verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= mostVerdicts {
		clear(m.known)
	}
	m.known[tag] = v
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
