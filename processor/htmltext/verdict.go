package htmltext

import (
	"sync"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailintegration/processor/charset"
)

// verdict says what becomes of a tag.
type verdict struct {
	name  string // of the element
	html  string // the tag as it is written, "" for a tag that is dropped
	drops bool   // this start tag is dropped although the element is allowed: the end tag must be dropped, too
	skips bool   // the content of the element is dropped, too
	hides bool   // the sender has hidden the element
}

// verdict returns the verdict on the tag that z has read.
func (s *sanitiser) verdict(kind html.TokenType) verdict {
	raw := s.z.Raw()
	if v, ok := verdicts.recall(raw); ok {
		return v
	}
	tag := string(raw)
	name, more := s.z.TagName()
	known, a := atom.Lookup(name), attributesOf(s.z, more)
	v := verdict{name: string(name), hides: kind != html.EndTagToken && a.hide(known)}
	if known == 0 { // no element of HTML: bluemonday would drop it
		return v
	}
	if link, ok := plainLink(kind, known, a); ok {
		v.html = link
		return v
	}
	s.judged++
	if s.judged > mostJudged {
		return verdicts.bare(kind, v)
	}
	v = judge(kind, v, tag)
	verdicts.remember(tag, v)
	return v
}

// mostJudged is how many different tags of one HTML bluemonday judges. Mail of people and newsletters has fewer.
const mostJudged = 2000

// judge asks bluemonday for the verdict on a tag.
func judge(kind html.TokenType, v verdict, tag string) verdict {
	v.html = charset.Clean(htmlPolicy().Sanitize(tag))
	if kind == html.StartTagToken && v.html == "" {
		bare := verdicts.bare(kind, v)
		v.drops, v.skips = bare.drops, bare.skips
	}
	return v
}

// verdicts holds the verdicts on the tags of recent messages.
var verdicts = memory{known: make(map[string]verdict), elements: make(map[string]verdict)}

// memory remembers a bounded number of verdicts. Mail that never repeats a tag makes it forget all of them.
type memory struct {
	mu       sync.Mutex
	known    map[string]verdict // by tag
	elements map[string]verdict // by tag, of tags without attributes; there are no more than HTML has elements
}

// Bounds of a memory: it takes at most about 4 MB.
const (
	mostVerdicts = 4096
	longestTag   = 512 // octets
)

// recall returns the verdict on a tag that is remembered.
func (m *memory) recall(tag []byte) (verdict, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.known[string(tag)]
	return v, ok
}

// remember keeps the verdict on a tag that is not too long.
func (m *memory) remember(tag string, v verdict) {
	if len(tag) > longestTag {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= mostVerdicts {
		clear(m.known)
	}
	m.known[tag] = v
}

// bare returns v with what becomes of the tag when it has no attributes.
func (m *memory) bare(kind html.TokenType, v verdict) verdict {
	tag := bareTag(kind, v.name)
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.elements[tag]
	if !ok {
		p := htmlPolicy()
		known.html = p.Sanitize(tag)
		if kind == html.StartTagToken && known.html == "" {
			known.drops = p.Sanitize("</"+v.name+">") != ""
			known.skips = p.Sanitize(tag+"x") == ""
		}
		m.elements[tag] = known
	}
	v.html, v.drops, v.skips = known.html, known.drops, known.skips
	return v
}

func bareTag(kind html.TokenType, name string) string {
	switch kind {
	case html.EndTagToken:
		return "</" + name + ">"
	case html.SelfClosingTagToken:
		return "<" + name + "/>"
	}
	return "<" + name + ">"
}
