package processor

import (
	"cmp"
	"fmt"
	"slices"
)

// threadID is a msg-id that a message refers to, and the reason of a decision that follows it.
type threadID struct {
	id     string
	reason ReasonCode
}

// threadIDs returns the msg-ids that a message refers to, in the order in which they are tried: the message that a
// report is about, the one that the message answers, then its references, newest first.
func threadIDs(m *Message) []threadID {
	var ids []threadID
	add := func(id string, reason ReasonCode) {
		isNew := !slices.ContainsFunc(ids, func(t threadID) bool { return t.id == id })
		if isNew && id != "" && id != m.MessageID {
			ids = append(ids, threadID{id, reason})
		}
	}
	if m.Report != nil {
		add(m.Report.MessageID, ReasonReport)
	}
	for _, id := range m.InReplyTo {
		add(id, ReasonInReplyTo)
	}
	for _, id := range slices.Backward(m.References) {
		add(id, ReasonReferences)
	}
	if m.Report != nil {
		for _, id := range slices.Backward(m.Report.References) {
			add(id, ReasonReport)
		}
	}
	return ids
}

// subjects returns the subjects that may name a request: the message's, then that of the message a report is about.
func subjects(m *Message) []string {
	if m.Report == nil {
		return []string{m.Subject}
	}
	return []string{m.Subject, m.Report.Subject}
}

// match finds the request that a message is about: by the subject, else by the messages it refers to. In a report the
// messages come first: it names the one message that it is about, while its subject was copied.
func (p Policy) match(m *Message, dir Directory) (Request, Reason, bool) {
	if m.Report != nil {
		if r, why, ok := p.matchIDs(threadIDs(m), dir); ok {
			return r, why, true
		}
	}
	for i, subject := range subjects(m) {
		tag, ok := p.grammar().named(m, subject)
		if !ok {
			continue
		}
		r, ok := dir.Request(tag.Number)
		switch {
		case ok && i == 0:
			return r, NewReason(ReasonSubject, fmt.Sprintf("subject names %s %d", r.Kind.Words(), r.Number)), true
		case ok:
			clause := fmt.Sprintf("the message that the report is about names %s %d in its subject", r.Kind.Words(), r.Number)
			return r, NewReason(ReasonReport, clause), true
		}
	}
	return p.matchIDs(threadIDs(m), dir)
}

// matchIDs finds the request of the first known message.
func (p Policy) matchIDs(ids []threadID, dir Directory) (Request, Reason, bool) {
	for _, t := range ids {
		if r, ok := dir.RequestOf(t.id); ok {
			clause := fmt.Sprintf("%s names a message of %s %d", fieldName(t.reason), r.Kind.Words(), r.Number)
			return r, NewReason(t.reason, clause), true
		}
	}
	return Request{}, Reason{}, false
}

// fieldName returns the name of the field in which a msg-id stood, for a sentence.
func fieldName(reason ReasonCode) string {
	switch reason {
	case ReasonReferences:
		return "References"
	case ReasonReport:
		return "the report"
	}
	return "In-Reply-To"
}

// followUp decides about a message that names a request; closed says what to do if the request is closed.
func (p Policy) followUp(m *Message, dir Directory, r Request, why Reason, closed FollowUp) Decision {
	sender, isKnown := p.sender(m, dir)
	isStranger := !takesPart(r, sender, isKnown, m.Author())
	isPassedOn := isForwarded(m) && !isMachine(m.Automatic) && !p.isFromOwn(m)
	if isStranger && isPassedOn && (p.CreateNewRequests || p.Processor == Monitoring) {
		// A stranger who passes on a mail of the request wants something of his own, so it opens a linked one. Where the
		// mailbox may not open one, the forward is added to this request, as one from who takes part in it always is.
		return p.continued(m, dir, r, why.as(ReasonForward).extended(", from which the message was forwarded by "+authorName(m, sender)))
	}
	activity := AddActivity{
		Reason:      why,
		Request:     r.Number,
		Kind:        r.Kind,
		Author:      sender,
		Attachments: p.wanted(m.Attachments),
		AttachRaw:   p.AttachRaw,
	}
	if isMachine(m.Automatic) {
		// Automatic mail is always added to its request: a machine opens no second request and reopens none. A bounce is
		// never flagged: a mail system takes part in no request.
		activity.Reason = why.with(automaticClauses(m)...)
		activity.Flagged = isStranger && m.Automatic != Bounce && p.UnknownFollowUp != Accept
		return activity
	}
	if p.isFromOwn(m) { // as automatic mail; withoutOwn flags it
		activity.Closed = r.State.isClosed()
		return activity
	}
	if isStranger && p.UnknownFollowUp == NewRequest {
		return p.continued(m, dir, r, why.as(ReasonStranger).extended(", in which "+authorName(m, sender)+" has no part"))
	}
	if r.State.isClosed() && closed == NewRequest {
		return p.continued(m, dir, r, why.as(ReasonClosed).extended(", which is "+string(r.State)))
	}
	if isStranger && p.UnknownFollowUp != Accept {
		activity.Flagged = true
		activity.Reason = activity.Reason.extended(", in which " + authorName(m, sender) + " has no part")
	}
	if closed == Reopen && r.State.IsDone() && !activity.Flagged {
		activity.Reopen = true
		activity.Reason = activity.Reason.extended(", which was " + string(r.State))
	}
	activity.Closed = r.State.isClosed() && !activity.Reopen
	return activity
}

// continued opens a request that is linked to r, or refuses where the mailbox opens none.
func (p Policy) continued(m *Message, dir Directory, r Request, why Reason) Decision {
	if !p.CreateNewRequests && p.Processor != Monitoring {
		return Refuse{Reason: why.as(ReasonNoNewRequests).with("this mailbox opens no new requests")}
	}
	d := p.open(m, dir, p.kind())
	d.Reason, d.LinkedTo = why, r.Number
	// The subject must not begin with the number of the other request: answers would be added to that one.
	if tag, ok := p.grammar().parse(d.Subject); ok {
		d.Subject = cmp.Or(tag.Rest, subjectOf(&Message{Text: m.Text}))
	}
	return d
}

// kind returns the kind of request that the mailbox opens.
func (p Policy) kind() RequestKind {
	switch p.Processor {
	case Monitoring:
		return Event
	case EndUserServiceRequest:
		return ServiceRequest
	}
	return Incident
}

// takesPart reports whether the author of a message may follow up a request.
func takesPart(r Request, sender User, isKnown bool, author Address) bool {
	if isKnown && slices.Contains(r.Participants, sender.ID) {
		return true
	}
	takesPart := func(addr string) bool { return slices.Contains(r.Addresses, addr) }
	return slices.ContainsFunc(addressForms(author), takesPart)
}

// isMachine reports whether a program wrote a message. A mailing list only distributes what people write; the address
// of a service desk often is a list.
func isMachine(a Automatic) bool { return a != Person && a != MailingList }

// automaticName returns the words for a kind of automatic mail in a sentence.
func automaticName(a Automatic) string {
	switch a {
	case AutoReply:
		return "an automatic reply"
	case Bounce:
		return "a message about a failed delivery"
	case Receipt:
		return "a receipt"
	case MailingList:
		return "sent through a mailing list"
	}
	return "written by a program"
}
