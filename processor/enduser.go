package processor

// decideEndUser decides for EndUserIncidentMailMessageProcessor: an answer becomes an activity, everything else an
// incident.
func (p Policy) decideEndUser(m *Message, dir Directory) Decision {
	if r, why, ok := p.match(m, dir); ok {
		return p.followUp(m, dir, r, why, p.ClosedFollowUp)
	}
	if d := p.turnedAway(m); d != nil {
		return d
	}
	sender, isKnown := p.sender(m, dir)
	d := p.open(m, dir, Incident)
	d.Reason = Reason{ReasonNewMail, "no request is named; opened for " + named(m, sender)}
	if !isKnown {
		d.Reason.Detail += ", who is not known, in the name of " + d.Requester.Name
	}
	return d
}

// turnedAway decides about a message that names no request where it opens none either, and is nil where it may.
func (p Policy) turnedAway(m *Message) Decision {
	switch m.Automatic {
	case AutoReply, Bounce, Receipt:
		// It speaks of a message that we know nothing of, and says nothing that anyone asks for.
		return Ignore{Reason{ReasonAutomatic, "no request is named; " + automaticDetail(m)}}
	}
	if !p.CreateNewRequests {
		why := Reason{ReasonNoNewRequests, "no request is named, and this mailbox opens no new requests"}
		if m.Automatic != Person {
			// A refusal is answered, and automatic mail never is.
			why.Detail += "; " + automaticName(m.Automatic)
			return Ignore{why}
		}
		return Refuse{why}
	}
	return nil
}
