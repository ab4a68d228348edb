package processor

// decideMonitoring decides for EventMailMessageProcessor: every message becomes an event, unless it names a request
// that is not done. A message about a done request opens a new event, because an alert must not be buried.
func (p Policy) decideMonitoring(m *Message, dir Directory) Decision {
	if r, why, ok := p.match(m, dir); ok {
		if r.State.IsDone() {
			return p.continued(m, dir, r, why.as(ReasonClosed).extended(", which is "+string(r.State)))
		}
		return p.followUp(m, dir, r, why, AddActivityOnly)
	}
	d := p.open(m, dir, Event)
	d.Reason = NewReason(ReasonMonitoring, "every message to this mailbox is an event", "from "+authorName(m, User{}))
	return d
}
