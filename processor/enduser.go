package processor

import "fmt"

// decideEndUser decides for EndUserIncidentMailMessageProcessor: an answer becomes an activity, any other message an
// incident.
func (p Policy) decideEndUser(m *Message, dir Directory) Decision {
	if r, why, ok := p.match(m, dir); ok {
		return p.followUp(m, dir, r, why, p.ClosedFollowUp)
	}
	if d := p.declineNew(m); d != nil {
		return d
	}
	sender, isKnown := p.sender(m, dir)
	d := p.open(m, dir, Incident)
	d.Reason = NewReason(ReasonNewMail, p.unmatched(m), "opened for "+authorName(m, sender))
	if !isKnown {
		d.Reason = d.Reason.extended(", who is not known, in the name of " + d.Requester.Name)
	}
	return d
}

// declineNew returns the decision about a message that names no request and may not open one, nil if it may open one.
func (p Policy) declineNew(m *Message) Decision {
	switch m.Automatic {
	case AutoReply, Bounce, Receipt:
		// It is about a message that we do not know, and asks for nothing.
		return Ignore{NewReason(ReasonAutomatic, p.unmatched(m)).with(automaticClauses(m)...)}
	}
	if !p.CreateNewRequests {
		why := NewReason(ReasonNoNewRequests, p.unmatched(m), "this mailbox opens no new requests")
		if m.Automatic != Person {
			// A refusal is answered to the sender, and automatic mail must never be answered.
			return Ignore{why.with(automaticName(m.Automatic))}
		}
		return Refuse{Reason: why}
	}
	return nil
}

// unmatched returns the reason why a message is about no request.
func (p Policy) unmatched(m *Message) string {
	tag, ok := p.grammar().named(m, m.Subject)
	if !ok {
		return "no request is named"
	}
	if p.Unresolved {
		return fmt.Sprintf("subject names %d, which was not looked up", tag.Number)
	}
	return fmt.Sprintf("subject names %d, which is no request of this team", tag.Number)
}
