package htmltext

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainLink returns what htmlPolicy leaves of the start tag of a link whose address needs no second look: http or https, a
// host, and nothing but characters that mean themselves. Mail has many links and each has its own address, so that
// remembering verdicts does not help. ok is false for any other tag.
func plainLink(kind html.TokenType, tag atom.Atom, a attributes) (link string, ok bool) {
	if kind != html.StartTagToken || tag != atom.A || a.isJudged || !isPlainURL(a.href) {
		return "", false
	}
	return `<a href="` + strings.ReplaceAll(a.href, "&", "&amp;") + `" rel="nofollow noreferrer">`, true
}

// isPlainURL reports whether bluemonday leaves a URL as it is.
func isPlainURL(url string) bool {
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "http://")
	}
	host := prefixOf(rest, isHostOctet)
	path := prefixOf(rest[len(host):], isPathOctet)
	query := rest[len(host)+len(path):]
	switch {
	case !ok || host == "" || path != "" && path[0] != '/':
		return false
	case query == "":
		return true
	}
	return len(query) > 1 && query[0] == '?' && isPlainQuery(query[1:])
}

// isPlainQuery reports whether a query is of fields that have a name and one value.
func isPlainQuery(query string) bool {
	for field := range strings.SplitSeq(query, "&") {
		name := prefixOf(field, isUnreserved)
		value, ok := strings.CutPrefix(field[len(name):], "=")
		if name == "" || !ok || prefixOf(value, isUnreserved) != value {
			return false
		}
	}
	return true
}

// prefixOf returns the longest prefix whose octets are all allowed.
func prefixOf(s string, isAllowed func(byte) bool) string {
	for i := range len(s) {
		if !isAllowed(s[i]) {
			return s[:i]
		}
	}
	return s
}

func isAlphanumeric(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isHostOctet(c byte) bool { return isAlphanumeric(c) || c == '.' || c == '-' }

// isUnreserved reports whether an octet means itself anywhere in a URL (RFC 3986 §2.3).
func isUnreserved(c byte) bool { return isHostOctet(c) || c == '_' || c == '~' }

func isPathOctet(c byte) bool { return isUnreserved(c) || c == '/' }
