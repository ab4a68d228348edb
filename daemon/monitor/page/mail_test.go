package page

import (
	"strings"
	"testing"
)

func TestALineFromMailCannotChangeThePageAroundIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, want string }{
		{"plain", "Printer does not print", "Printer does not print"},
		{"markup", `<script>alert("1")</script>`, "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;"},
		{"a change of direction", "invoice\u202efdp.exe\u202c", "invoicefdp.exe"},
		{"isolates", "\u2067abc\u2069", "abc"},
		{"zero width", "pay\u200bpal\ufeff", "paypal"},
		{"a joiner after Latin letters", "pay\u200dpal", "paypal"},
		{"a joiner in an emoji", "\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"},
		{"a joiner in Persian", "می\u200cخواهم", "می\u200cخواهم"},
		{"lines", "one\r\nX-Other: two", "one X-Other: two"},
		{"control characters", "a\x00b\x1b[31mc\x7f", "a␀b␛[31mc␡"},
		{"octets that are no text", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"heaps of marks", "z" + strings.Repeat("\u0300", 50) + "y", "z" + strings.Repeat("\u0300", maxMarks) + "y"},
		{"tags", "flag\U000e0061\U000e007f", "flag"},
	} {
		if got := string(mailLine(tt.from)); got != "<bdi>"+tt.want+"</bdi>" {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestALongLineFromMailIsCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, want string
		limit            int
	}{
		{"as long as allowed", "abcde", "abcde", 5},
		{"longer", "abcdef", "abcde…", 5},
		{"10 MB", strings.Repeat("é", 5<<20), "ééééé…", 5},
		{"10 MB that nobody sees", strings.Repeat("\u200b", 4<<20) + "abc", "…", 5},
		{"cut within a character", strings.Repeat("\u200b", 13) + "é", "…", 5},
	} {
		if got := visible(tt.from, tt.limit, false); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestATextFromMailKeepsItsLines(t *testing.T) {
	t.Parallel()
	if got := visible("one\r\n\ttwo\u2028three\x07", 100, true); got != "one\n\ttwo three␇" {
		t.Errorf("%q", got)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb\x00\xff", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = min(max(limit, 0), 1000)
		if n := len([]rune(visible(text, limit, false))); n > limit+1 {
			t.Errorf("%d characters, %d are allowed", n, limit)
		}
	})
}
