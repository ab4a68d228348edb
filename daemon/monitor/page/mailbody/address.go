package mailbody

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// readable returns the address of a link in ASCII: letters of other scripts that look like Latin ones, and characters that change the
// direction of text, would show another address than the one that it is. The name of a host is shown as DNS has it (RFC 5891).
func readable(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if host, err := idna.ToASCII(u.Hostname()); err == nil && host != u.Hostname() {
		u.Host = strings.Replace(u.Host, u.Hostname(), host, 1)
	}
	if u.User != nil { // https://bank.example@evil.example/ leads to evil.example
		u.User = nil
	}
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
		if b.Len() >= maxAddress {
			return b.String() + "…"
		}
	}
	return b.String()
}

// withoutScheme returns an address as people write it.
func withoutScheme(address string) string {
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if rest, ok := strings.CutPrefix(address, scheme); ok {
			return rest
		}
	}
	return address
}
