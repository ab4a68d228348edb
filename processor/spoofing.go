package processor

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// suspect notes what makes an author look like somebody else: mail programs show only the name of an address, and only the
// first author, and answers go to Reply-To. Honest mail does so too, so that nothing but a defect follows.
func (p *parser) suspect(from []Address) {
	m := p.m
	if len(from) > 1 {
		if n := countAddresses(from); n > 1 {
			p.note(nil, fmt.Sprintf("From names %d authors; %s counts", n, m.From.Addr))
		}
	}
	for _, field := range []struct {
		name string
		a    Address
	}{{"From", m.From}, {"Sender", m.Sender}, {"Reply-To", first(m.ReplyTo)}} {
		if other := addressIn(field.a.Name); field.a.Addr != "" && other != "" && !isSameAs(other, field.a, m.Author()) {
			p.note(nil, fmt.Sprintf("the name in %s is another address: %s, not %s", field.name, other, field.a.Addr))
		}
	}
	p.suspectReplyTo()
}

// suspectReplyTo notes that answers go to an organization that is not the author's. The answers to a list go to the list.
func (p *parser) suspectReplyTo() {
	if len(p.m.ReplyTo) == 0 || len(p.m.ReplyTo) == 1 && hasDomainOf(p.m.ReplyTo[0], p.m.From) {
		return
	}
	own := organization(p.m.Author().Addr)
	if own == "" {
		return
	}
	const most = 10 // addresses to compare
	list := listAddress(p.m.Header)
	for _, a := range p.m.ReplyTo[:min(len(p.m.ReplyTo), most)] {
		other := organization(a.Addr)
		if other != "" && other != own && !strings.EqualFold(a.Addr, list) && !isOfList(a, p.m.Header) && !isSameAs(a.Addr, p.m.From) {
			p.note(nil, fmt.Sprintf("Reply-To is in another domain than the author: %s, not %s", other, own))
			return
		}
	}
}

// hasDomainOf reports whether the domains of two addresses are written alike.
func hasDomainOf(a, other Address) bool {
	at := strings.LastIndexByte(a.Addr, '@')
	return at >= 0 && strings.HasSuffix(other.Addr, a.Addr[at:])
}

// isSameAs reports whether an addr-spec is that of one of the addresses.
func isSameAs(addr string, all ...Address) bool {
	for _, a := range all {
		if canonical(addr) == canonical(a.Addr) {
			return true
		}
	}
	return false
}

// countAddresses returns how many different addresses there are.
func countAddresses(all []Address) int {
	seen := make(map[string]bool, len(all))
	for _, a := range all {
		if a.Addr != "" {
			seen[canonical(a.Addr)] = true
		}
	}
	return len(seen)
}

// addressIn returns the addr-spec that a display-name is or contains, "" for none.
func addressIn(name string) string {
	if strings.IndexByte(name, '@') < 0 && !strings.Contains(name, "＠") {
		return ""
	}
	isBracket := func(r rune) bool { return r <= ' ' || strings.ContainsRune(`<>()[]{}"',;:|`, r) }
	for _, word := range strings.FieldsFunc(strings.ReplaceAll(name, "＠", "@"), isBracket) {
		word = strings.Trim(word, ".")
		_, domain, _ := strings.Cut(word, "@")
		if isReachable(word) && strings.Contains(domain, ".") {
			return word
		}
	}
	return ""
}

// organization returns the registered domain of an address, in the form of the DNS: example.co.uk of a@mail.example.co.uk
// (the organizational domain of RFC 7489 §3.2). It returns "" for an address that mail cannot reach.
func organization(addr string) string {
	if !isReachable(addr) {
		return ""
	}
	domain := strings.ToLower(addr[strings.LastIndexByte(addr, '@')+1:])
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil { // the domain is a public suffix, has one label or is an IP address
		return domain
	}
	return registered
}
