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
		return r.leaf(parts[i]).segments
	}
	for _, p := range parts {
		switch {
		case isReadable(p):
			return r.leaf(p).segments
		case p.mediaType == "message/rfc822" || p.mediaType == "message/global":
			if segments := r.messageText(p); segments != nil {
				return segments
			}
		}
	}
	return nil
}

// isReadable says whether a part is text for people, or nearly so.
func isReadable(p *part) bool {
	switch p.mediaType {
	case "text/plain", "text/html", "text/rfc822-headers", "message/delivery-status", "message/disposition-notification", "message/feedback-report":
		return true
	}
	return false
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

func isBlankText(segments []segment) bool {
	return !slices.ContainsFunc(segments, func(s segment) bool { return s.html != "" || strings.TrimSpace(s.plain) != "" })
}
