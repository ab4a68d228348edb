package processor

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// attachedText is what a message says that has no text beside its attachments: the text of a winmail.dat, else of the
// first text that is not called an attachment although it has a name, else of the first attachment that is readable.
// All of them stay attachments.
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
	if i := slices.IndexFunc(parts, func(p *entity.Part) bool { return isReadable(p) && p.Disposition != "attachment" }); i >= 0 {
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

// attachedLeaf reads a text that stays an attachment, with the files that it may hold.
func (r *reader) attachedLeaf(p *entity.Part) []segment {
	segments := r.leaf(p).segments
	delete(r.containers, p)
	return segments
}

// isReadable says whether a part is text for people, or nearly so (RFC 2046 §4.1.4).
func isReadable(p *entity.Part) bool {
	switch p.MediaType {
	case "message/delivery-status", "message/disposition-notification", "message/feedback-report":
		return true
	}
	return strings.HasPrefix(p.MediaType, "text/")
}

// messageText is what an attached message says, after the fields that say whose it is; nil for nothing.
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
	ignore := func(*entity.Part, string) {}                           // what is wrong with an attached message is its own business
	root, _ := entity.Read(raw, size, r.limits.entity(), ignore, nil) // an error met the reader of the message, too
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

// isBlankText says whether there is nothing to read. HTML without a word is what Outlook puts beside attachments.
func isBlankText(segments []segment) bool {
	const enough = 100
	return joinText(segments, enough) == ""
}
