package entity

import (
	"io"
	"strings"
)

// Limits bound what Read keeps of a message. Read notes when a message exceeds one.
type Limits struct {
	Depth  int // nested multiparts; a deeper one is kept whole
	Parts  int // entities; the last one holds the rest of the message
	Header int // octets of all header sections of a message together
	Field  int // octets of one header field
	Fields int // header fields of one entity
}

// Read reads a message of size octets and returns the root of its tree of parts. It takes any octets for a message, and
// tells note what is wrong with a part; note's p is nil for the message as a whole. An error is an error of raw, which
// ended the message early: the parts before it are returned. work may be nil.
func Read(raw io.ReaderAt, size int64, limits Limits, note func(p *Part, what string), work *Workspace) (*Part, error) {
	w := walker{lines: work.lines(io.NewSectionReader(raw, 0, size), size), size: size, limits: limits, note: note}
	root := w.walk()
	return root, w.lines.failure()
}

// walker finds the entities of a message in one pass over its lines. It keeps the open multiparts on a stack instead of
// nesting a reader in a reader, so that a line costs the same at any depth.
type walker struct {
	lines  *lines
	size   int64
	limits Limits
	budget int    // octets of header fields that may still be kept
	value  []byte // memory for the current field
	note   func(p *Part, what string)

	frames  []*frame
	parts   int
	current *Part // the part whose body is being read, nil in an epilogue
	bodyEnd int64 // where the last line of the body ended
}

// frame is an open multipart.
type frame struct {
	part     *Part
	boundary string // as declared
	adopted  string // found in the body because the declared one is wrong or missing
	begun    bool   // a delimiter was found
	closed   bool   // the closing delimiter was found
}

// walk returns the root of the tree of parts.
func (w *walker) walk() *Part {
	w.budget = w.limits.Header
	root := w.begin(nil)
	// Only the body of a multipart has delimiters to look for.
	for w.parts < w.limits.Parts && len(w.frames) > 0 {
		if end, ok := w.lines.skipPlain(); ok {
			w.bodyEnd = end
			continue
		}
		ln, ok := w.lines.next()
		if !ok {
			break
		}
		if ln.first && w.cross(ln) {
			continue
		}
		w.bodyEnd = ln.end()
	}
	if w.parts >= w.limits.Parts {
		w.note(nil, "too many parts: the last one holds the rest")
	}
	w.endAll()
	return root
}

// begin reads the header section of the next part of parent and makes the part the current one. parent is nil for the
// message itself.
func (w *walker) begin(parent *Part) *Part {
	p := &Part{parent: parent}
	byDefault := "text/plain"
	if parent != nil {
		parent.Children = append(parent.Children, p)
		p.index = len(parent.Children)
		if parent.MediaType == "multipart/digest" {
			byDefault = "message/rfc822"
		}
	}
	w.parts++
	w.current = p
	h := headerReader{
		lines: w.lines, limits: w.limits, budget: &w.budget, outer: parent == nil,
		keep:     func(name string) bool { return parent == nil || isContentField(name) },
		encloses: func(delimiter []byte) bool { f, _ := w.delimitedBy(delimiter); return f != nil },
		note:     func(what string) { w.note(p, what) },
		value:    w.value[:0],
	}
	p.Header, p.Body.Start = h.read()
	w.value = h.value
	p.interpret(byDefault)
	w.bodyEnd = p.Body.Start
	w.open(p)
	return p
}

func isContentField(name string) bool {
	return len(name) > 8 && strings.EqualFold(name[:8], "Content-")
}

// open puts a multipart on the stack. One that is nested too deeply is read as a part like any other.
func (w *walker) open(p *Part) {
	if !strings.HasPrefix(p.MediaType, "multipart/") {
		return
	}
	if len(w.frames) >= w.limits.Depth {
		w.note(p, "nested too deeply: kept whole")
		p.Opaque = true
		return
	}
	w.frames = append(w.frames, &frame{part: p, boundary: trimRight(p.params.get("boundary"))})
}

// cross ends and begins parts where the line is a delimiter, and reports whether it is one.
func (w *walker) cross(ln line) bool {
	f, closing := w.delimits(ln)
	if f == nil {
		f = w.adopt(ln)
	}
	if f == nil {
		return false
	}
	w.endAbove(f)
	if f.closed && !closing {
		w.note(f.part, "parts after the closing delimiter")
	}
	f.begun, f.closed = true, closing
	if closing {
		w.current = nil
		return true
	}
	w.begin(f.part)
	return true
}

