package processor

import (
	"bytes"
	"cmp"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
)

// segment is a piece of what the message says, as plain text, as HTML, or both when the message has it twice.
type segment struct {
	plain, html string
}

// content is what a part comes to: what it says, and what is attached.
type content struct {
	segments    []segment
	attachments []*part
}

// reader reads the bodies that are text, within the limits of one message.
type reader struct {
	raw    io.ReaderAt
	limits Limits
	note   func(p *part, what string)
	work   *workspace // for a body that is being read

	text, html int  // octets read so far
	begun      bool // a part that is no multipart was met
	err        error

	containers  map[*part]unpacked // attachments that hold others
	mixed       *part              // the last part that has clear text after base64
	signedDepth int                // S/MIME objects around what is read
}

// collect sorts a part and those within it into text and attachments.
func (r *reader) collect(p *part) content {
	switch {
	case p.isMultipart() && p.mediaType == "multipart/alternative":
		return r.alternative(p)
	case p.isMultipart():
		var all content
		for _, child := range p.children {
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
		return content{segments: r.attachedLeaf(p), attachments: []*part{p}}
	case isSMIME(p):
		u := r.signed(p)
		r.contains(p, u)
		return content{segments: u.segments, attachments: []*part{p}}
	}
	r.begun = true
	return content{attachments: []*part{p}}
}

// alternative takes the same text in several forms for one segment (RFC 2046 §5.1.4): the first plain text that is
// not blank, and the last HTML.
func (r *reader) alternative(p *part) content {
	var all content
	var both segment
	for _, child := range p.children {
		if child.mediaType == "text/x-amp-html" {
			continue // the same once more, for programs that run it
		}
		c := r.collect(child)
		all.attachments = append(all.attachments, c.attachments...)
		if plain := joinPlain(c.segments); strings.TrimSpace(both.plain) == "" {
			both.plain = plain
		}
		if rich := joinHTML(c.segments); rich != "" {
			both.html = rich
		}
	}
	all.segments = []segment{both}
	return all
}

// isBodyText says whether a part is read as text of the message. A multipart that has no parts is: its delimiters
// are wrong, and what stands in it is more than nothing.
func isBodyText(p *part) bool {
	if p.opaque || p.disposition == "attachment" || p.hasName() {
		return false
	}
	switch p.mediaType {
	case "text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "application/xhtml+xml":
		return true
	}
	return strings.HasPrefix(p.mediaType, "multipart/")
}

// isNamedText says whether a part is text that has a name although it is not called an attachment: some programs name
// the text of a message. What comes first is taken for that, and stays an attachment as well.
func isNamedText(p *part) bool {
	return (p.mediaType == "text/plain" || p.mediaType == "text/html") && p.disposition != "attachment"
}

// leaf reads a text part. One that is too long stays an attachment as well, so that nothing of it is lost.
func (r *reader) leaf(p *part) content {
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
		if !isCut && r.mixed != p { // a file is read again from a part that has one encoding
			var files []Attachment
			if s.plain, files = r.uuencoded(p, s.plain); len(files) > 0 {
				r.contains(p, unpacked{attachments: files, isWhole: true})
				c.attachments = []*part{p}
			}
		}
	}
	c.segments = []segment{s}
	if isCut {
		r.note(p, "text cut off: too long")
		c.attachments = []*part{p}
	}
	return c
}

// isHTML says whether a text part is HTML. A part without Content-Type does not say, nor does a multipart without parts.
func (r *reader) isHTML(p *part) bool {
	isDeclared := !strings.HasPrefix(p.mediaType, "multipart/") && p.header.Has("Content-Type")
	if isDeclared {
		return p.mediaType == "text/html" || p.mediaType == "application/xhtml+xml"
	}
	head := make([]byte, min(p.end-p.start, 64))
	n, _ := r.raw.ReadAt(head, p.start) // an error meets the reader again
	lower := bytes.ToLower(bytes.TrimSpace(head[:n]))
	return bytes.HasPrefix(lower, []byte("<html")) || bytes.HasPrefix(lower, []byte("<!doctype html"))
}

