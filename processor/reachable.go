package processor

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isReachable reports whether mail can reach an addr-spec from another machine. A program that was never set up writes as
// root@localhost, a form without its values as {email}: such an address says nothing about who wrote.
func isReachable(addr string) bool {
	at := strings.LastIndexByte(addr, '@')
	if at <= 0 {
		return false
	}
	local, domain := addr[:at], addr[at+1:]
	if isQuotedString(local) { // any character may stand in it, also those that end a command elsewhere
		local = "quoted"
	}
	return isMailAddress(local+"@"+domain) && isFilledIn(local) && isPublicDomain(strings.ToLower(domain))
}

// isQuotedString reports whether a local-part is a quoted-string (RFC 5322 §3.2.4) with something in it.
func isQuotedString(local string) bool {
	return len(local) > 2 && local[0] == '"' && closingQuote(local, 1) == len(local)
}

// isPublicDomain reports whether a domain, in lower case, may be that of another machine. RFC 6761 §6.3 and §6.4 reserve
// localhost and invalid; Linux calls the domain of a machine that has none localdomain.
func isPublicDomain(domain string) bool {
	literal, isLiteral := strings.CutPrefix(strings.TrimSuffix(domain, "]"), "[") // RFC 5321 §4.1.3
	if isLiteral || domain != "" && isDigit(domain[0]) {
		ip, err := netip.ParseAddr(strings.TrimPrefix(literal, "ipv6:"))
		if err == nil || isLiteral {
			return err == nil && !ip.IsLoopback() && !ip.IsUnspecified()
		}
	}
	last := ""
	for last = range strings.SplitSeq(domain, ".") {
		if !isLabel(last) {
			return false
		}
	}
	switch last {
	case "invalid", "undefined", "null", "nan":
		return false
	default:
		name := strings.TrimRight(last, "46") // localhost6.localdomain6
		return name != "localhost" && name != "localdomain"
	}
}

// isLabel reports whether a part of a domain has only characters that occur there: letters of any script (RFC 6531 §3.3),
// digits, hyphens, and the underscore of some names of machines.
func isLabel(label string) bool {
	for i := range len(label) {
		if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return label != ""
}

// isFilledIn reports whether a local-part is not the name of a value that a template left in its place: between signs that
// templates use, or the word by which a programming language says that there is no value.
func isFilledIn(local string) bool {
	switch strings.ToLower(local) {
	case "undefined", "null", "nil", "nan":
		return false
	}
	if strings.ContainsAny(local, "[]():") { // RFC 5322 §3.2.3: not part of an atom, but of many templates
		return false
	}
	for _, sign := range []struct{ open, closing string }{{"{", "}"}, {"%", "%"}} {
		if _, after, ok := strings.Cut(local, sign.open); ok {
			inner, _, isClosed := strings.Cut(after, sign.closing)
			if isClosed && isVariable(inner) {
				return false
			}
		}
	}
	inner := strings.Trim(local, "*|#_$~!&%") // each may stand in an address: a template has them at both ends, or a dollar before
	isEnclosed := strings.HasSuffix(local, local[:1]) && !isAlphanumeric(local[0]) || strings.HasPrefix(local, "*|")
	return !isEnclosed && local[0] != '$' || !isVariable(inner)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

// isVariable reports whether a text may be the name of a value, perhaps within more signs.
func isVariable(s string) bool {
	s = strings.Trim(s, "{}%#$*|!~ ")
	isOther := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:|' ", r)
	}
	return strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsFunc(s, isOther)
}
