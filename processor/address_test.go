package processor

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor/charset"
)

func TestAddressesAreReadAsProgramsWriteThem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, field string
		want        []Address
	}{
		{"an addr-spec", "ann@example.com", []Address{{"", "ann@example.com"}}},
		{"a name and an addr-spec", "Ann Lee <ann@example.com>", []Address{{"Ann Lee", "ann@example.com"}}},
		{"no white space before the bracket", "Ann<ann@example.com>", []Address{{"Ann", "ann@example.com"}}},
		{"a quoted name with a comma", `"Lee, Ann" <ann@example.com>, b@example.com`, []Address{{"Lee, Ann", "ann@example.com"}, {"", "b@example.com"}}},
		{"escapes in a quoted name", `"Ann \"A\" \\ Lee" <ann@example.com>`, []Address{{`Ann "A" \ Lee`, "ann@example.com"}}},
		{"a name in a comment", "ann@example.com (Ann (IT) Lee)", []Address{{"Ann (IT) Lee", "ann@example.com"}}},
		{"an encoded name with a comma", "=?utf-8?Q?Lee=2C_Ann?= <ann@example.com>", []Address{{"Lee, Ann", "ann@example.com"}}},
		{"an encoded name in quotes", `"=?utf-8?Q?Zo=C3=AB?=" <z@example.com>`, []Address{{"Zoë", "z@example.com"}}},
		{"everything in one encoded-word", "=?utf-8?Q?Ann_Lee_<ann@example.com>?=", []Address{{"Ann Lee", "ann@example.com"}}},
		{"a mailbox within quotes", `"Ann Lee <ann@example.com>"`, []Address{{"Ann Lee", "ann@example.com"}}},
		{"a mailbox with a comma within quotes", `"Lee, Ann <ann@example.com>", b@example.com`, []Address{{"Lee, Ann", "ann@example.com"}, {"", "b@example.com"}}},
		{"a mailbox within Outlook's quotes", "'Ann Lee <ann@example.com>'", []Address{{"Ann Lee", "ann@example.com"}}},
		{"a mailbox within quotes and an encoded-word", "=?utf-8?Q?=22Ann_Lee_<ann@example.com>=22?=", []Address{{"Ann Lee", "ann@example.com"}}},
		{"a mailbox within quotes before empty brackets", `"Ann Lee <ann@example.com>" <>`, []Address{{"Ann Lee", "ann@example.com"}}},
		{"a mailbox within quotes before its address", `"Ann Lee <ann@example.com>" <ann@example.com>`, []Address{{"Ann Lee", "ann@example.com"}}},
		{"another mailbox within quotes", `"Ann Lee <ann@example.com>" <eve@example.net>`, []Address{{"Ann Lee <ann@example.com>", "eve@example.net"}}},
		{"brackets of something else within quotes", `"Ann <IT> Lee" <ann@example.com>`, []Address{{"Ann <IT> Lee", "ann@example.com"}}},
		{"an address as a name", "ann@example.com <ann@example.com>", []Address{{"ann@example.com", "ann@example.com"}}},
		{"Outlook's quotes", "'ann@example.com' <ann@example.com>", []Address{{"ann@example.com", "ann@example.com"}}},
		{"Outlook's quotes without brackets", "'ann@example.com'", []Address{{"", "ann@example.com"}}},
		{"an override of direction in a name", "=?utf-8?B?4oCubm5B4oCs?= <ann@example.com>", []Address{{"nnA", "ann@example.com"}}},
		{"isolates in a name in quotes", "\"\u2067Ann\u2069\" <ann@example.com>", []Address{{"Ann", "ann@example.com"}}},
		{"semicolons", "a@example.com; B <b@example.com>;", []Address{{"", "a@example.com"}, {"B", "b@example.com"}}},
		{"a group", "desk: a@example.com, b@example.com;", []Address{{"", "a@example.com"}, {"", "b@example.com"}}},
		{"an empty group", "undisclosed-recipients:;", nil},
		{"a bracket that is not closed", "Ann <ann@example.com", []Address{{"Ann", "ann@example.com"}}},
		{"a quote that is not closed", `"Ann <ann@example.com>`, []Address{{"Ann", "ann@example.com"}}},
		{"a comment that is not closed", "Ann (IT <ann@example.com>", []Address{{"Ann (IT", "ann@example.com"}}},
		{"doubled brackets", "Ann <<ann@example.com>>", []Address{{"Ann", "ann@example.com"}}},
		{"brackets in the name", "Ann <IT> <ann@example.com>", []Address{{"Ann IT", "ann@example.com"}}},
		{"square brackets for angle brackets", "Ann [ann@example.com]", []Address{{"Ann", "ann@example.com"}}},
		{"an address with the scheme mailto", "<mailto:ann@example.com>", []Address{{"", "ann@example.com"}}},
		{"a route", "<@relay.example:ann@example.com>", []Address{{"", "ann@example.com"}}},
		{"a quoted local-part", `"ann lee"@example.com`, []Address{{"", `"ann lee"@example.com`}}},
		{"a comma in a quoted local-part", `Ann <"lee, ann"@example.com>, b@example.com`, []Address{{"Ann", `"lee, ann"@example.com`}, {"", "b@example.com"}}},
		{"a semicolon and a bracket in a quoted local-part", `<"a;\">b"@example.com>`, []Address{{"", `"a;\">b"@example.com`}}},
		{"an unclosed quote within brackets", `<"a@example.com>, b@example.com`, []Address{{"", `"a@example.com`}, {"", "b@example.com"}}},
		{"an unclosed quote within brackets before a quoted name", `<"a@example.com>, "B" <b@example.com>`, []Address{{"", `"a@example.com`}, {"B", "b@example.com"}}},
		{"white space in the address", "<ann @ example.com >", []Address{{"", "ann@example.com"}}},
		{"a name after the address", "ann@example.com Ann Lee", []Address{{"Ann Lee", "ann@example.com"}}},
		{"no address", "Ann Lee", []Address{{"Ann Lee", ""}}},
		{"empty brackets", "<>", nil},
		{"raw octets of windows-1252", "Andr\xe9 <a@example.com>", []Address{{"André", "a@example.com"}}},
		{"an address with letters beyond ASCII", "Zoë <zoë@bücher.example>", []Address{{"Zoë", "zoë@bücher.example"}}},
		{"a NUL", "A\x00nn <ann@exa\x00mple.com>", []Address{{"Ann", "ann@example.com"}}},
		{"only separators", " ,; ,", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseAddresses(tt.field, "", 100)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tt.field, diff)
			}
		})
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"Lee, Ann" (IT) <ann@example.com>, b@x; c: d@y;`, `=?utf-8?Q?A_<a@b>?=`, `<@a,@b:c@d>`, `"a\"b"@c`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		found := parseAddresses(field, "", 10)
		if len(found) > 10 {
			t.Errorf("got %d addresses, want at most 10", len(found))
		}
		for _, a := range found {
			if !utf8.ValidString(a.Name) || !utf8.ValidString(a.Addr) || charset.Clean(a.Name) != a.Name || charset.Clean(a.Addr) != a.Addr {
				t.Errorf("parseAddresses(%q) returns %q, which is not clean", field, a)
			}
		}
	})
}
