package processor

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// sanitise returns HTML that is safe to show: no scripts, forms, styles or remote images, which tell a sender when
// his mail is read. Images of the message itself (cid:, RFC 2392) and those within the HTML stay.
func sanitise(html string) string {
	return strings.TrimSpace(clean(htmlPolicy().Sanitize(html)))
}

// htmlPolicy is what sanitise lets through. Building it compiles a dozen expressions, so it is built once.
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
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing").Matching(bluemonday.NumberOrPercent).OnElements("table", "td", "th", "img")
	p.AllowAttrs("colspan", "rowspan", "start").Matching(bluemonday.Integer).OnElements("td", "th", "ol")
	p.AllowAttrs("src").Matching(ownImage).OnElements("img")
	p.AllowAttrs("alt").Matching(plainWords).OnElements("img")
	return p
})

// plainWords has no bound: counted, so large a class costs 8 MB and some 10 ms of every start of the program.
var (
	plainWords = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{P}\s]*$`)
	colour     = regexp.MustCompile(`^(?i:#[0-9a-f]{3,8}|[a-z]{3,20})$`)
	ownImage   = regexp.MustCompile(`^(?:cid:|data:image/(?:png|gif|jpeg|webp);base64,)`)
)
