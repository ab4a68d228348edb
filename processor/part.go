package processor

import (
	"strconv"
	"strings"
)

// part is one entity (RFC 2045 §2.4): what its header says and where its body lies in the raw message.
type part struct {
	parent   *part
	index    int // within the parent, from 1
	children []*part

	header     Header // not decoded
	start, end int64  // of the body

	mediaType   string // "type/subtype" in lower case
	params      params
	disposition string // "attachment", "inline", another word in lower case, or ""
	dispParams  params
	encoding    transferEncoding
	opaque      bool // a multipart that was not taken apart
}

// interpret reads the Content- fields. byDefault is the media type where there is none.
func (p *part) interpret(byDefault string) {
	p.mediaType, p.params = parseMediaType(p.header.Get("Content-Type"))
	p.disposition, p.dispParams = parseDisposition(p.header.Get("Content-Disposition"))
	p.encoding = encodingOf(p.header.Get("Content-Transfer-Encoding"))
	switch {
	case p.mediaType == "" && !p.header.Has("Content-Type"):
		p.mediaType = byDefault
	case p.mediaType == "" && (p.hasName() || p.disposition == "attachment"):
		p.mediaType = "application/octet-stream"
	case p.mediaType == "":
		// RFC 2045 §5.2: what cannot be read is text/plain.
		p.mediaType = "text/plain"
	}
}

// path is the place of the part in the message, "" for the message itself, else as in "2.1".
func (p *part) path() string {
	if p == nil || p.parent == nil {
		return ""
	}
	if outer := p.parent.path(); outer != "" {
		return outer + "." + strconv.Itoa(p.index)
	}
	return strconv.Itoa(p.index)
}

// isMultipart says whether the part was taken apart.
func (p *part) isMultipart() bool { return len(p.children) > 0 }

func (p *part) hasName() bool {
	return p.dispParams.has("filename") || p.params.has("name")
}

// charset is the declared charset, "" when there is none.
func (p *part) charset() string { return p.params.get("charset") }

// contentID is the Content-ID without angle brackets (RFC 2392).
func (p *part) contentID() string {
	id := strings.TrimSpace(clean(p.header.Get("Content-ID")))
	return strings.Trim(id, "<> \t")
}

// leaves calls yield for each part that has no parts, in order, until yield says false.
func (p *part) leaves(yield func(*part) bool) bool {
	if !p.isMultipart() {
		return yield(p)
	}
	for _, child := range p.children {
		if !child.leaves(yield) {
			return false
		}
	}
	return true
}
