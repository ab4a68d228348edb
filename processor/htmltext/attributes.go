package htmltext

import (
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attributes are the attributes of a tag that matter to text.
type attributes struct {
	href, alt, style string
	hasHidden        bool
	isJudged         bool // it has an attribute that a link may keep beside its address
}

// attributesOf reads the attributes of the tag whose name z has read last. Of several with one name, z returns the first.
func attributesOf(z *html.Tokenizer, more bool) attributes {
	var a attributes
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "href":
			a.href = string(value)
		case "alt":
			a.alt = string(value)
		case "style":
			a.style = string(value)
		case "hidden":
			a.hasHidden = true
		case "title", "lang", "dir":
			a.isJudged = true
		}
	}
	return a
}

// hide reports whether a tag with these attributes hides its element.
func (a attributes) hide(tag atom.Atom) bool { return isHiding(tag, a.style, a.hasHidden) }
