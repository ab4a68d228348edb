package processor

import (
	"bytes"
	"cmp"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
	"mailintegration/processor/htmltext"
)

// segment is a piece of the message's text: plain, HTML, or both if the message has it in both forms.
type segment struct {
	plain, html string

	text   string // what the service desk reads of it; see say
	isSaid bool   // text is known
}

// say returns the text that the service desk reads: the plain text if it says something, else HTML as text.
func (s *segment) say(limit int) string {
	if s.isSaid {
		return s.text
	}
	s.text, s.isSaid = s.plain, true
	if s.html == "" {
		return s.text
	}
	if isBlank(s.plain) {
		s.text = htmltext.Text(s.html, limit)
	} else if stub, ok := stubOf(s.plain); ok {
		if rich := htmltext.Text(s.html, limit); stub.saysNothing(rich) {
			s.text = rich
		}
	}
	return s.text
}

// content is the result of collecting a part: its text and its attachments.
type content struct {
	segments    []segment
	attachments []*entity.Part
}

// reader reads the bodies that are text, within the limits of one message.
type reader struct {
	raw    io.ReaderAt
	limits Limits
	note   func(p *entity.Part, what string)
	work   *entity.Workspace // for a body that is being read

	text, html int  // octets read so far
	begun      bool // collect has reached a part that is not a multipart
	err        error

	containers  map[*entity.Part]unpacked // attachments that hold others
	mixed       *entity.Part              // the last part with clear text after its base64
	within      int                       // how many attached messages enclose the message that is read
	reread      *int64                    // how many octets may still be read again; see mostReread
	unmarked    *unmarked                 // octets that declare no charset
	signedDepth int                       // how many S/MIME objects enclose the message that is read
}

// collect sorts a part and those within it into text and attachments.
func (r *reader) collect(p *entity.Part) content {
	switch {
	case p.IsMultipart() && p.MediaType == "multipart/alternative":
		return r.alternative(p)
	case p.IsMultipart():
		var all content
		for _, child := range p.Children {
			c := r.collect(child)
			all.segments = append(all.segments, c.segments...)
			all.attachments = append(all.attachments, c.attachments...)
		}
		return all
	case isBodyText(p):
		r.begun = true
		return r.leaf(p)
	case !r.begun && isNamedText(p):
		r.begun = true
		return content{segments: r.attachedLeaf(p), attachments: []*entity.Part{p}}
	case isSMIME(p):
		u := r.signed(p)
		r.contains(p, u)
		return content{segments: u.segments, attachments: []*entity.Part{p}}
	}
	r.begun = true
	return content{attachments: []*entity.Part{p}}
}

// alternative makes one segment of a text in several forms (RFC 2046 §5.1.4): the first plain text that is not blank,
// and the last HTML.
func (r *reader) alternative(p *entity.Part) content {
	var all content
	var both segment
	var forPrograms []*entity.Part
	for _, child := range p.Children {
		if isForPrograms(child) {
			forPrograms = append(forPrograms, child)
			continue // the same once more
		}
		c := r.collect(child)
		all.attachments = append(all.attachments, c.attachments...)
		if plain := joinPlain(c.segments); isBlank(both.plain) {
			both.plain = plain
		}
		if rich := joinHTML(c.segments); rich != "" {
			both.html = rich
		}
	}
	if both == (segment{}) {
		all.attachments = append(all.attachments, forPrograms...) // the message says nothing else
	}
	all.segments = []segment{both}
	return all
}

// isBodyText reports whether a part is read as text of the message. A multipart without parts is: its delimiters are
// wrong, and its content may be readable.
func isBodyText(p *entity.Part) bool {
	if p.Opaque || p.Disposition == "attachment" || p.HasName() {
		return false
	}
	switch p.MediaType {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "application/xhtml+xml":
		return true
	}
	return strings.HasPrefix(p.MediaType, "multipart/")
}

// isNamedText reports whether a part is text that has a name but no attachment disposition: some programs name the text
// of a message. If such a part comes first, it is read as that text and also kept as an attachment.
func isNamedText(p *entity.Part) bool {
	return (p.MediaType == "text/plain" || p.MediaType == "text/html") && p.Disposition != "attachment"
}

// leaf reads a text part. A part that is too long is also kept as an attachment, so that nothing is lost.
func (r *reader) leaf(p *entity.Part) content {
	var c content
	var s segment
	var isCut bool
	if r.isHTML(p) {
		s.html, isCut = r.read(p, r.limits.HTML-r.html)
		r.html += len(s.html)
	} else {
		s.plain, isCut = r.read(p, r.limits.Text-r.text)
		r.text += len(s.plain)
		s.plain = plainText(p, s.plain)
		if !isCut && r.mixed != p { // a file can be read again only from a part with a single encoding
			var files []Attachment
			s.plain, files = r.uuencoded(p, s.plain)
			if len(files) > 0 {
				r.contains(p, unpacked{attachments: files, isWhole: true})
				c.attachments = []*entity.Part{p}
			}
		}
	}
	c.segments = []segment{s}
	if isCut {
		r.note(p, "text cut off: too long")
		c.attachments = []*entity.Part{p}
	}
	return c
}

