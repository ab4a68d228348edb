package processor

import (
	"strings"
	"testing"
)

func TestMessageIDsAreReadAlsoFromMalformedFields(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, want string }{
		{"one", "<a@b>", "a@b"},
		{"several", "<a@b> <c@d>\t<e@f>", "a@b|c@d|e@f"},
		{"several without white space between", "<a@b><c@d>", "a@b|c@d"},
		{"several with commas between", "<a@b>, <c@d>", "a@b|c@d"},
		{"the same one twice", "<a@b> <a@b>", "a@b"},
		{"a line break within the brackets", "<a@\t b>", "a@b"},
		{"text around an identifier", "Message from Ann of Tuesday <a@b> \"x\"", "a@b"},
		{"no brackets", "a@b, c@d", "a@b|c@d"},
		{"no closing bracket", "<a@b <c@d>", "a@b|c@d"},
		{"no at sign", "<20261103.4711>", "20261103.4711"},
		{"words without brackets", "your message of Tuesday", ""},
		{"empty brackets", "<> <a@b>", "a@b"},
		{"an identifier that is too long", "<" + strings.Repeat("x", 999) + "> <a@b>", "a@b"},
		{"an empty field", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ids, _ := parseMessageIDs(tt.field, 998)
			if got := strings.Join(ids, "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
