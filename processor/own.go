package processor

import (
	"slices"
	"strings"
)

// Mail of the service desk comes back to it: its own answer that a rule forwards to the mailbox, a message whose From was
// forged, a colleague who writes from the shared mailbox. Only the address tells, and it does not tell which of them it is.
//
//	the message                        names a request               names none
//	from an address of our own         an activity, flagged          opens what the mailbox opens, marked
//	  … a program wrote it             the same                      as other mail of programs
//	  … the request is done            the same: it stays done       –
//	to an address of our own           as for others, and the address takes no part in the request
//
// An address of our own is one of the team, of a mailbox that is read for the team, of an account that sends its mail, or the
// one that the last mail server delivered this very message to. The address of another team is not: that team may ask.

// ownAddresses holds addresses of our own in the form of ownKey.
type ownAddresses map[string]bool

// newOwnAddresses returns the addresses of our own that the configuration and the database name.
func newOwnAddresses(rules Rules, references References) ownAddresses {
	own := ownAddresses{}
	for _, addr := range slices.Concat(rules.DeskAddresses, references.DeliveredTo, []string{references.TeamAddress}) {
		if key := ownKey(addr); key != "" {
			own[key] = true
		}
	}
	return own
}

// ownKey returns the form in which an address of our own is compared: helpdesk+printers@example.com is delivered to
// helpdesk@example.com (RFC 5233), and so is "helpdesk"@example.com (RFC 5321 §4.1.2). It is "" for no address.
func ownKey(addr string) string {
	key := canonical(addr)
	at := strings.LastIndexByte(key, '@')
	if at <= 0 || at == len(key)-1 {
		return ""
	}
	local := strings.Trim(key[:at], `"`)
	if base, _, hasDetail := strings.Cut(local, "+"); hasDetail && base != "" {
		local = base
	}
	return local + key[at:]
}

// own returns a function that reports whether an address is one of our own for this message.
func (p Policy) own(m *Message) func(addr string) bool {
	ours, here := p.ours, ownKey(m.DeliveredTo())
	if ours == nil {
		ours = newOwnAddresses(p.Rules, p.References)
	}
	return func(addr string) bool {
		key := ownKey(addr)
		return key != "" && (ours[key] || key == here)
	}
}

// isFromOwn reports whether a message comes from an address of our own. A list that rewrites From does not count: the author
// does.
func (p Policy) isFromOwn(m *Message) bool { return p.own(m)(m.Author().Addr) }

// withoutOwn returns a decision in which addresses of our own take no part in the request, and which says so of a message that
// comes from one. Such a message is always flagged, and reopens nothing.
func (p Policy) withoutOwn(m *Message, d Decision) Decision {
	switch d := d.(type) {
	case OpenRequest:
		d.Own, d.FromOwn = p.ownAmong(m), p.isFromOwn(m)
		if d.FromOwn {
			d.Reason = d.Reason.with(ownClause(m))
		}
		return d
	case AddActivity:
		if d.FromOwn = p.isFromOwn(m); d.FromOwn {
			d.Flagged, d.Reopen, d.Reason = true, false, d.Reason.with(ownClause(m))
		}
		return d
	}
	return d
}

// ownAmong returns the addresses of our own among the author and the recipients of a message, in lower case, each once.
func (p Policy) ownAmong(m *Message) (own []string) {
	isOwn := p.own(m)
	for _, a := range slices.Concat([]Address{m.Author(), m.From}, m.To, m.Cc) {
		if key := addressKey(a); isOwn(key) && !slices.Contains(own, key) {
			own = append(own, key)
		}
	}
	return own
}

// ownClause returns the clause of a reason for a message from an address of our own.
func ownClause(m *Message) string {
	return "it comes from " + m.Author().Addr + ", an address of our own: a loop, a forgery, or somebody who writes with it"
}

// DeliveredTo returns the address to which the last mail server delivered the message, "" if it does not say. Final delivery
// writes Delivered-To above all other trace fields; one below the first Received is that of a server which
// passed the message on, or the sender's (RFC 9228).
func (m *Message) DeliveredTo() string {
	for _, f := range m.Header {
		switch {
		case strings.EqualFold(f.Name, "Received"):
			return ""
		case strings.EqualFold(f.Name, "Delivered-To"):
			addr := strings.Trim(strings.TrimSpace(f.Value), "<>")
			if !isMailAddress(addr) {
				return ""
			}
			return addr
		}
	}
	return ""
}