// isHTML reports whether a text part is HTML. Where the part does not say so (no Content-Type, or a multipart without
// parts), its first octets decide.
func (r *reader) isHTML(p *entity.Part) bool {
	isDeclared := !strings.HasPrefix(p.MediaType, "multipart/") && p.Header.Has("Content-Type")
	if isDeclared {
		return p.MediaType == "text/html" || p.MediaType == "application/xhtml+xml"
	}
	lower := bytes.ToLower(bytes.TrimSpace(p.Body.Beginning(r.raw, 64)))
	return bytes.HasPrefix(lower, []byte("<html")) || bytes.HasPrefix(lower, []byte("<!doctype html"))
}

// read returns at most limit octets of a part's body, decoded.
func (r *reader) read(p *entity.Part, limit int) (text string, isCut bool) {
	if limit <= 0 {
		return "", p.Body.Size() > 0
	}
	encoded, plain := r.cutClearText(p, limit)
	octets, err := encoded.ReadUpTo(r.raw, limit+1, r.work)
	if err != nil && r.err == nil {
		r.err = err
	}
	label := p.Charset()
	if label == "" && r.isHTML(p) {
		label = charset.InHTML(octets)
	}
	isCut = len(octets) > limit
	text, asDeclared := charset.TextGuessing(octets[:min(len(octets), limit)], label, r.guess)
	if !asDeclared {
		r.note(p, "text is not in the charset that it declares: "+cmp.Or(charset.OneLine(label), "none"))
	}
	if plain.Size() > 0 && !isCut {
		text = r.withClearText(text, plain, limit, label)
	}
	text, isCutAgain := charset.CutOctets(text, limit)
	return text, isCut || isCutAgain
}

// guess returns the charset of a text that declares none, or a wrong one.
func (r *reader) guess(octets []byte) string {
	if r.unmarked == nil { // in a message within the message
		r.unmarked = &unmarked{}
	}
	return r.unmarked.guess(octets)
}

// cutClearText cuts off the clear text that follows the base64 of a text part.
func (r *reader) cutClearText(p *entity.Part, limit int) (encoded, plain entity.Extent) {
	encoded, plain = p.Body.CutClearText(r.raw, 2*int64(limit), r.work)
	switch {
	case plain.Size() > 0:
		r.note(p, "clear text after base64: read as it is")
		r.mixed = p
	case p.Body.IsFalseBase64(r.raw):
		r.note(p, "not valid base64: read as plain text")
	}
	return encoded, plain
}

// withClearText appends the clear text that follows the encoded body of a part.
func (r *reader) withClearText(text string, plain entity.Extent, limit int, label string) string {
	octets, err := plain.ReadUpTo(r.raw, limit+1, r.work)
	if err != nil && r.err == nil {
		r.err = err
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	rest, _ := charset.TextGuessing(octets, label, r.guess)
	return text + rest
}

// plainText removes what the media type or OpenPGP adds to plain text.
func plainText(p *entity.Part, text string) string {
	switch {
	case p.MediaType == "text/enriched" || p.MediaType == "text/richtext":
		return enriched(text)
	case strings.EqualFold(p.Param("format"), "flowed"):
		return unflow(text, strings.EqualFold(p.Param("delsp"), "yes"))
	}
	return clearSigned(text)
}

// enriched removes the commands from text/enriched (RFC 1896).
func enriched(text string) string {
	return strings.ReplaceAll(enrichedCommand.ReplaceAllString(text, ""), "<<", "<")
}

var enrichedCommand = regexp.MustCompile(`(?is)<param>[^<]*</param>|</?[a-z][-a-z0-9]{0,59}>`)

// joinPlain joins the plain text of segments.
func joinPlain(segments []segment) string {
	var texts []string
	for _, s := range segments {
		texts = appendText(texts, s.plain)
	}
	return strings.Join(texts, "\n\n")
}

// joinHTML joins the HTML of segments, and returns "" if no segment has any. Plain text between HTML becomes HTML.
func joinHTML(segments []segment) string {
	if len(segments) == 1 {
		return segments[0].html
	}
	if !slices.ContainsFunc(segments, func(s segment) bool { return s.html != "" }) {
		return ""
	}
	var b strings.Builder
	for _, s := range segments {
		if s.html != "" {
			b.WriteString(s.html)
		} else if !isBlank(s.plain) {
			b.WriteString("<div>" + strings.ReplaceAll(html.EscapeString(s.plain), "\n", "<br>\n") + "</div>\n")
		}
	}
	return b.String()
}

// joinText returns what the service desk reads of all segments.
func joinText(segments []segment, limit int) string {
	var texts []string
	for i := range segments {
		texts = appendText(texts, segments[i].say(limit))
	}
	text, _ := charset.CutOctets(strings.Join(texts, "\n\n"), limit)
	return strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n")
}

// appendText appends a piece of text unless it is blank. The caller joins pieces with an empty line between them.
func appendText(texts []string, text string) []string {
	if isBlank(text) {
		return texts
	}
	return append(texts, strings.TrimRight(text, "\n"))
}
