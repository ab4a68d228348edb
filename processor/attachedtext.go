package processor

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// attachedText returns the text to show for a message without a body of its own: the text of a winmail.dat, else of the
// first named text that has no attachment disposition, else of the first readable attachment. All of them stay
// attachments.
func (r *reader) attachedText(parts []*entity.Part) []segment {
	var unpacked []segment
	for _, p := range parts {
		if isTNEF(p) {
			unpacked = append(unpacked, r.containers[p].segments...)
		}
	}
	if !isBlankText(unpacked) {
		return unpacked
	}
	isNoAttachment := func(p *entity.Part) bool { return isReadable(p) && p.Disposition != "attachment" }
	if i := slices.IndexFunc(parts, isNoAttachment); i >= 0 {
		return r.attachedLeaf(parts[i])
	}
	for _, p := range parts {
		switch {
		case isReadable(p):
			return r.attachedLeaf(p)
		case p.MediaType == "message/rfc822" || p.MediaType == "message/global":
			if segments := r.messageText(p); segments != nil {
				return segments
			}
		}
	}
	return nil
}

// attachedLeaf reads a text that stays an attachment. The files that it may hold stay in it.
func (r *reader) attachedLeaf(p *entity.Part) []segment {
	segments := r.leaf(p).segments
	delete(r.containers, p)
	return segments
}

// isReadable reports whether people can read a part: text of any subtype (RFC 2046 §4.1.4) and reports.
func isReadable(p *entity.Part) bool {
	switch p.MediaType {
	case "message/delivery-status", "message/disposition-notification", "message/feedback-report":
		return true
	}
	return strings.HasPrefix(p.MediaType, "text/")
}

// messageText returns the text of an attached message after its From, Date and Subject, nil if it has no text.
func (r *reader) messageText(p *entity.Part) []segment {
	var raw io.ReaderAt = io.NewSectionReader(r.raw, p.Body.Start, p.Body.Size())
	size := p.Body.Size()
	if p.Body.IsEncoded() { // against RFC 2046 §5.2.1
		content, err := p.Body.ReadUpTo(r.raw, r.limits.Text, nil)
		if err != nil {
			return nil
		}
		raw, size = bytes.NewReader(content), int64(len(content))
	}
	ignore := func(*entity.Part, string) {}                           // its defects are not those of the message
	root, _ := entity.Read(raw, size, r.limits.entity(), ignore, nil) // reading the message reported the same error
	inner := reader{raw: raw, limits: r.limits, note: ignore, signedDepth: r.signedDepth}
	segments := inner.collect(root).segments
	if isBlankText(segments) {
		return nil
	}
	var head strings.Builder
	for _, name := range []string{"From", "Date", "Subject"} {
		if value := charset.OneLine(entity.DecodeField(root.Header.Get(name), "")); value != "" {
			head.WriteString(name + ": " + value + "\n")
		}
	}
	return append([]segment{{plain: head.String()}}, segments...)
}

// isBlankText reports whether segments hold no text. Outlook puts HTML without a word beside attachments.
func isBlankText(segments []segment) bool {
	const enough = 100
	return joinText(segments, enough) == ""
}
