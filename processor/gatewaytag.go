package processor

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// gatewayTags holds the marks that mail gateways put before a subject.
var gatewayTags = []string{
	"external", "ext", "external email", "external sender", "externe", "extern", "courriel externe", "spam",
	"suspected spam", "secure", "encrypt",
}

// skipGatewayTags skips the marks that gateways put before a subject.
func skipGatewayTags(subject string) string {
	s := trimSpace(norm.NFC.String(subject))
	for {
		after, ok := skipGatewayTag(s)
		if !ok {
			return s
		}
		s = trimSpace(after)
	}
}

// skipGatewayTag skips one mark: "[EXTERNAL]", "*EXT*", "***SPAM***".
func skipGatewayTag(s string) (after string, ok bool) {
	inner, after, ok := cutBrackets(s)
	if !ok {
		inner, after, ok = cutAsterisks(s)
	}
	if ok && slices.Contains(gatewayTags, normalised(strings.Trim(inner, "*"))) {
		return after, true
	}
	return "", false
}

// cutAsterisks cuts "*…*" off the beginning of s, unless it is longer than any mark of a gateway.
func cutAsterisks(s string) (inner, after string, ok bool) {
	const longest = 100
	inner = strings.TrimLeft(s, "*")
	if len(inner) == len(s) {
		return "", s, false
	}
	end := strings.IndexByte(inner[:min(len(inner), longest)], '*')
	if end < 0 {
		return "", s, false
	}
	return inner[:end], strings.TrimLeft(inner[end:], "*"), true
}
