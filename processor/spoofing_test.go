package processor

import (
	"strings"
	"testing"
)

func TestWhatMakesAnAuthorLookLikeAnotherIsADefect(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, header, want string }{
		{"a name that is another address", "From: \"boss@example.com\" <eve@evil.example>", "the name in From is another address: boss@example.com, not eve@evil.example"},
		{"a name that contains another address", "From: \"The Boss (boss@example.com)\" <eve@evil.example>", "the name in From is another address: boss@example.com, not eve@evil.example"},
		{"an encoded name that contains another address", "From: =?utf-8?B?Qm9zcyA8Ym9zc0BleGFtcGxlLmNvbT4=?= <eve@evil.example>", "the name in From is another address: boss@example.com, not eve@evil.example"},
		{"a name with a wide at sign", "From: \"boss＠example.com\" <eve@evil.example>", "the name in From is another address: boss@example.com, not eve@evil.example"},
		{"a sender with another address as the name", "From: ann@example.com\nSender: \"boss@example.com\" <eve@evil.example>", "the name in Sender is another address: boss@example.com, not eve@evil.example"},
		{"an answer address with another address as the name", "From: ann@example.com\nReply-To: \"ann@example.com\" <eve@example.com>", ""},
		{"an answer address with a stranger's address as the name", "From: ann@example.com\nReply-To: \"boss@example.com\" <eve@example.com>", "the name in Reply-To is another address: boss@example.com, not eve@example.com"},
		{"two authors", "From: ann@example.com, bob@example.org", "From names 2 authors; ann@example.com counts"},
		{"two From fields", "From: ann@example.com\nFrom: bob@example.org", "From names 2 authors; ann@example.com counts"},
		{"answers to another domain", "From: boss@example.com\nReply-To: boss@mail.example", "Reply-To is in another domain than the author: mail.example, not example.com"},
		{"answers to another domain below one suffix", "From: a@one.co.uk\nReply-To: a@two.co.uk", "Reply-To is in another domain than the author: two.co.uk, not one.co.uk"},
		{"one of two answer addresses in another domain", "From: a@example.com\nReply-To: a@example.com, b@example.org", "Reply-To is in another domain than the author: example.org, not example.com"},

		{"the address as its own name", "From: \"ANN@example.com\" <ann@example.com>", ""},
		{"the address as its own name, in the other form of its domain", "From: \"ann@bücher.example\" <ann@xn--bcher-kva.example>", ""},
		{"an at sign in a name", "From: \"Ann @ Example\" <ann@example.com>", ""},
		{"an account of another service in a name", "From: \"Ann (@annlee)\" <ann@example.com>", ""},
		{"one author twice", "From: ann@example.com, Ann <ANN@example.com>", ""},
		{"answers to another machine of one organization", "From: a@mail.example.co.uk\nReply-To: b@desk.example.co.uk", ""},
		{"answers to the domain in its other form", "From: a@bücher.example\nReply-To: a@xn--bcher-kva.example", ""},
		{"answers to the list", "From: ann@example.com\nReply-To: desk@lists.example\nList-Post: <mailto:desk@lists.example>", ""},
		{"the author of a group's message", "From: 'ann@example.com' via Desk <desk@lists.example>\nReply-To: ann@example.com\nList-Post: <mailto:desk@lists.example>", ""},
		{"the author in Reply-To beside an address that mail cannot reach", "From: root@localhost\nReply-To: ann@example.com", ""},
		{"no author", "Reply-To: ann@example.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var found []string
			for _, d := range parseString(tt.header + "\n\nx").Defects {
				found = append(found, d.What)
			}
			if got := strings.Join(found, "; "); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestInternationalizedDomainsAreTheSameInBothForms(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"Ann@Bücher.example":                "ann@bücher.example ann@xn--bcher-kva.example",
		"ann@XN--bcher-kva.example":         "ann@xn--bcher-kva.example ann@bücher.example",
		"ann@bu\u0308cher.example":          "ann@bu\u0308cher.example ann@bücher.example ann@xn--bcher-kva.example",
		"ann@xn--e1afmkfd.xn--p1ai":         "ann@xn--e1afmkfd.xn--p1ai ann@пример.рф",
		"ann@example.com":                   "ann@example.com",
		"zoë@example.com":                   "zoë@example.com",
		"ann@xn--\u00e9.example":            "ann@xn--\u00e9.example",
		"":                                  "",
		"ann":                               "ann",
		"ann@" + strings.Repeat("ü", 130):   "ann@" + strings.Repeat("ü", 130),
		"xn--bcher-kva.example@example.com": "xn--bcher-kva.example@example.com",
	} {
		if got := strings.Join(addressForms(Address{Addr: addr}), " "); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}
