package store

import "testing"

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"text stays as it is", "Zoë 🖨 \r\n\t", "Zoë 🖨 \r\n\t"},
		{"U+0000, which PostgreSQL refuses, is marked", "a\x00b", "a\uFFFDb"},
		{"octets that are not UTF-8 are marked", "caf\xe9 \xff\xfe!", "caf\uFFFD \uFFFD!"},
		{"half a surrogate pair is not UTF-8", "\xed\xa0\x80", "\uFFFD"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := clean(tc.text); got != tc.want {
				t.Errorf("clean(%q) is %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}
