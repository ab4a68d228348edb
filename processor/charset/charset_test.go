package charset

import (
	"strings"
	"testing"
)

func TestOctetsAreDecodedFromTheCharsetTheyAreIn(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, octets, label, want string }{
		{"ASCII", "hello", "us-ascii", "hello"},
		{"UTF-8", "é", "UTF-8", "é"},
		{"UTF-8 without a declaration", "é", "", "é"},
		{"UTF-8 declared as us-ascii", "é", "us-ascii", "é"},
		{"UTF-8 declared as iso-8859-1", "é", "iso-8859-1", "é"},
		{"UTF-8 cut in a character", "ééé\xc3", "utf-8", "ééé\ufffd"},
		{"windows-1252 declared as UTF-8", "Gr\xf6\xdfe", "utf-8", "Größe"},
		{"windows-1252 declared as iso-8859-1", "\x80\x93", "iso-8859-1", "€“"},
		{"windows-1252 declared as ASCII", "\xe9", "us-ascii", "é"},
		{"iso-8859-15", "\xa4", "iso-8859-15", "€"},
		{"iso-8859-2", "\xb1", "iso-8859-2", "ą"},
		{"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "koi8-r", "Привет"},
		{"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "CP1251", "Привет"},
		{"gb2312", "\xc4\xe3\xba\xc3", "gb2312", "你好"},
		{"gb18030 declared as gb2312", "\xe9F", "gb2312", "镕"},
		{"gbk with a euro sign", "\x80", "gbk", "€"},
		{"iso-gb2312", "\xc4\xe3", "iso-gb2312", "你"},
		{"hz", "~{<:Ky2;~}", "hz-gb-2312", "己所不"},
		{"big5", "\xa7A\xa6n", "big5", "你好"},
		{"shift_jis", "\x82\xb1\x82\xf1", "cp932", "こん"},
		{"euc-jp", "\xa4\xb3\xa4\xf3", "x-euc-jp", "こん"},
		{"iso-2022-jp", "\x1b$B$3$s\x1b(B", "iso-2022-jp", "こん"},
		{"iso-2022-jp with many escapes", strings.Repeat("\x1b$B$3$s\x1b(B, ", 20), "iso-2022-jp", strings.Repeat("こん, ", 20)},
		{"iso-2022-jp without a declaration", "\x1b$B$3$s$K$A$O!\"%W%j%s%?!<$,F0$-$^$;$s\x1b(B", "", "こんにちは、プリンターが動きません"},
		{"euc-kr", "\xbe\xc8\xb3\xe7", "ks_c_5601-1987", "안녕"},
		{"utf-7", "a+AOk-b +- +Jjo-", "unicode-1-1-utf-7", "aéb + ☺"},
		{"utf-7 with a plus that begins nothing", "1 + 1 +", "utf-7", "1 + 1 +"},
		{"utf-16 with a mark", "\xff\xfeh\x00\xe9\x00", "utf-16", "hé"},
		{"utf-16le", "h\x00\xe9\x00", "utf-16le", "hé"},
		{"utf-16 without a mark", "\x00h\x00\xe9", "utf-16", "hé"},
		{"utf-16 in the other octet order, without a mark", "h\x00\xe9\x00", "utf-16", "hé"},
		{"utf-16le declared as big-endian", "h\x00e\x00y\x00", "utf-16be", "hey"},
		{"utf-16 of Chinese alone", "O`Y}", "utf-16", "你好"},
		{"utf-16 of Chinese in the other octet order", "`O}Y\x0c\xffSbpS:g\n\x00", "utf-16", "你好，打印机\n"},
		{"utf-16 of kana whose octets are all ASCII", "0S0a0k0a0o", "utf-16", "こちにちは"},
		{"utf-16 with a mark, without a declaration", "\xff\xfeh\x00\xe9\x00", "", "hé"},
		{"ASCII declared as utf-16", "The printer is broken.\n", "utf-16", "The printer is broken.\n"},
		{"one word of ASCII declared as utf-16", "Hello!", "utf-16", "Hello!"},
		{"UTF-8 declared as utf-16le", "Принтер не работает", "utf-16le", "Принтер не работает"},
		{"windows-1252 declared as utf-16", "The caf\xe9 is closed", "utf-16", "The café is closed"},
		{"ASCII declared as utf-32", "hello", "utf-32", "hello"},
		{"utf-32le", "h\x00\x00\x00\xe9\x00\x00\x00", "utf-32le", "hé"},
		{"cp437", "\x82", "cp437", "é"},
		{"cp850", "\x82", "ibm850", "é"},
		{"macintosh", "\x8e", "x-mac-roman", "é"},
		{"macintosh of central Europe", "\xeblut\xf9 k\xf3\xcb", "x-mac-ce", "Žlutý kůň"},
		{"cp857", "\xa7\x8d", "cp857", "ğı"},
		{"ISO-2022-KR", "\x1b$)C\x0e>H3g\x0f ok\n\x0e>H\x0f", "iso-2022-kr", "안녕 ok\n안"},
		{"ISO-2022-KR without a declaration", "\x1b$)C\n\x0e>H3g\x0f", "", "\n안녕"},
		{"a label in quotes", "\xe9", `"iso-8859-1"`, "é"},
		{"an unknown label", "Gr\xf6\xdfe", "x-unknown", "Größe"},
		{"a label that the WHATWG replaces", "abc", "iso-2022-kr", "abc"},
		{"no octets", "", "utf-8", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Decode([]byte(tt.octets), tt.label); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