// endAbove ends the current part and all multiparts within f.
func (w *walker) endAbove(f *frame) {
	if w.current != nil {
		w.current.Body.End = max(w.bodyEnd, w.current.Body.Start)
	}
	for top := w.frames[len(w.frames)-1]; top != f; top = w.frames[len(w.frames)-1] {
		w.endFrame(top, w.bodyEnd)
	}
}

// endFrame takes the innermost multipart off the stack.
func (w *walker) endFrame(top *frame, end int64) {
	top.part.Body.End = max(end, top.part.Body.Start)
	switch {
	case !top.begun:
		w.note(top.part, "multipart without a delimiter: read as one part")
	case !top.closed:
		w.note(top.part, "multipart without a closing delimiter")
	}
	w.frames = w.frames[:len(w.frames)-1]
}

// endAll ends the current part and all open multiparts at the end of the message.
func (w *walker) endAll() {
	end := w.size
	if w.lines.failure() != nil {
		end = w.lines.offset()
	}
	if w.current != nil {
		w.current.Body.End = max(end, w.current.Body.Start)
	}
	for len(w.frames) > 0 {
		w.endFrame(w.frames[len(w.frames)-1], end)
	}
}

// delimits returns the multipart whose delimiter a line is (RFC 2046 §5.1.1), nil for none. Of several with the same
// boundary it returns the innermost that is not yet closed: some programs use one boundary on two levels.
func (w *walker) delimits(ln line) (f *frame, closing bool) {
	text, ok := dashed(ln)
	if !ok {
		return nil, false
	}
	return w.delimitedBy(text)
}

// delimitedBy does what delimits does, for the text after "--" on a line.
func (w *walker) delimitedBy(text []byte) (f *frame, closing bool) {
	var late *frame
	for i := len(w.frames) - 1; i >= 0; i-- {
		f := w.frames[i]
		is, closing := f.matches(text)
		if is && !f.closed {
			return f, closing
		}
		if is && late == nil && !closing {
			late = f
		}
	}
	return late, false
}

// matches reports whether a line of "--" and text delimits the multipart.
func (f *frame) matches(text []byte) (is, closing bool) {
	if is, closing = matchesBoundary(text, f.boundary); is {
		return is, closing
	}
	return matchesBoundary(text, f.adopted)
}

// matchesBoundary reports whether the text after "--" on a line is a boundary, and whether it is the closing delimiter.
// RFC 2046 §5.1.1: only white space may follow, also after the dashes of the closing delimiter. Any other line is text.
func matchesBoundary(text []byte, boundary string) (is, closing bool) {
	if boundary == "" || len(text) < len(boundary) || string(text[:len(boundary)]) != boundary {
		return false, false
	}
	rest := text[len(boundary):]
	closing = string(rest) == "--"
	return len(rest) == 0 || closing, closing
}

// adopt takes a line for the delimiter of the innermost multipart, when that one's own boundary is missing or was not
// found and a Content- field follows the line. It returns nil when the line is no such delimiter.
func (w *walker) adopt(ln line) *frame {
	text, ok := dashed(ln)
	if !ok || len(text) == 0 || len(w.frames) == 0 {
		return nil
	}
	top := w.frames[len(w.frames)-1]
	if top.begun || top.part != w.current || w.parts >= w.limits.Parts {
		return nil
	}
	boundary := string(text)
	next, ok := w.lines.next()
	if !ok {
		return nil
	}
	w.lines.unread()
	if name, _, ok := splitField(next.text); !ok || !isContentField(name) {
		return nil
	}
	w.note(top.part, "boundary is not the one declared")
	top.adopted = boundary
	return top
}

// dashed returns the text after "--" on a line, without white space at its end. A boundary has at most 70 octets (RFC
// 2046 §5.1.1): a line that does not fit into the window is no delimiter.
func dashed(ln line) ([]byte, bool) {
	if !ln.last || len(ln.text) < 2 || ln.text[0] != '-' || ln.text[1] != '-' {
		return nil, false
	}
	return trimRight(ln.text[2:]), true
}
