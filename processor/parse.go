package processor

import (
	"io"
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
	"mailintegration/processor/htmltext"
)

// Parse reads a message of size octets within DefaultLimits. It never fails: Message.Defects holds the faults of the
// message, and Message.ReadError an error of raw.
func Parse(raw io.ReaderAt, size int64) *Message {
	return DefaultLimits().Parse(raw, size)
}

// Parse reads a message within these limits, otherwise like the function Parse.
func (l Limits) Parse(raw io.ReaderAt, size int64) *Message {
	p := parser{limits: l, m: &Message{Octets: size}}
	work := entity.GetWorkspace()
	defer work.Release()
	root, err := entity.Read(raw, size, l.entity(), p.note, work)
	p.m.ReadError = err
	p.hint = declaredCharset(root)
	p.unmarked = &unmarked{root: root, raw: raw, work: work}
	p.fields(root.Header)
	r := reader{raw: raw, limits: l, note: p.note, work: work, unmarked: p.unmarked, reread: mostReread(size)}
	p.body(&r, root)
	p.m.Automatic = automaticKind(p.m, root)
	if isReport(p.m, root) {
		p.m.Report = r.report(root, p.m)
	}
	if p.m.ReadError == nil {
		p.m.ReadError = r.err
	}
	return p.m
}

// parser fills in one Message.
type parser struct {
	limits Limits
	m      *Message
	hint   string // charset of header fields that do not declare one, "" while no field needs it

	unmarked *unmarked
}

// note records a defect, unless it is already recorded.
func (p *parser) note(at *entity.Part, what string) {
	if len(p.m.Defects) >= p.limits.Defects {
		return
	}
	d := Defect{Part: at.Path(), What: what}
	for _, known := range p.m.Defects {
		if known == d {
			return
		}
	}
	p.m.Defects = append(p.m.Defects, d)
}

// declaredCharset returns the first charset other than ASCII and UTF-8 that a part declares, "" when none does: header
// fields that do not declare one most likely have it too.
func declaredCharset(root *entity.Part) string {
	for p := range root.Leaves {
		if name := charset.Name(p.Charset()); charset.HasDecoder(name) {
			return name
		}
	}
	return ""
}

// fields reads the fields of the message's own header section.
func (p *parser) fields(raw Header) {
	m := p.m
	m.Header = p.decoded(raw)
	m.Subject = p.subject(m.Header)
	from := p.addresses(raw, "From", p.limits.Recipients)
	m.From = first(from)
	m.Sender = first(p.addresses(raw, "Sender", 1))
	m.ReplyTo = p.addresses(raw, "Reply-To", p.limits.Recipients)
	m.To = p.addresses(raw, "To", p.limits.Recipients)
	m.Cc = p.addresses(raw, "Cc", p.limits.Recipients-len(m.To))
	m.ReturnPath = returnPath(raw)
	p.suspect(from)
	p.date(raw)
	p.threads(raw)
}

// decoded returns the fields with their values decoded.
func (p *parser) decoded(raw Header) Header {
	header := make(Header, len(raw))
	for i, f := range raw {
		header[i] = f
		if entity.IsPlainField(f.Value) {
			continue
		}
		if p.hint == "" && entity.Unmarked(f.Value) != nil {
			p.hint = p.unmarked.ofFields()
		}
		header[i].Value = entity.DecodeField(f.Value, p.hint)
	}
	return header
}

// nameHint returns the charset of file names that do not declare one.
func (p *parser) nameHint(parts []*entity.Part) string {
	for _, part := range parts {
		if p.hint == "" && entity.Unmarked(part.RawFileName()) != nil {
			p.hint = p.unmarked.ofFields()
		}
	}
	return p.hint
}

// subject returns the first subject that is not blank.
func (p *parser) subject(h Header) string {
	for _, value := range h.Values("Subject") {
		subject, isCut := charset.CutRunes(charset.OneLine(value), p.limits.Subject)
		if isCut {
			p.note(nil, "subject cut off: too long")
		}
		if subject != "" {
			return subject
		}
	}
	return ""
}

// addresses reads at most limit addresses from all fields of one name.
func (p *parser) addresses(raw Header, name string, limit int) []Address {
	var all []Address
	for _, value := range raw.Values(name) {
		all = append(all, parseAddresses(value, p.hint, limit+1-len(all))...)
		if len(all) > limit {
			p.note(nil, "addresses in "+name+" dropped: too many")
			return all[:limit]
		}
	}
	return all
}

// first returns the first address that mail can reach, else the first that has an addr-spec, else the first.
func first(addresses []Address) Address {
	if len(addresses) == 1 {
		return addresses[0]
	}
	for _, is := range []func(Address) bool{
		func(a Address) bool { return isReachable(a.Addr) },
		func(a Address) bool { return a.Addr != "" },
		func(Address) bool { return true },
	} {
		if at := slices.IndexFunc(addresses, is); at >= 0 {
			return addresses[at]
		}
	}
	return Address{}
}

// returnPath reads the reverse-path (RFC 5321 §4.4): nil if there is none, "" for the null reverse-path.
func returnPath(raw Header) *string {
	value := strings.TrimSpace(raw.Get("Return-Path"))
	if value == "" {
		return nil
	}
	addr := first(parseAddresses(value, "", 1)).Addr
	if addr == "" && !strings.HasPrefix(value, "<") {
		return nil
	}
	return &addr
}

// date reads the Date field.
func (p *parser) date(raw Header) {
	if !raw.Has("Date") {
		return
	}
	var ok bool
	if p.m.Date, ok = parseDate(raw.Get("Date")); !ok {
		p.note(nil, "date cannot be read")
	}
}

// threads reads the msg-ids of the message and of those it refers to.
func (p *parser) threads(raw Header) {
	m := p.m
	var tooLong, tooMany, more bool
	m.MessageID, tooLong = parseMessageID(raw.Get("Message-ID"), p.limits.MessageID)
	for _, field := range []struct {
		name string
		ids  *[]string
	}{{"In-Reply-To", &m.InReplyTo}, {"References", &m.References}} {
		ids, isLong := parseMessageIDs(strings.Join(raw.Values(field.name), " "), p.limits.MessageID)
		*field.ids, more = newest(ids, p.limits.References)
		tooLong, tooMany = tooLong || isLong, tooMany || more
	}
	if tooLong {
		p.note(nil, "msg-id dropped: too long")
	}
	if tooMany {
		p.note(nil, "references dropped: too many")
	}
}

// body reads the text and finds the attachments.
func (p *parser) body(r *reader, root *entity.Part) {
	c := r.collect(root)
	r.unpack(c.attachments)
	if r.isBlankText(c.segments) {
		c.segments = append(c.segments, r.attachedText(c.attachments)...)
	}
	m := p.m
	m.Text = joinText(c.segments, p.limits.Text)
	m.ReplyText = replyText(m)
	if rich := joinHTML(c.segments); rich != "" {
		m.HTML = cutHTML(htmltext.Sanitise(rich), 2*p.limits.HTML)
	}
	m.Attachments = r.attachments(c.attachments, m.HTML, p.nameHint(c.attachments))
}

// cutHTML cuts HTML to at most this many octets, and never within a tag.
func cutHTML(html string, most int) string {
	cut, isCut := charset.CutOctets(html, most)
	if open := strings.LastIndexByte(cut, '<'); isCut && open > strings.LastIndexByte(cut, '>') {
		return cut[:open]
	}
	return cut
}
