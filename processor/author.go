package processor

import (
	"cmp"
	"strings"

	"mailintegration/processor/entity"
)

// Author returns the author of the message as far as a program can know: the first of From, Sender, Reply-To and the
// reverse-path that mail can reach, else the first that has an address at all. Where a list or a gateway put its own address
// into From, Author returns the original one.
func (m *Message) Author() Address {
	if original, ok := m.beforeRewriting(); ok {
		return original
	}
	candidates := append([]Address{m.From, m.Sender}, m.ReplyTo...)
	if m.ReturnPath != nil {
		candidates = append(candidates, Address{Addr: *m.ReturnPath})
	}
	return first(candidates)
}

// beforeRewriting undoes the rewriting of From by which lists and gateways satisfy DMARC (RFC 7489). A Reply-To alone says
// where answers go, not who wrote the message, and the other fields can be written by anybody: they count only if From is
// visibly the address of a list, a group or a gateway.
func (m *Message) beforeRewriting() (author Address, ok bool) {
	if m.From.Addr == "" {
		return Address{}, false
	}
	name, isVia := cutVia(m.From.Name)
	isPassedOn := isVia || isOfList(m.From, m.Header)
	if !isPassedOn {
		name = m.From.Name
	}
	list := listAddress(m.Header)
	for _, a := range m.originals(name, isPassedOn) {
		if !isReachable(a.Addr) || strings.EqualFold(a.Addr, m.From.Addr) || strings.EqualFold(a.Addr, list) {
			continue
		}
		if isPassedOn || standsFor(m.From, a) {
			return Address{Name: cmp.Or(a.Name, name), Addr: a.Addr}, true
		}
	}
	return Address{}, false
}

// originals returns who may have written a message of which From has this name, the likeliest first. If a list passed it on,
// Reply-To may hold the author too, before X-Original-Sender only if it has the name.
func (m *Message) originals(name string, isPassedOn bool) []Address {
	all := parseAddresses(m.Header.Get("X-Original-From"), "", 1)
	if isPassedOn {
		for _, a := range m.ReplyTo {
			if name != "" && (normalised(a.Name) == normalised(name) || strings.EqualFold(a.Addr, name)) {
				all = append(all, a)
			}
		}
	}
	all = append(all, parseAddresses(m.Header.Get("X-Original-Sender"), "", 1)...)
	if isPassedOn {
		all = append(all, m.ReplyTo...)
	}
	return all
}

// isOfList reports whether an address is that of the list which sent the message: the one for writing to it, the one that is
// its List-ID with a dot for the at sign (RFC 2919 §2), or the one in the Mailing-list of Google Groups.
func isOfList(a Address, h Header) bool {
	if strings.EqualFold(a.Addr, listAddress(h)) {
		return true
	}
	if _, id, ok := strings.Cut(h.Get("List-ID"), "<"); ok {
		id, _, _ = strings.Cut(id, ">")
		if strings.EqualFold(strings.Replace(a.Addr, "@", ".", 1), strings.TrimSpace(id)) {
			return true
		}
	}
	kind, rest, _ := strings.Cut(h.Get("Mailing-list"), " ")
	list, _, _ := strings.Cut(rest, ";")
	return strings.EqualFold(kind, "list") && strings.EqualFold(a.Addr, strings.TrimSpace(list))
}

// standsFor reports whether From has the author's name but a gateway's address: the author has the same name, or has
// none and From is an address at which nobody reads.
func standsFor(from, author Address) bool {
	if from.Name == "" || author.Name != "" && normalised(author.Name) != normalised(from.Name) {
		return false
	}
	return hasNoReader(from.Addr) || author.Name != ""
}

// hasNoReader reports whether an address says that nobody reads mail to it.
func hasNoReader(addr string) bool {
	switch localPart(addr) {
	case "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply":
		return true
	}
	return false
}

// listAddress returns the address for writing to the list (RFC 2369 §3.4), "" if the message comes from no list.
func listAddress(h Header) string {
	_, uri, ok := strings.Cut(h.Get("List-Post"), "<")
	if !ok {
		return ""
	}
	uri, _, _ = strings.Cut(uri, ">")
	const scheme = "mailto:"
	uri = strings.TrimSpace(uri)
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return ""
	}
	addr, _, _ := strings.Cut(uri[len(scheme):], "?")
	return entity.PercentDecode(addr)
}

// cutVia returns "Ann Lee" of "Ann Lee via Help desk", the form in which lists and gateways name the author.
func cutVia(name string) (author string, ok bool) {
	const via = " via "
	for at := len(name) - len(via); at > 0; at-- { // not in a lowered copy, where characters may be longer or shorter
		if strings.EqualFold(name[at:at+len(via)], via) {
			author = strings.Trim(name[:at], ` '"`)
			return author, author != ""
		}
	}
	return "", false
}