// read returns at most limit octets of a part's body, decoded.
func (r *reader) read(p *part, limit int) (text string, isCut bool) {
	if limit <= 0 {
		return "", p.end > p.start
	}
	end := r.endOfEncoded(p, limit)
	octets, err := readUpTo(decodeTransfer(r.raw, p.start, end, p.encoding, r.work), end-p.start, limit+1, r.work)
	if err != nil && r.err == nil {
		r.err = err
	}
	charset := p.charset()
	if charset == "" && r.isHTML(p) {
		charset = metaCharset(octets)
	}
	isCut = len(octets) > limit
	text, asDeclared := cleanText(octets[:min(len(octets), limit)], charsetName(charset))
	if !asDeclared {
		r.note(p, "text is not in the charset that it declares: "+cmp.Or(oneLine(charset), "none"))
	}
	if end < p.end && !isCut {
		text = r.withClearText(p, text, end, limit, charset)
	}
	text, isCutAgain := cutOctets(text, limit)
	return text, isCut || isCutAgain
}

// endOfEncoded is where the body of a text part ends that has its encoding: all of it, unless clear text follows base64.
func (r *reader) endOfEncoded(p *part, limit int) int64 {
	if p.encoding != base64Encoding {
		return p.end
	}
	end := clearTextAt(r.raw, p.start, p.end, 2*int64(limit), r.work)
	switch {
	case end < p.end:
		r.note(p, "clear text after base64: read as it is")
		r.mixed = p
	case !looksLikeBase64(r.raw, p.start, p.end):
		r.note(p, "base64 that is none: read as it is")
	}
	return end
}

// withClearText is the text of a part and the clear text after it.
func (r *reader) withClearText(p *part, text string, start int64, limit int, charset string) string {
	octets, err := readUpTo(decodeTransfer(r.raw, start, p.end, identity, r.work), p.end-start, limit+1, r.work)
	if err != nil && r.err == nil {
		r.err = err
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	rest, _ := cleanText(octets, charsetName(charset))
	return text + rest
}

// cleanText is clean for octets that are declared to have a charset; asDeclared is false when they have another.
func cleanText(octets []byte, label string) (text string, asDeclared bool) {
	text, isASCII, ok := cleanUTF8(octets)
	switch {
	case ok && isASCII && isASCIICompatible(label):
		return text, true
	case ok && !isASCII && isOftenUTF8(label):
		return text, encodingByName(label) == nil
	}
	text, asDeclared = decodeDeclared(octets, label)
	return clean(text), asDeclared
}

// readUpTo reads at most limit octets of a stream that has about size. They are valid until work is used again.
func readUpTo(r io.Reader, size int64, limit int, work *workspace) ([]byte, error) {
	b := bytes.NewBuffer(work.text())
	b.Grow(int(min(size, int64(limit))) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(r, int64(limit)))
	return b.Bytes(), err
}

// metaCharset finds the charset that HTML declares in itself.
func metaCharset(octets []byte) string {
	if m := metaElement.FindSubmatch(octets[:min(len(octets), 2048)]); m != nil {
		return string(m[1])
	}
	return ""
}

var metaElement = regexp.MustCompile(`(?i)<meta[^>]+charset\s*=\s*["']?\s*([-\w:.]+)`)

// plainText undoes what a media type does to plain text.
func plainText(p *part, text string) string {
	switch {
	case p.mediaType == "text/enriched" || p.mediaType == "text/richtext":
		return enriched(text)
	case strings.EqualFold(p.params.get("format"), "flowed"):
		return unflow(text, strings.EqualFold(p.params.get("delsp"), "yes"))
	}
	return clearSigned(text)
}

// enriched takes the commands out of text/enriched (RFC 1896).
func enriched(text string) string {
	text = strings.ReplaceAll(enrichedCommand.ReplaceAllString(text, ""), "<<", "<")
	return text
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

// joinHTML joins the HTML of segments; "" when none has any. Plain text between HTML becomes HTML.
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
		} else if strings.TrimSpace(s.plain) != "" {
			b.WriteString("<div>" + strings.ReplaceAll(html.EscapeString(s.plain), "\n", "<br>\n") + "</div>\n")
		}
	}
	return b.String()
}

// joinText is what the service desk reads: plain text where there is some, else HTML as text.
func joinText(segments []segment, limit int) string {
	var texts []string
	for _, s := range segments {
		text := s.plain
		if strings.TrimSpace(text) == "" && s.html != "" {
			text = htmlText(s.html, limit)
		}
		texts = appendText(texts, text)
	}
	text, _ := cutOctets(strings.Join(texts, "\n\n"), limit)
	return strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n")
}

// appendText appends a piece of text, if it is not blank. Between two pieces there will be an empty line.
func appendText(texts []string, text string) []string {
	if strings.TrimSpace(text) == "" {
		return texts
	}
	return append(texts, strings.TrimRight(text, "\n"))
}
