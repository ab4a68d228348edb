package processor

import (
	"strings"

	"mailintegration/processor/entity"
)

// Author returns the author of the message as far as a program can know: From, else Sender, Reply-To or the
// reverse-path. Where a list or a gateway put its own address into From, Author returns the original one.
func (m *Message) Author() Address {
	if original, ok := m.beforeRewriting(); ok {
		return original
	}
	candidates := append([]Address{m.From, m.Sender}, m.ReplyTo...)
	if m.ReturnPath != nil {
		candidates = append(candidates, Address{Addr: *m.ReturnPath})
	}
	for _, a := range candidates {
		if a.Addr != "" {
			return a
		}
	}
	return m.From
}

// beforeRewriting undoes the rewriting of From by which lists and gateways satisfy DMARC (RFC 7489): the author stands in
// X-Original-From, or in Reply-To beside the list. A Reply-To alone says where answers go, not who wrote the message.
// An X-Original-From alone counts only if From is visibly a gateway's address.
func (m *Message) beforeRewriting() (author Address, ok bool) {
	list := listAddress(m.Header)
	name, isVia := cutVia(m.From.Name)
	isOfList := list != "" && strings.EqualFold(m.From.Addr, list)
	candidates := parseAddresses(m.Header.Get("X-Original-From"), "", 1)
	switch {
	case m.From.Addr == "":
		return Address{}, false
	case isVia || isOfList:
		candidates = append(candidates, m.ReplyTo...)
	case !standsFor(m.From, first(candidates)):
		return Address{}, false
	default:
		name = m.From.Name
	}
	for _, a := range candidates {
		if a.Addr == "" || strings.EqualFold(a.Addr, m.From.Addr) || strings.EqualFold(a.Addr, list) {
			continue
		}
		if a.Name == "" {
			a.Name = name
		}
		return a, true
	}
	return Address{}, false
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
