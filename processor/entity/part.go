package entity

import (
	"cmp"
	"io"
	"strconv"
	"strings"

	"mailintegration/processor/charset"
)

// Part is one entity (RFC 2045 §2.4): what its header says and where its body lies in the raw message.
type Part struct {
	parent   *Part
	index    int // within the parent, from 1
	Children []*Part

	Header Header // not decoded
	Body   Extent

	MediaType   string // "type/subtype" in lower case
	params      params
	Disposition string // "attachment", "inline", another word in lower case, or ""
	dispParams  params
	Opaque      bool // a multipart that was not taken apart
}

// interpret reads the Content- fields. byDefault is the media type where there is none.
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
		// RFC 2045 §5.2: what cannot be read is text/plain.
		p.MediaType = "text/plain"
	}
}

// Path returns the place of the part in the message, "" for the message itself, else as in "2.1".
func (p *Part) Path() string {
	if p == nil || p.parent == nil {
		return ""
	}
	return p.parent.ChildPath(p.index)
}

// ChildPath returns the path of the n-th part in p, counted from 1, whether p has it as a child or holds it in another
// form.
func (p *Part) ChildPath(n int) string {
	if outer := p.Path(); outer != "" {
		return outer + "." + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// SetContainer makes p, a message that was found in the body of another part, the first part of that one: the paths in
// p then begin with the container's.
func (p *Part) SetContainer(container *Part) { p.parent, p.index = container, 1 }

// IsMultipart reports whether the part was taken apart.
func (p *Part) IsMultipart() bool { return len(p.Children) > 0 }

// HasName reports whether the part has a file name.
func (p *Part) HasName() bool {
	return p.dispParams.has("filename") || p.params.has("name")
}

// FileName returns the part's file name, decoded, "" when it has none. hint is the charset of octets that are marked in
// no way.
func (p *Part) FileName(hint string) string {
	name := p.dispParams.text("filename", hint)
	if name == "" {
		name = p.params.text("name", hint)
	}
	return name
}

// RawFileName returns the part's file name as it was written, for names that are ASCII.
func (p *Part) RawFileName() string {
	return cmp.Or(p.dispParams.get("filename"), p.params.get("name"))
}

// Param returns a parameter of the Content-Type as it was written, "" when there is none.
func (p *Part) Param(name string) string { return p.params.get(name) }

// Charset returns the declared charset, "" when there is none.
func (p *Part) Charset() string { return p.params.get("charset") }

// Open returns the decoded octets of the part, which are read from raw only then.
func (p *Part) Open(raw io.ReaderAt) *Body { return p.Body.Open(raw, nil) }

// ContentID is the Content-ID without angle brackets (RFC 2392).
func (p *Part) ContentID() string {
	id := strings.TrimSpace(charset.Clean(p.Header.Get("Content-ID")))
	return strings.Trim(id, "<> \t")
}

// Leaves calls yield for each part that has no parts, in order, until yield returns false.
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
