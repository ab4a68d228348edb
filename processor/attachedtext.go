package processor

import (
	"bytes"
	"io"
	"path"
	"strings"

	"mailintegration/processor/calendar"
	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// attachedText returns the text to show for a message without a body of its own: the text of a winmail.dat, else of the
// first text or calendar that has no attachment disposition, else of the first readable attachment. All of them stay
// attachments.
func (r *reader) attachedText(parts []*entity.Part) []segment {
	var unpacked []segment
	for _, p := range parts {
		if isTNEF(p) {
			unpacked = append(unpacked, r.containers[p].segments...)
		}
	}
	if !r.isBlankText(unpacked) {
		return unpacked
	}
	isBody := func(p *entity.Part) bool { return p.Disposition != "attachment" && !isAttachedMessage(p) }
	for _, wantsBody := range []bool{true, false} {
		for _, p := range parts {
			if isBody(p) != wantsBody {
				continue
			}
			if segments := r.textIn(p); !r.isBlankText(segments) {
				return segments
			}
		}
	}
	return nil
}

// textIn returns the text that an attachment holds, nil if people cannot read it.
func (r *reader) textIn(p *entity.Part) []segment {
	switch {
	case isCalendar(p):
		return r.calendarText(p)
	case isReadable(p):
		return r.attachedLeaf(p)
	case isAttachedMessage(p):
		return r.messageText(p)
	}
	return nil
}

// isAttachedMessage reports whether a part is an attached message.
func isAttachedMessage(p *entity.Part) bool {
	return p.MediaType == "message/rfc822" || p.MediaType == "message/global"
}

// isCalendar reports whether a part is an iCalendar object (RFC 5545 §8.1), also under the names that programs give it.
func isCalendar(p *entity.Part) bool {
	switch p.MediaType {
	case "text/calendar", "application/ics", "text/x-vcalendar":
		return true
	case "application/octet-stream":
		return strings.EqualFold(path.Ext(p.FileName("")), ".ics")
	}
	return false
}

// calendarText tells in words what a calendar says. Its source is nothing for people.
func (r *reader) calendarText(p *entity.Part) []segment {
	const longest = 256 << 10 // octets; a calendar that is longer is the export of a whole one
	octets, err := p.Body.ReadUpTo(r.raw, longest, r.work)
	if err != nil && r.err == nil {
		r.err = err
	}
	return []segment{{plain: calendar.Words(octets, p.Charset(), p.Param("method"))}}
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

// messageText returns the text of an attached message after its From, Date and Subject, nil if it has no text. A message
// without text of its own says what the one attached to it says, and so on.
func (r *reader) messageText(p *entity.Part) []segment {
	raw, size, ok := r.openMessage(p)
	if !ok {
		return nil
	}
	ignore := func(*entity.Part, string) {}                           // its defects are not those of the message
	root, _ := entity.Read(raw, size, r.limits.entity(), ignore, nil) // reading the message reported the same error
	inner := reader{raw: raw, limits: r.limits, note: ignore, signedDepth: r.signedDepth, within: r.within + 1, reread: r.reread}
	segments := inner.allText(root)
	if inner.isBlankText(segments) {
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

// allText returns the text of a message that is attached to another.
func (r *reader) allText(root *entity.Part) []segment {
	c := r.collect(root)
	if !r.isBlankText(c.segments) {
		return c.segments
	}
	r.unpack(c.attachments)
	return r.attachedText(c.attachments)
}

// openMessage returns the octets of an attached message. Each level of messages within messages reads what is below it
// again: what they may read together is bounded, and so is each of them but the first.
func (r *reader) openMessage(p *entity.Part) (raw io.ReaderAt, size int64, ok bool) {
	const mostWithin = 1 << 20
	raw, size = io.NewSectionReader(r.raw, p.Body.Start, p.Body.Size()), p.Body.Size()
	if r.within > 0 {
		size = min(size, mostWithin)
		*r.reread -= size
		if *r.reread < 0 {
			return nil, 0, false
		}
	}
	if p.Body.IsEncoded() { // against RFC 2046 §5.2.1
		content, err := p.Body.ReadUpTo(r.raw, r.limits.Text, nil)
		if err != nil {
			return nil, 0, false
		}
		raw, size = bytes.NewReader(content), int64(len(content))
	}
	return raw, size, true
}

// mostReread returns how many octets of messages within attached messages are read again, in a message of this size: a chain
// of some hundred forwards without attachments.
func mostReread(size int64) *int64 {
	most := size + 4<<20
	return &most
}

// isBlankText reports whether segments hold no text. Outlook puts HTML without a word beside attachments.
func (r *reader) isBlankText(segments []segment) bool { return joinText(segments, r.limits.Text) == "" }
