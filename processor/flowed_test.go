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
		{"quotes of one depth", "> a \n> b\n>> c \nd", false, "> a b\n>> c \nd"},
		{"stuffed lines", " From here\n  two", false, "From here\n two"},
		{"a signature", "text \n-- \nAnn", false, "text \n-- \nAnn"},
		{"nothing", "", false, ""},
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
