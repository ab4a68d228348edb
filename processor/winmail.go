package processor

import (
	"cmp"
	"io"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
	"mailintegration/processor/tnef"
)

// unpacked holds what a part contains that is a container in a format of its own.
type unpacked struct {
	segments    []segment
	attachments []Attachment
	isWhole     bool // everything in the container was found: the container itself need not be kept
}

// isTNEF reports whether a part may be Outlook's winmail.dat. Reading its first octets decides.
func isTNEF(p *entity.Part) bool {
	switch p.MediaType {
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return true
	case "application/octet-stream":
		name := strings.ToLower(p.RawFileName())
		return name == "winmail.dat" || name == "win.dat"
	}
	return false
}

// winmail unpacks a winmail.dat.
func (r *reader) winmail(p *entity.Part) unpacked {
	textMax := max(min(r.limits.Text-r.text, r.limits.HTML-r.html), 0)
	stream, err := tnef.Read(p.Open(r.raw), textMax)
	u := unpacked{isWhole: err == nil}
	if err != nil {
		r.note(p, "winmail.dat cannot be read to its end: kept as it is, too")
	}
	text, _ := charset.CutOctets(charset.Clean(stream.Text), textMax)
	rich, _ := charset.CutOctets(charset.Clean(stream.HTML), textMax)
	r.text, r.html = r.text+len(text), r.html+len(rich)
	if text != "" || rich != "" {
		u.segments = []segment{{plain: text, html: rich}}
	}
	if stream.HasRTF && len(u.segments) == 0 {
		u.isWhole = false // there may be text that cannot be read
	}
	for i, f := range stream.Files {
		if f.HasContent {
			u.attachments = append(u.attachments, r.winmailFile(p, i+1, f))
		}
	}
	u.isWhole = u.isWhole && len(u.attachments)+len(u.segments) > 0
	return u
}

// winmailFile makes an attachment of the n-th file of a winmail.dat.
func (r *reader) winmailFile(p *entity.Part, n int, f tnef.File) Attachment {
	name := ""
	for _, candidate := range []string{f.LongName, f.Name, f.Title, f.DisplayName} {
		name = fileName(charset.OneLine(candidate))
		if name != "" {
			break
		}
	}
	mediaType := cmp.Or(entity.MediaType(f.MediaType), "application/octet-stream")
	if name == "" {
		name = defaultName(p.ChildPath(n), mediaType)
	}
	return Attachment{
		Name:      cutName(name, r.limits.Name),
		MediaType: mediaType,
		ContentID: strings.Trim(charset.OneLine(f.ContentID), "<> "),
		open:      func(raw io.ReaderAt) io.Reader { return f.Place.Open(raw, f.Size) },
	}
}
