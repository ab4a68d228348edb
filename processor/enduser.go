package processor

import "fmt"

// decideEndUser decides for EndUserIncidentMailMessageProcessor: an answer becomes an activity, everything else an
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

// declineNew decides about a message that names no request where it opens none either, and is nil where it may.
func (p Policy) declineNew(m *Message) Decision {
	switch m.Automatic {
	case AutoReply, Bounce, Receipt:
		// It speaks of a message that we know nothing of, and says nothing that anyone asks for.
		return Ignore{NewReason(ReasonAutomatic, p.unmatched(m)).with(automaticClauses(m)...)}
	}
	if !p.CreateNewRequests {
		why := NewReason(ReasonNoNewRequests, p.unmatched(m), "this mailbox opens no new requests")
		if m.Automatic != Person {
			// A refusal is answered, and automatic mail never is.
			return Ignore{why.with(automaticName(m.Automatic))}
		}
		return Refuse{why}
	}
	return nil
}

// unmatched says why a message is taken to be about no request.
func (p Policy) unmatched(m *Message) string {
	tag, ok := p.grammar().parse(m.Subject)
	if !ok {
		return "no request is named"
	}
	if p.Unresolved {
		return fmt.Sprintf("subject names %d, which was not looked up", tag.Number)
	}
	return fmt.Sprintf("subject names %d, which is no request of this team", tag.Number)
}
