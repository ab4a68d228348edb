package processor

import "testing"

func TestAnAttachmentNameIsNeverAPath(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want string }{
		{"a path of Unix", "../../etc/passwd", "passwd"},
		{"a path of Windows", `C:\temp\a.txt`, "a.txt"},
		{"only dots", "..", "part-1.pdf"},
		{"a name that ends in a slash", "folder/", "part-1.pdf"},
		{"an empty name", "", "part-1.pdf"},
		{"only white space", "  ", "part-1.pdf"},
		{"a hidden file", ".profile", ".profile"},
		{"white space within the name", "a  b.txt", "a  b.txt"},
		{"an override of direction", "photo\u202egpj.exe", "photogpj.exe"},
		{"isolates", "a\u2066b\u2067c\u2068d\u2069.pdf", "abcd.pdf"},
		{"only overrides", "\u202a\u202b\u202c\u202d", "part-1.pdf"},
		{"an override around a path", "folder\u202e/\u202c", "part-1.pdf"},
		{"Arabic with a joiner, and a mark", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\u200f.pdf", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\u200f.pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parseString("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf\n" +
				"Content-Disposition: attachment; filename*=utf-8''" + percentEncode(tt.file) + "\n\nx\n--b--\n")
			if len(m.Attachments) != 1 || m.Attachments[0].Name != tt.want {
				t.Errorf("%q became %+v, want %q", tt.file, m.Attachments, tt.want)
			}
		})
	}
}

func percentEncode(s string) string {
	const digits = "0123456789ABCDEF"
	var b []byte
	for i := range len(s) {
		b = append(b, '%', digits[s[i]>>4], digits[s[i]&15])
	}
	return string(b)
}

func TestALongNameKeepsItsExtension(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		n    int
		want string
	}{
		{"abcdefgh.pdf", 8, "abcd.pdf"},
		{"éééééééé.pdf", 8, "éééé.pdf"},
		{"abc.pdf", 8, "abc.pdf"},
		{"abcdefghijk", 8, "abcdefgh"},
		{"a.bcdefghijklmnopqrstuvwxyz", 8, "a.bcdefg"},
	} {
		if got := cutName(tt.name, tt.n); got != tt.want {
			t.Errorf("cutName(%q, %d) = %q, want %q", tt.name, tt.n, got, tt.want)
		}
	}
}
