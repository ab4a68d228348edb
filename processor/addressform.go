package processor

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// longestDomain is the number of octets beyond which a domain is not converted: RFC 5321 §4.5.3.1.2 allows 255, and the time
// that converting takes grows with the square.
const longestDomain = 1 + 255

// addressForms returns an address in the forms in which a Directory may know it, in lower case: as it is written, then, if its
// domain is internationalized, with the domain in Unicode and in the form of the DNS (RFC 5890 §2.3.2.1): they name the same
// domain. The list is empty for no address.
func addressForms(a Address) []string {
	written := addressKey(a)
	if written == "" {
		return nil
	}
	forms := []string{written}
	at := strings.LastIndexByte(written, '@')
	if at < 0 || len(written)-at > longestDomain || isASCII(written[at:]) && !strings.Contains(written[at:], "xn--") {
		return forms
	}
	for _, convert := range []func(string) (string, error){idna.Lookup.ToUnicode, idna.Lookup.ToASCII} {
		domain, err := convert(written[at+1:])
		if form := written[:at+1] + domain; err == nil && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// canonical returns an addr-spec in the one form in which addresses are compared: in lower case, the domain in the form of the
// DNS.
func canonical(addr string) string {
	addr = strings.ToLower(addr)
	at := strings.LastIndexByte(addr, '@')
	if at < 0 || len(addr)-at > longestDomain || isASCII(addr[at:]) {
		return addr
	}
	domain, err := idna.Lookup.ToASCII(addr[at+1:])
	if err != nil {
		return addr
	}
	return addr[:at+1] + domain
}
