package processor

import (
	"cmp"
	"io"
	"strings"
)

// unpacked is what was found within a part that is a container of its own.
type unpacked struct {
	segments    []segment
	attachments []Attachment
	isWhole     bool // all that is in the container was found: the container itself need not be kept
}

// isTNEF says whether a part may be Outlook's winmail.dat. Its first octets decide.
func isTNEF(p *part) bool {
	switch p.mediaType {
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return true
	case "application/octet-stream":
		name := strings.ToLower(cmp.Or(p.dispParams.get("filename"), p.params.get("name")))
		return name == "winmail.dat" || name == "win.dat"
	}
	return false
}

// winmail unpacks a winmail.dat.
func (r *reader) winmail(p *part) unpacked {
	textMax := max(min(r.limits.Text-r.text, r.limits.HTML-r.html), 0)
	stream, err := readTNEF(openBody(r.raw, p.start, p.end, p.encoding, nil), textMax)
	u := unpacked{isWhole: err == nil}
	if err != nil {
		r.note(p, "winmail.dat cannot be read to its end: kept as it is, too")
	}
	if stream.text == "" && stream.html == "" && len(stream.rtf) > 0 {
		stream.text, stream.html = readRTF(decompressRTF(stream.rtf, textMax))
	}
	text, _ := cutOctets(clean(stream.text), textMax)
	rich, _ := cutOctets(clean(stream.html), textMax)
	r.text, r.html = r.text+len(text), r.html+len(rich)
	if text != "" || rich != "" {
		u.segments = []segment{{plain: text, html: rich}}
	}
	if len(stream.rtf) > 0 && len(u.segments) == 0 {
		u.isWhole = false // there may be text that cannot be read
	}
	for i, f := range stream.files {
		if f.found {
			u.attachments = append(u.attachments, r.winmailFile(p, i+1, f))
		}
	}
	u.isWhole = u.isWhole && len(u.attachments)+len(u.segments) > 0
	return u
}

// winmailFile makes an attachment of the n-th file of a winmail.dat.
func (r *reader) winmailFile(p *part, n int, f tnefFile) Attachment {
	name := ""
	for _, candidate := range []string{f.long, f.name, f.title, f.display} {
		if name = fileName(oneLine(candidate)); name != "" {
			break
		}
	}
	mediaType, _ := parseMediaType(f.mediaType)
	inner := &part{parent: p, index: n, mediaType: cmp.Or(mediaType, "application/octet-stream")}
	if name == "" {
		name = defaultName(inner)
	}
	end := p.end
	return Attachment{
		Name:      cutName(name, r.limits.Name),
		MediaType: inner.mediaType,
		ContentID: strings.Trim(oneLine(f.contentID), "<> "),
		open:      func(raw io.ReaderAt) io.Reader { return readAt(raw, f.at, end, f.size) },
	}
}
