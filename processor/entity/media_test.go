package entity

import "testing"

func TestMediaTypesAreReadAsProgramsWriteThem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, field, mediaType, param, value string
	}{
		{"a type alone", "text/plain", "text/plain", "charset", ""},
		{"upper case", "TEXT/HTML; CHARSET=UTF-8", "text/html", "charset", "UTF-8"},
		{"a quoted value", `text/plain; charset="utf-8"`, "text/plain", "charset", "utf-8"},
		{"a quoted value with a semicolon", `multipart/mixed; boundary="a;b"; x=y`, "multipart/mixed", "boundary", "a;b"},
		{"escapes in a quoted value", `text/plain; name="a\"b\\c\d"`, "text/plain", "name", `a"b\c\d`},
		{"a quote that is not closed", `text/plain; name="a.txt; x=y`, "text/plain", "name", "a.txt"},
		{"a comment after a value", "text/plain; charset=us-ascii (Plain text)", "text/plain", "charset", "us-ascii"},
		{"no semicolon after the type", "multipart/mixed boundary=b", "multipart/mixed", "boundary", "b"},
		{"no semicolon after a quoted value", `text/plain; charset="utf-8" name=a`, "text/plain", "name", "a"},
		{"no semicolon after a value", "text/plain; charset=utf-8 format=flowed", "text/plain", "format", "flowed"},
		{"doubled semicolons", "text/plain;; charset=utf-8;", "text/plain", "charset", "utf-8"},
		{"white space around the equals sign", "text/plain; charset = utf-8", "text/plain", "charset", "utf-8"},
		{"a parameter twice", "text/plain; charset=a; charset=b", "text/plain", "charset", "a"},
		{"a word without a value", "text/plain; flowed; charset=utf-8", "text/plain", "charset", "utf-8"},
		{"a value without a name", "text/plain; =x; charset=utf-8", "text/plain", "charset", "utf-8"},
		{"a file name with white space", "application/pdf; name=my file.pdf; x=y", "application/pdf", "name", "my file.pdf"},
		{"only parameters", "charset=utf-8", "", "charset", "utf-8"},
		{"one word", "text", "", "charset", ""},
		{"html alone", "html; charset=utf-8", "text/html", "charset", "utf-8"},
		{"only punctuation", "///;;;=\"", "", "charset", ""},
		{"an empty field", "", "", "charset", ""},
		{"sections in the wrong order", "text/plain; name*1=b; name*0=a", "text/plain", "name", "ab"},
		{"a section that is missing", "text/plain; name*0=a; name*2=c", "text/plain", "name", "ac"},
		{"a section twice", "text/plain; name*0=a; name*0=x; name*1=b", "text/plain", "name", "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mediaType, params := parseMediaType(tt.field)
			if mediaType != tt.mediaType || params.get(tt.param) != tt.value {
				t.Errorf("%q: %q with %s=%q, want %q with %q", tt.field, mediaType, tt.param, params.get(tt.param), tt.mediaType, tt.value)
			}
		})
	}
}

func TestNamesAreDecodedInEveryForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, want string }{
		{"plain", `attachment; filename=a.txt`, "a.txt"},
		{"extended", `attachment; filename*=utf-8''%E2%82%AC.txt`, "€.txt"},
		{"extended with a language", `attachment; filename*=iso-8859-1'fr'%E9t%E9.txt`, "été.txt"},
		{"extended wins over plain", `attachment; filename=fallback.txt; filename*=utf-8''%E2%82%AC.txt`, "€.txt"},
		{"a character split between sections", `attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.txt`, "€.txt"},
		{"another charset in sections", `attachment; filename*0*=gb2312''%C4%E3; filename*1*=%BA%C3.txt`, "你好.txt"},
		{"octets beyond ASCII declared as us-ascii", `attachment; filename*=us-ascii''%F6.txt`, "ö.txt"},
		{"no charset", `attachment; filename*=''%C3%A9.txt`, "é.txt"},
		{"no quotes around the charset", `attachment; filename*=%C3%A9.txt`, "é.txt"},
		{"percent signs that encode nothing", `attachment; filename*=utf-8''100%25%zz.txt`, "100%%zz.txt"},
		{"encoded-words", `attachment; filename="=?utf-8?B?w6k=?= =?utf-8?B?LnR4dA==?="`, "é.txt"},
		{"encoded-words in sections", `attachment; filename*0="=?utf-8?B?w6"; filename*1="k=?=.txt"`, "é.txt"},
		{"raw UTF-8", "attachment; filename=\"\xc3\xa9.txt\"", "é.txt"},
		{"raw windows-1252", "attachment; filename=\"\xe9.txt\"", "é.txt"},
		{"line breaks", "attachment; filename=\"a\nb.txt\"", "a b.txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, params := parseDisposition(tt.field); params.text("filename", "") != tt.want {
				t.Errorf("%q: %q, want %q", tt.field, params.text("filename", ""), tt.want)
			}
		})
	}
}
