package processor

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// attachedText is what a message says that has no text beside its attachments: the text of a winmail.dat, else of the
// first text that is not called an attachment although it has a name, else of the first attachment that is readable.
// All of them stay attachments.
func (r *reader) attachedText(parts []*part) []segment {
	var unpacked []segment
	for _, p := range parts {
		if isTNEF(p) {
			unpacked = append(unpacked, r.containers[p].segments...)
		}
	}
	if !isBlankText(unpacked) {
		return unpacked
	}
	if i := slices.IndexFunc(parts, func(p *part) bool { return isReadable(p) && p.disposition != "attachment" }); i >= 0 {
		return r.attachedLeaf(parts[i])
	}
	for _, p := range parts {
		switch {
		case isReadable(p):
			return r.attachedLeaf(p)
		case p.mediaType == "message/rfc822" || p.mediaType == "message/global":
			if segments := r.messageText(p); segments != nil {
				return segments
			}
		}
	}
	return nil
}

// attachedLeaf reads a text that stays an attachment, with the files that it may hold.
func (r *reader) attachedLeaf(p *part) []segment {
	segments := r.leaf(p).segments
	delete(r.containers, p)
	return segments
}

// isReadable says whether a part is text for people, or nearly so (RFC 2046 §4.1.4).
func isReadable(p *part) bool {
	switch p.mediaType {
	case "message/delivery-status", "message/disposition-notification", "message/feedback-report":
		return true
	}
	return strings.HasPrefix(p.mediaType, "text/")
}

// messageText is what an attached message says, after the fields that say whose it is; nil for nothing.
func (r *reader) messageText(p *part) []segment {
	var raw messageOctets = io.NewSectionReader(r.raw, p.start, p.end-p.start)
	if p.encoding != identity { // against RFC 2046 §5.2.1
		content, err := readUpTo(p.open(r.raw), p.end-p.start, r.limits.Text, nil)
		if err != nil {
			return nil
		}
		raw = bytes.NewReader(content)
	}
	ignore := func(*part, string) {} // what is wrong with an attached message is its own business
	w := walker{lines: newLines(raw, raw.Size()), size: raw.Size(), limits: r.limits, note: ignore}
	root := w.walk()
	inner := reader{raw: raw, limits: r.limits, note: ignore, signedDepth: r.signedDepth}
	segments := inner.collect(root).segments
	if isBlankText(segments) {
		return nil
	}
	var head strings.Builder
	for _, name := range []string{"From", "Date", "Subject"} {
		if value := oneLine(decodeWords(root.header.Get(name), "")); value != "" {
			head.WriteString(name + ": " + value + "\n")
		}
	}
	return append([]segment{{plain: head.String()}}, segments...)
}

// messageOctets are those of a message that is at hand.
type messageOctets interface {
	io.Reader
	io.ReaderAt
	Size() int64
}

// isBlankText says whether there is nothing to read. HTML without a word is what Outlook puts beside attachments.
func isBlankText(segments []segment) bool {
	const enough = 100
	return joinText(segments, enough) == ""
}
