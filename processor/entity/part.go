package entity

import (
	"cmp"
	"io"
	"strconv"
	"strings"

	"mailintegration/processor/charset"
)

// Part is one entity (RFC 2045 §2.4): its header section and the extent of its body in the raw message.
type Part struct {
	parent   *Part
	index    int // within the parent, from 1
	Children []*Part

	Header Header // not decoded
	Body   Extent

	MediaType   string // "type/subtype" in lower case
	params      params
	Disposition string // "attachment", "inline" or another word in lower case, "" when there is none
	dispParams  params
	Opaque      bool // a multipart that is nested too deeply and was kept whole
}

// interpret reads the Content- fields. byDefault is the media type of a part without Content-Type.
func (p *Part) interpret(byDefault string) {
	p.MediaType, p.params = parseMediaType(p.Header.Get("Content-Type"))
	p.Disposition, p.dispParams = parseDisposition(p.Header.Get("Content-Disposition"))
	p.Body.encoding = encodingOf(p.Header.Get("Content-Transfer-Encoding"))
	switch {
	case p.MediaType == "" && !p.Header.Has("Content-Type"):
		p.MediaType = byDefault
	case p.MediaType == "" && (p.HasName() || p.Disposition == "attachment"):
		p.MediaType = "application/octet-stream"
	case p.MediaType == "":
		// RFC 2045 §5.2: a media type that cannot be read counts as text/plain.
		p.MediaType = "text/plain"
	}
}

// Path returns the position of the part in the message: "2.1" for the first part of the second one, "" for the message
// itself.
func (p *Part) Path() string {
	if p == nil || p.parent == nil {
		return ""
	}
	return p.parent.ChildPath(p.index)
}

// ChildPath returns the path of the n-th part within p, counted from 1. Not only Children have one, but also the files
// that p contains in another format.
func (p *Part) ChildPath(n int) string {
	if outer := p.Path(); outer != "" {
		return outer + "." + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// SetContainer makes p the first part of container, in whose body the message p was found: the paths of p and its parts
// then begin with the container's.
func (p *Part) SetContainer(container *Part) { p.parent, p.index = container, 1 }

// IsMultipart reports whether the part was divided into parts.
func (p *Part) IsMultipart() bool { return len(p.Children) > 0 }

// HasName reports whether the part has a file name.
func (p *Part) HasName() bool {
	return p.dispParams.has("filename") || p.params.has("name")
}

// FileName returns the part's file name, decoded, "" when it has none. hint is the charset of octets without a declared
// one.
func (p *Part) FileName(hint string) string {
	name := p.dispParams.text("filename", hint)
	if name == "" {
		name = p.params.text("name", hint)
	}
	return name
}

// RawFileName returns the part's file name without decoding it, for a comparison with an ASCII name.
func (p *Part) RawFileName() string {
	return cmp.Or(p.dispParams.get("filename"), p.params.get("name"))
}

// Param returns a parameter of the Content-Type without decoding it, "" when there is none.
func (p *Part) Param(name string) string { return p.params.get(name) }

// Charset returns the charset that the part declares, "" when it declares none.
func (p *Part) Charset() string { return p.params.get("charset") }

// Open returns the part's body, decoded as it is read from raw.
func (p *Part) Open(raw io.ReaderAt) *Body { return p.Body.Open(raw, nil) }

// ContentID returns the Content-ID without angle brackets (RFC 2392), "" when there is none.
func (p *Part) ContentID() string {
	id := strings.TrimSpace(charset.Clean(p.Header.Get("Content-ID")))
	return strings.Trim(id, "<> \t")
}

// Leaves calls yield for each part without parts of its own, in order, until yield returns false.
func (p *Part) Leaves(yield func(*Part) bool) { p.leaves(yield) }

func (p *Part) leaves(yield func(*Part) bool) bool {
	if !p.IsMultipart() {
		return yield(p)
	}
	for _, child := range p.Children {
		if !child.leaves(yield) {
			return false
		}
	}
	return true
}
