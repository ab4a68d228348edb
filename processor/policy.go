package processor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mailintegration/processor/charset"
)

var _ Decider = Policy{}

// Policy decides for one mailbox. It is pure: the same message, directory and time give the same decision. Goroutines
// may share it.
type Policy struct {
	Rules
	References

	subjects *subjectGrammar // nil in a Policy that NewPolicy did not make
	ours     ownAddresses    // likewise
}

// NewPolicy returns the policy of a mailbox with these rules, whose names stand for these references. It keeps what
// it derives from them: a Policy literal decides the same but derives it for each message.
func NewPolicy(rules Rules, references References) Policy {
	p := Policy{Rules: rules, References: references}
	g := p.grammar()
	p.subjects, p.ours = &g, newOwnAddresses(rules, references)
	return p
}

// Keys returns everything that Decide will ask a Directory for.
func (p Policy) Keys(m *Message) Keys {
	var k Keys
	for _, subject := range subjects(m) {
		if tag, ok := p.grammar().named(m, subject); ok && !slices.Contains(k.Numbers, tag.Number) {
			k.Numbers = append(k.Numbers, tag.Number)
		}
	}
	for _, t := range threadIDs(m) {
		k.MessageIDs = append(k.MessageIDs, t.id)
	}
	k.Addresses = append(k.Addresses, addressForms(m.Author())...)
	if key, ok := p.senderKey(m); ok {
		k.Senders = append(k.Senders, key)
	}
	if p.Processor == EndUserServiceRequest {
		p.blockKeys(m, &k)
	}
	if p.mayReply(m) {
		k.MailTo = append(k.MailTo, addressKey(replyTo(m)))
	}
	return k
}

// Decide decides about a message as the mailbox's processor does, unless a filter ignores the message or its sender has
// opened too many requests, and adds what the filters set and the answer to the message.
func (p Policy) Decide(m *Message, dir Directory, now time.Time) Decision {
	f := p.filtered(m)
	if f.ignoredBy != "" {
		return Ignore{NewReason(ReasonFilter, "filter "+f.ignoredBy+" says to ignore the message")}
	}
	return p.withReply(m, dir, p.withoutOwn(m, f.applyTo(p.limited(m, dir, p.process(m, dir, now)))))
}

// process decides as the mailbox's processor does.
func (p Policy) process(m *Message, dir Directory, now time.Time) Decision {
	switch p.Processor {
	case Monitoring:
		return p.decideMonitoring(m, dir)
	case EndUserIncident:
		return p.decideEndUser(m, dir)
	case EndUserServiceRequest:
		return p.decideServiceRequest(m, dir, now)
	}
	return SetAside{NewReason(ReasonNoProcessor, "this version cannot process mail with "+string(p.Processor))}
}

// grammar returns the subject grammar of the mailbox.
func (p Policy) grammar() subjectGrammar {
	if p.subjects != nil {
		return *p.subjects
	}
	names := slices.Clone(p.SubjectNames)
	return newSubjectGrammar(p.CommunicationTypes, append(names, p.Names.Team, p.References.Team.Name))
}

// open returns the request that the message opens, without its reason.
func (p Policy) open(m *Message, dir Directory, kind RequestKind) OpenRequest {
	sender, isKnown := p.sender(m, dir)
	requester := sender
	if !isKnown {
		requester = cmp.Or(p.FallbackUser, p.Login)
	}
	return OpenRequest{
		Kind:        kind,
		Subject:     subjectOf(m),
		Requester:   requester,
		User:        requester,
		Site:        cmp.Or(sender.Site, p.FallbackSite, requester.Site),
		Source:      p.Source,
		Priority:    cmp.Or(p.Priority, p.DefaultPriority),
		Group:       cmp.Or(p.Group, p.ServiceDesk),
		Assignee:    p.Assignee,
		Attachments: p.wanted(m.Attachments),
		AttachRaw:   p.AttachRaw,
	}
}

// sender returns the user who wrote the message.
func (p Policy) sender(m *Message, dir Directory) (User, bool) {
	for _, addr := range addressForms(m.Author()) {
		if user, ok := dir.UserByAddress(addr); ok {
			return user, true
		}
	}
	return User{}, false
}

// wanted returns the attachments that the configuration does not ignore.
func (p Policy) wanted(all []Attachment) []Attachment {
	var kept []Attachment
	for _, a := range all {
		isIgnored := slices.ContainsFunc(p.IgnoredAttachments, func(name string) bool {
			return strings.EqualFold(strings.TrimSpace(name), a.Name)
		})
		if !isIgnored {
			kept = append(kept, a)
		}
	}
	return kept
}

// subjectOf returns the subject of a request, which is never empty: the message's, or the first words of its text.
func subjectOf(m *Message) string {
	if m.Subject != "" {
		return m.Subject
	}
	const longest = 60
	text, _ := charset.CutOctets(m.Text, 1000)
	words, isCut := charset.CutRunes(charset.CollapseSpace(text), longest)
	switch {
	case words == "":
		return "(no subject)"
	case isCut:
		if space := strings.LastIndexByte(words, ' '); space > 0 {
			words = words[:space]
		}
		words += " …"
	}
	return "(no subject) " + words
}

// addressKey returns an address in the form in which a Directory knows it.
func addressKey(a Address) string { return strings.ToLower(a.Addr) }

// authorName returns the name of a message's author for a reason.
func authorName(m *Message, user User) string {
	a := m.Author()
	return cmp.Or(user.Name, a.Name, a.Addr, "an unknown sender")
}
