package charset

import "testing"

func TestLineEndingsBecomeLineFeeds(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"LF", "a\nb", "a\nb"},
		{"CRLF", "a\r\n\r\nb", "a\n\nb"},
		{"CR alone", "a\r\rb\r", "a\n\nb\n"},
		{"CR CR LF", "a\r\r\n\r\r\nb", "a\n\nb"},
		{"CR CR CR LF", "é\r\r\r\nb", "é\nb"},
		{"more CRs than a gateway adds", "a\r\r\r\r\nb", "a\n\nb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Clean(tt.text); got != tt.want {
				t.Errorf("Clean: got %q, want %q", got, tt.want)
			}
			if got, _, ok := cleanUTF8([]byte(tt.text)); !ok || got != tt.want {
				t.Errorf("cleanUTF8: got %q, want %q", got, tt.want)
			}
		})
	}
}
