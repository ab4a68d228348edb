package processor

import "testing"

func TestFlowedTextIsJoined(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		delete     bool
		want       string
	}{
		{"a paragraph", "one \ntwo\nthree", false, "one two\nthree"},
		{"the space is deleted", "on \ne", true, "one"},
		{"quoted lines of the same depth", "> a \n> b\n>> c \nd", false, "> a b\n>> c \nd"},
		{"space-stuffed lines", " From here\n  two", false, "From here\n two"},
		{"the signature delimiter is not joined", "text \n-- \nAnn", false, "text \n-- \nAnn"},
		{"an empty text", "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := unflow(tt.text, tt.delete); got != tt.want {
				t.Errorf("unflow(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
